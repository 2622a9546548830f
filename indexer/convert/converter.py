"""Conversion in separate processes, so that a file can only ever harm the child that reads it."""

import json
from dataclasses import asdict

from indexer.convert.child import CONVERTERS
from indexer.convert.findings import decode, losses_of
from indexer.extract.formats import suffix_of
from indexer.extract.guard import check_claim
from indexer.extract.limits import MIB, Limits
from indexer.extract.outcome import Outcome, Refused
from indexer.extract.process import run_child
from kb.ports import Conversion

MAX_FILE_BYTES = 20 * MIB


class SandboxedConverter:
    """A ``kb.ports.DocumentConverter`` that reads each file in a limited child; safe to use from threads.

    Args:
        limits: What one conversion may use; somebody is waiting for it.
        max_file_bytes: Largest file that is read at all.
    """

    def __init__(self, limits: Limits | None = None, max_file_bytes: int = MAX_FILE_BYTES) -> None:
        self._limits = limits or Limits(wall_seconds=20.0)
        self._max_file_bytes = max_file_bytes

    def convert(self, name: str, data: bytes) -> Conversion:
        """Return what a file holds as HTML, or why there is nothing; never raises for a bad file.

        Args:
            name: The file's name; its suffix decides how it is read.
            data: The whole content.
        """
        suffix = suffix_of(name)
        try:
            if suffix not in CONVERTERS:
                raise Refused(Outcome.UNKNOWN_FORMAT)
            check_claim(suffix, data, self._max_file_bytes)
        except Refused as refusal:
            return _failure(refusal.outcome)
        request = json.dumps({"suffix": suffix, "limits": asdict(self._limits)})
        answered = run_child("indexer.convert.child", request, data, self._limits.wall_seconds)
        if answered.raw is None:
            return _failure(Outcome.TIMEOUT)
        try:
            outcome, found = decode(answered.raw)
        except ValueError:
            return _failure(answered.cause_of_death)
        if outcome is not Outcome.OK:
            return _failure(outcome)
        title = found.title or name.rpartition(".")[0]
        return Conversion(outcome.status, title, "".join(found.html), tuple(found.images), losses_of(found))


def _failure(outcome: Outcome) -> Conversion:
    return Conversion(outcome.status, reason=outcome.name.lower())
