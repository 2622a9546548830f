"""The process that converts one document: takes limits upon itself, parses, answers, and ends."""

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import cast

from indexer.convert.findings import MAX_HTML_CHARS, Findings, encode
from indexer.extract.child import EXIT_NO_READER, take_standard_output
from indexer.extract.guard import check_structure
from indexer.extract.limits import Limits, confine, forbid_side_effects
from indexer.extract.outcome import Outcome, Refused

CONVERTERS = MappingProxyType(
    {"docx": "from_docx", "xlsx": "from_xlsx", "xls": "from_xls", "pdf": "from_pdf"}
)


def main(request: str) -> None:
    """Convert the file on standard input and write the answer to standard output.

    Args:
        request: JSON with the ``suffix`` of the file and the ``limits``.
    """
    wanted = json.loads(request)
    limits = Limits(**wanted["limits"])
    answers = take_standard_output()
    # Our own code is loaded without limits, so that only the file can be the reason of a failure.
    try:
        module = import_module(f"indexer.convert.{CONVERTERS[wanted['suffix']]}")
    except ImportError:
        os._exit(EXIT_NO_READER)
    convert = cast(Callable[[bytes, Findings], None], module.convert)
    confine(limits)
    forbid_side_effects()
    found = Findings()
    outcome = _outcome(convert, wanted["suffix"], found)
    if outcome is not Outcome.OK:
        found = Findings()
    answers.write(encode(outcome, found))
    answers.flush()
    # Libraries whose state a hostile file may have damaged get no chance to clean up.
    os._exit(0)


def _outcome(convert: Callable[[bytes, Findings], None], suffix: str, found: Findings) -> Outcome:
    try:
        data = sys.stdin.buffer.read()
        check_structure(suffix, data)
        convert(data, found)
    except Refused as refusal:
        return refusal.outcome
    except MemoryError:
        return Outcome.BOMB
    except Exception:  # parsers raise a dozen types for damaged files, and none of them is a defect here
        return Outcome.BROKEN
    if sum(map(len, found.html)) > MAX_HTML_CHARS:
        return Outcome.TOO_LARGE
    return Outcome.OK if found.html else Outcome.EMPTY
