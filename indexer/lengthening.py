"""Arrays that grow from commit to commit: what is new is written behind what earlier commits see of them."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

# So much room is left behind an array that had to be copied, in elements and as a share of it.
ROOM, SHARE = 1_024, 16


class _Memory:
    """Memory of which the first ``used`` elements are in some array and never change again."""

    def __init__(self, buffer: NDArray[Any], used: int) -> None:
        self.buffer = buffer
        self.used = used
        self.lock = threading.Lock()


class Lengthening:
    """An array that a later commit goes on writing behind; what this one sees never changes.

    Args:
        array: The whole of it; it is only read.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array
        self._memory = _Memory(array, len(array))

    def lengthened(self, kept: int, tail: NDArray[Any]) -> "Lengthening":
        """Return the array with everything from ``kept`` on replaced; it shares memory if nothing is lost."""
        end, memory = kept + len(tail), self._memory
        with memory.lock:
            if not kept == len(self.array) == memory.used or end > len(memory.buffer):
                buffer = np.empty(end + max(ROOM, end // SHARE), self.array.dtype)
                buffer[:kept] = self.array[:kept]
                memory = _Memory(buffer, kept)
            memory.buffer[kept:end] = tail
            memory.used = end
        longer = Lengthening(memory.buffer[:end])
        longer._memory = memory
        return longer
