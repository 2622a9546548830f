"""Shows on standard error how far a long command is: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click
from tqdm import tqdm

SECONDS_BETWEEN_LINES = 5.0


class Report(Protocol):
    """Takes how many items are done and, once it is known better, how many there are."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show the state."""


@contextmanager
def progress(label: str, total: int) -> Iterator[Report]:
    """Give a function to be called with the number of items done so far.

    Args:
        label: Chinese name of what is going on.
        total: How many items there are, as far as is known now.
    """
    if not sys.stderr.isatty():
        yield _lines(label, total)
        return
    with tqdm(total=total, desc=label, unit="条", file=sys.stderr, dynamic_ncols=True) as bar:

        def advance(done: int, total: int | None = None) -> None:
            # More may have arrived since the total was taken.
            bar.total = max(total or bar.total or 0, done)
            bar.update(done - bar.n)

        yield advance


def _lines(label: str, first_total: int) -> Report:
    last = time.monotonic()

    def line(done: int, total: int | None = None) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            click.echo(f"{label}：{done}/{max(total or first_total, done)}", err=True)

    return line
