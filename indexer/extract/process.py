"""Runs a piece of our own code in a child process that can be ended, and hands back what it answers."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from indexer.extract.limits import MIB
from indexer.extract.outcome import Outcome

_GRACE_SECONDS = 2.0
# -I and -B keep the environment, the current folder and byte code out of it; the parent's own import
# path and the module whose main() shall run come as arguments.
_BOOTSTRAP = (
    "import json, sys\n"
    "from importlib import import_module\n"
    "sys.path[:] = json.loads(sys.argv[1])\n"
    "import_module(sys.argv[2]).main(sys.argv[3])\n"
)
_KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Answered:
    """What a child left: its bytes, ``None`` if it did not end in time, and its exit status."""

    raw: bytes | None
    status: int

    @property
    def cause_of_death(self) -> Outcome:
        """Tell a child that used up its time from one that died of the file."""
        times = {-int(getattr(signal, name)) for name in ("SIGXCPU", "SIGALRM") if hasattr(signal, name)}
        return Outcome.TIMEOUT if self.raw is None or self.status in times else Outcome.BROKEN


def run_child(module: str, request: str, data: bytes, seconds: float, max_bytes: int = 32 * MIB) -> Answered:
    """Run ``main(request)`` of a module in a child of its own, with ``data`` on its standard input.

    Args:
        module: Dotted name of one of our modules; its ``main`` takes limits upon itself.
        request: Text that tells the child what to do.
        data: The file.
        seconds: Time from start to answer; then the child is killed with all it started.
        max_bytes: Most bytes of the answer that are taken.
    """
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, and no argument comes from the file
        _command(module, request),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(sys.executable).anchor,
        env={key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ},
        start_new_session=True,
    )
    try:
        raw = _converse(process, data, seconds, max_bytes)
    finally:
        _end(process)
    return Answered(raw, process.returncode)


def _command(module: str, request: str) -> Sequence[str]:
    root = str(Path(__file__).resolve().parents[2])
    path = json.dumps([root, *(entry for entry in sys.path if Path(entry).is_absolute())])
    return [sys.executable, "-I", "-B", "-X", "utf8", "-c", _BOOTSTRAP, path, module, request]


def _converse(process: subprocess.Popen[bytes], data: bytes, seconds: float, max_bytes: int) -> bytes | None:
    """Send the file and return the answer, bounded; ``None`` if there was none in time."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the child was started without pipes")
    received: list[bytes] = []
    # Threads, because a child that neither reads nor answers must not hold up the parent.
    threading.Thread(target=_send, args=(process.stdin, data), daemon=True).start()
    listener = threading.Thread(target=_receive, args=(process.stdout, received, max_bytes), daemon=True)
    listener.start()
    listener.join(seconds)
    if listener.is_alive():
        return None
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    return b"".join(received)


def _send(pipe: IO[bytes], data: bytes) -> None:
    # A child that has died or has seen enough closes its end.
    with suppress(OSError, ValueError), pipe:
        pipe.write(data)


def _receive(pipe: IO[bytes], received: list[bytes], max_bytes: int) -> None:
    with suppress(OSError, ValueError), pipe:
        received.append(pipe.read(max_bytes))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the child with everything that it may have started, and collect it."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
