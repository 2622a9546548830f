"""Extraction in separate processes, so that a file can only ever harm the child that reads it."""

import json
import logging
import time
from dataclasses import asdict, replace

from indexer.extract.answer import decode
from indexer.extract.child import EXIT_NO_READER
from indexer.extract.formats import READERS, suffix_of
from indexer.extract.guard import MAX_FILE_BYTES, check_claim
from indexer.extract.limits import Limits
from indexer.extract.outcome import Outcome, Refused
from indexer.extract.process import run_child
from kb.ports import Extraction, TextPart


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
        answered = run_child("indexer.extract.child", request, data, limits.wall_seconds)
        if answered.raw is None:
            return Outcome.TIMEOUT, ()
        if answered.status == EXIT_NO_READER:
            logging.getLogger(__name__).error("the libraries of %s are not installed", reader)
        try:
            return decode(answered.raw, limits.max_chars)
        except ValueError:
            return answered.cause_of_death, ()


def _extraction(outcome: Outcome, parts: tuple[TextPart, ...] = ()) -> Extraction:
    return Extraction(outcome.status, parts, outcome.note)
