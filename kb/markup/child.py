"""The process in which hostile text may hang: reads jobs from standard input, answers on standard output."""

import contextlib
import faulthandler
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from kb.markup.markdown_source import build_parser, convert
from kb.markup.sanitizing import clean

_MEMORY_BYTES = 2 << 30
_GRACE_SECONDS = 5


class Renderer:
    """Renders and sanitises one piece after the other with a warm parser."""

    def __init__(self) -> None:
        self._parser = build_parser()

    def answer(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Do one job.

        Args:
            job: ``format``, ``source`` and ``piece`` (its number in a long source).

        Returns:
            ``html`` and ``losses`` (counts by kind), or ``error`` with the reason for the log.
        """
        try:
            source = str(job["source"])
            is_markdown = job["format"] == "markdown"
            cleaned = clean(convert(self._parser, source, int(job["piece"])) if is_markdown else source)
        except Exception as error:
            # Whatever the libraries stumble over, the author's text is shown as it was typed; the
            # parser still believes to be inside the list where it fell, so it has to go.
            self._parser = build_parser()
            return {"error": f"{type(error).__name__}: {error}"[:500]}
        return {"html": cleaned.html, "losses": dict(cleaned.losses)}


def work(jobs: TextIO, answers: TextIO, traces: TextIO) -> None:
    """Answer one line of JSON with one line of JSON until the input ends."""
    renderer = Renderer()
    _say(answers, {"ready": True})
    for line in jobs:
        job = json.loads(line)
        # If the parent was killed nobody else would end a job that hangs.
        faulthandler.dump_traceback_later(float(job["limit"]) + _GRACE_SECONDS, exit=True, file=traces)
        result = renderer.answer(job)
        faulthandler.cancel_dump_traceback_later()
        _say(answers, result)


def _say(answers: TextIO, message: Mapping[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    _limit_memory()
    with Path(os.devnull).open("w", encoding="ascii") as nowhere:
        work(sys.stdin, sys.stdout, nowhere)
