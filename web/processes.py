"""Who serves from a home: every process enters itself in a folder and holds a lock on its entry while it lives."""

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

WEB = "web"
FOLLOWER = "follower"


@dataclass(frozen=True)
class Process:
    """A process that serves: ``part`` is ``web`` or ``follower``, ``started_at`` in seconds since 1970."""

    part: str
    pid: int
    host: str
    started_at: float
    is_ready: bool


class Processes:
    """The processes of one home.

    Args:
        folder: Where they enter themselves; it is made when it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def running(self) -> list[Process]:
        """Return those that live, by part and start; entries that the dead left behind are removed."""
        with suppress(OSError):
            found = [self._read(path) for path in sorted(self._folder.glob("*.json"))]
            living = [process for process in found if process is not None]
            return sorted(living, key=lambda each: (each.part != WEB, each.started_at, each.pid))
        return []

    @contextmanager
    def entered(self, part: str) -> Iterator["Entry"]:
        """Enter this process for as long as the ``with`` block runs; a kill ends the entry as well."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        host = socket.gethostname()
        path = self._folder / f"{part}-{host}-{os.getpid()}.json"
        unlocked = path.with_suffix(".new")
        with unlocked.open("w+", encoding="utf-8") as file:
            # Nobody sees the entry before it is locked, and takes it for one of the dead.
            _lock(file)
            entry = Entry(file, Process(part, os.getpid(), host, time.time(), is_ready=False))
            unlocked.replace(path)
            try:
                yield entry
            finally:
                with suppress(OSError):
                    path.unlink()

    def _read(self, path: Path) -> Process | None:
        try:
            with path.open("r+", encoding="utf-8") as file:
                if _is_free(file):
                    path.unlink()
                    return None
                return Process(**json.load(file))
        except (OSError, ValueError, TypeError):
            # It ended, or begins, at this very moment.
            return None


class Entry:
    """What a process says about itself."""

    def __init__(self, file: IO[str], process: Process) -> None:
        self._file = file
        self._process = process
        self._write(process)

    def be_ready(self) -> None:
        """Say that it answers requests from now on."""
        self._write(Process(**{**asdict(self._process), "is_ready": True}))

    def _write(self, process: Process) -> None:
        self._file.seek(0)
        self._file.truncate()
        json.dump(asdict(process), self._file)
        self._file.flush()


def _lock(file: IO[str]) -> None:
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)


def _is_free(file: IO[str]) -> bool:
    if sys.platform != "win32":
        import fcntl

        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False
