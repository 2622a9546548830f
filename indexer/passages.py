"""Cuts a text into passages small enough to be an answer and joined so that nothing falls between."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

TARGET = 220
LONGEST = 300
OVERLAP = 24
_END = re.compile(r"[。！？!?；;\n]+[”’」』）)\"']*")


@dataclass(frozen=True)
class Passage:
    """A window ``text`` of the source that starts at ``offset``; ``own`` characters of it are its own.

    The characters behind ``own`` also open the next passage: they keep words together that stand
    across the cut.
    """

    offset: int
    text: str
    own: int


def passages(source: str) -> Iterator[Passage]:
    """Yield the passages of a text in order; every character belongs to exactly one of them."""
    start = 0
    while start < len(source):
        end = _cut(source, start)
        yield Passage(start, source[start : end + OVERLAP], end - start)
        start = end


def _cut(source: str, start: int) -> int:
    if len(source) - start <= LONGEST:
        return len(source)
    best = 0
    for match in _END.finditer(source, start, start + LONGEST):
        best = match.end()
        if best - start >= TARGET:
            break
    return best if best - start >= TARGET // 3 else start + TARGET
