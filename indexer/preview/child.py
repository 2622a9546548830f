"""The process that draws or reads one file to be shown: takes limits upon itself, answers, and ends."""

import json
import os
import sys
from collections.abc import Callable

from indexer.extract.child import take_standard_output
from indexer.extract.guard import check_structure
from indexer.extract.limits import Limits, confine, forbid_side_effects
from indexer.extract.outcome import Outcome, Refused
from indexer.preview.answer import Shown, encode
from indexer.preview.bounds import SHEET_SUFFIXES


def main(request: str) -> None:
    """Show the file on standard input and write the answer to standard output.

    Args:
        request: JSON with the ``suffix`` of the file, the ``first`` page that is wanted and how many, and
            the ``limits``.
    """
    wanted = json.loads(request)
    limits = Limits(**wanted["limits"])
    answers = take_standard_output()
    numbers = range(wanted["first"], wanted["first"] + wanted["count"])
    # Our own code is loaded without limits, so that only the file can be the reason of a failure.
    show = _reader(wanted["suffix"], numbers)
    confine(limits)
    forbid_side_effects()
    shown = _shown(wanted["suffix"], show)
    answers.write(encode(shown))
    answers.flush()
    # Libraries whose state a hostile file may have damaged get no chance to clean up.
    os._exit(0)


def _reader(suffix: str, numbers: range) -> Callable[[bytes], Shown]:
    """Load what a kind of file needs, and nothing else: somebody is waiting."""
    if suffix in SHEET_SUFFIXES:
        from indexer.preview.tables import read

        def tables(data: bytes) -> Shown:
            sheets, is_cut = read(suffix, data)
            return Shown(Outcome.OK if sheets else Outcome.EMPTY, (), is_cut, (), tuple(sheets))

        return tables
    from indexer.preview.pictures import draw, prepare

    prepare()

    def pictures(data: bytes) -> Shown:
        drawn = draw(suffix, data, numbers)
        found = tuple(drawn.pictures)
        return Shown(Outcome.OK if drawn.sizes else Outcome.EMPTY, tuple(drawn.sizes), drawn.is_cut, found)

    return pictures


def _shown(suffix: str, show: Callable[[bytes], Shown]) -> Shown:
    try:
        data = sys.stdin.buffer.read()
        check_structure(suffix, data)
        return show(data)
    except Refused as refusal:
        return Shown(refusal.outcome)
    except MemoryError:
        return Shown(Outcome.BOMB)
    except Exception:  # parsers raise a dozen types for damaged files, and none of them is a defect here
        return Shown(Outcome.BROKEN)
