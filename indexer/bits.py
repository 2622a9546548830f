"""A long ascending list as one bit for each number: which of some numbers stand in it is told without searching."""

import numpy as np
from numpy.typing import NDArray

from indexer.snapshot import BoolArray

# From one in so many numbers on bits take no more room than the list itself.
ONE_IN = 32


class Bits:
    """The numbers of an ascending list.

    Args:
        numbers: The list; not empty.
    """

    def __init__(self, numbers: NDArray[np.integer]) -> None:
        found = np.zeros(int(numbers[-1]) + 9, np.bool_)
        found[numbers] = True
        # The last byte is always empty: it stands for every number beyond.
        self._bytes = np.append(np.packbits(found, bitorder="little"), np.uint8(0))

    def holds(self, which: NDArray[np.integer], shifts: NDArray[np.uint8]) -> BoolArray:
        """Return which of some numbers stand in the list.

        Args:
            which: An eighth of each number.
            shifts: What is left over.
        """
        found = self._bytes.take(which, mode="clip")
        found >>= shifts
        found &= 1
        return found.view(np.bool_)


def bits_of(numbers: NDArray[np.integer]) -> Bits | None:
    """Return the bits of a list that is long for the numbers it holds, ``None`` for any other."""
    return Bits(numbers) if len(numbers) and ONE_IN * len(numbers) > int(numbers[-1]) else None
