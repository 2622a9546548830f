"""Extraction in separate processes, so that a file can only ever harm the child that reads it."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO

from indexer.extract.answer import decode
from indexer.extract.child import EXIT_NO_READER
from indexer.extract.formats import READERS, suffix_of
from indexer.extract.guard import MAX_FILE_BYTES, check_claim
from indexer.extract.limits import MIB, Limits
from indexer.extract.outcome import Outcome, Refused
from kb.ports import Extraction, TextPart

_MAX_ANSWER_BYTES = 32 * MIB
_GRACE_SECONDS = 2.0
# -I and -B keep the environment, the current folder and byte code out of it; the parent's own import
# path comes as an argument.
_BOOTSTRAP = (
    "import json, sys\n"
    "sys.path[:] = json.loads(sys.argv[1])\n"
    "from indexer.extract.child import main\n"
    "main(sys.argv[2])\n"
)
_KEPT_VARIABLES = ("SYSTEMROOT", "LD_LIBRARY_PATH")


class SandboxedExtractor:
    """A ``kb.ports.TextExtractor`` that reads each file in a limited child; safe to use from threads.

    Args:
        limits: What one extraction may use. Systems without resource limits keep the time and text
            limits only.
        max_file_bytes: Largest file that is read at all.
    """

    def __init__(self, limits: Limits | None = None, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self._limits = limits or Limits()
        self._max_file_bytes = max_file_bytes

    def extract(self, name: str, data: bytes) -> Extraction:
        """Return the text of a file, or why there is none; never raises for a bad file.

        Args:
            name: The file's name; its suffix decides how it is read.
            data: The whole content.
        """
        suffix = suffix_of(name)
        try:
            check_claim(suffix, data, self._max_file_bytes)
        except Refused as refusal:
            return _extraction(refusal.outcome)
        deadline = time.monotonic() + self._limits.wall_seconds
        outcome = Outcome.BROKEN
        for reader in READERS[suffix]:
            left = deadline - time.monotonic()
            if left <= 0:
                return _extraction(Outcome.TIMEOUT)
            outcome, parts = self._run(suffix, reader, data, replace(self._limits, wall_seconds=left))
            # Only a death or a broken file is worth another reader: it would find the same password.
            if outcome not in (Outcome.BROKEN, Outcome.BOMB):
                return _extraction(outcome, parts)
        return _extraction(outcome)

    def _run(
        self, suffix: str, reader: str, data: bytes, limits: Limits
    ) -> tuple[Outcome, tuple[TextPart, ...]]:
        request = json.dumps({"suffix": suffix, "reader": reader, "limits": asdict(limits)})
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, and no argument comes from the file
            _command(request),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(sys.executable).anchor,
            env={key: os.environ[key] for key in _KEPT_VARIABLES if key in os.environ},
            start_new_session=True,
        )
        try:
            raw = _converse(process, data, limits.wall_seconds)
        finally:
            _end(process)
        if raw is None:
            return Outcome.TIMEOUT, ()
        if process.returncode == EXIT_NO_READER:
            logging.getLogger(__name__).error("the libraries of %s are not installed", reader)
        try:
            return decode(raw, limits.max_chars)
        except ValueError:
            return _cause_of_death(process.returncode), ()


def _command(request: str) -> Sequence[str]:
    root = str(Path(__file__).resolve().parents[2])
    path = json.dumps([root, *(entry for entry in sys.path if Path(entry).is_absolute())])
    return [sys.executable, "-I", "-B", "-X", "utf8", "-c", _BOOTSTRAP, path, request]


def _converse(process: subprocess.Popen[bytes], data: bytes, seconds: float) -> bytes | None:
    """Send the file and return the answer, bounded; ``None`` if there was none in time."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the child was started without pipes")
    received: list[bytes] = []
    # Threads, because a child that neither reads nor answers must not hold up the parent.
    threading.Thread(target=_send, args=(process.stdin, data), daemon=True).start()
    listener = threading.Thread(target=_receive, args=(process.stdout, received), daemon=True)
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


def _receive(pipe: IO[bytes], received: list[bytes]) -> None:
    with suppress(OSError, ValueError), pipe:
        received.append(pipe.read(_MAX_ANSWER_BYTES))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the child with everything that it may have started, and collect it."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _cause_of_death(returncode: int) -> Outcome:
    """Tell a child that used up its time from one that died of the file."""
    out_of_time = {-int(getattr(signal, name)) for name in ("SIGXCPU", "SIGALRM") if hasattr(signal, name)}
    return Outcome.TIMEOUT if returncode in out_of_time else Outcome.BROKEN


def _extraction(outcome: Outcome, parts: tuple[TextPart, ...] = ()) -> Extraction:
    return Extraction(outcome.status, parts, outcome.note)
