"""The process that reads one file: takes limits upon itself, parses, answers, and ends."""

import json
import os
import sys
from collections.abc import Iterator
from typing import BinaryIO

from indexer.extract.answer import MAX_LABEL_CHARS, MAX_PARTS, encode
from indexer.extract.formats import load_reader
from indexer.extract.guard import check_structure
from indexer.extract.limits import Limits, confine, forbid_side_effects
from indexer.extract.outcome import Cut, Outcome, Refused
from indexer.extract.pieces import clean
from kb.ports import TextPart

EXIT_NO_READER = 70


def main(request: str) -> None:
    """Read a file from standard input and write the answer to standard output.

    Args:
        request: JSON with the ``suffix``, the name of the ``reader``, and the ``limits``.
    """
    wanted = json.loads(request)
    limits = Limits(**wanted["limits"])
    answers = take_standard_output()
    # Our own code is loaded without limits, so that only the file can be the reason of a failure.
    try:
        read = load_reader(wanted["reader"])
    except ImportError:
        os._exit(EXIT_NO_READER)
    confine(limits)
    forbid_side_effects()
    parts: list[TextPart] = []
    try:
        data = sys.stdin.buffer.read()
        check_structure(wanted["suffix"], data)
        outcome = _gather(read(data), parts, limits.max_chars)
    except Refused as refusal:
        outcome = refusal.outcome
    except MemoryError:
        outcome = Outcome.BOMB
    except Exception:  # parsers raise a dozen types for damaged files, and none of them is a defect here
        outcome = Outcome.BROKEN
    if outcome.status != "ok":
        parts.clear()
    answers.write(encode(outcome, parts))
    answers.flush()
    # Libraries whose state a hostile file may have damaged get no chance to clean up.
    os._exit(0)


def take_standard_output() -> BinaryIO:
    """Keep the way to the parent for the answer alone: whatever libraries print goes elsewhere."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _gather(found: Iterator[TextPart], parts: list[TextPart], max_chars: int) -> Outcome:
    """Collect parts until the text ends or the limit is met, and return how it ended."""
    room = max_chars
    try:
        for part in found:
            text = clean(part.text)
            if not text.strip():
                continue
            if len(parts) == MAX_PARTS or room == 0:
                return Outcome.CUT
            parts.append(TextPart(part.kind, part.number, clean(part.label)[:MAX_LABEL_CHARS], text[:room]))
            if len(text) > room:
                return Outcome.CUT
            room -= len(text)
    except Cut:
        return Outcome.CUT
    return Outcome.OK if parts else Outcome.EMPTY
