"""The command ``kb`` run inside the process of the test: what it says, and the code with which it ends."""

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from web.cli import run


@dataclass(frozen=True)
class Done:
    """One finished command."""

    returncode: int
    stdout: str
    stderr: str


def run_kb(home: Path, *arguments: str, stdin: str = "", **settings: str) -> Done:
    """Run a command on a home as a shell would, without the second that starting a process takes.

    Args:
        stdin: What the command reads from its standard input.
        settings: Environment variables; no other setting of the product is left in the environment.
    """
    out, err = _stream(), _stream()
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("KB_")]:
            patch.delenv(name)
        for name, value in {"KB_HOME": str(home), **settings}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "stdin", _stream(stdin))
        with redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
    return Done(code, _written(out), _written(err))


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
