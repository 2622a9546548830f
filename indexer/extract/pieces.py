"""Cleaning extracted text and cutting it into parts of a size that suits hits and snippets."""

import re
from collections.abc import Iterable, Iterator

from kb.ports import TextPart

PART_CHARS = 2_000

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60\uffe0-\uffe6]")
_LIST_ITEM = re.compile(r"[(（]?(\d{1,2}|[一二三四五六七八九十]{1,3})[.、)）]")
_NARROWEST_TEXT = 40  # columns; titles and narrow lists are broken by their author, not by the layout
_SENTENCE_END = "。！？：；.!?:;"


def clean(text: str) -> str:
    """Return text without NUL characters and lone surrogates, which no database or index stores."""
    return _UNSTORABLE.sub("", text)


def text_parts(lines: Iterable[str]) -> Iterator[TextPart]:
    """Gather lines into parts of kind ``text`` of about ``PART_CHARS`` characters.

    Lines stay whole unless one alone is longer than a part. Blank lines are dropped.
    """
    held: list[str] = []
    size = 0
    for line in lines:
        for piece in _pieces(line.strip()):
            if held and size + len(piece) > PART_CHARS:
                yield TextPart("text", 0, "", "\n".join(held))
                held, size = [], 0
            held.append(piece)
            size += len(piece) + 1
    if held:
        yield TextPart("text", 0, "", "\n".join(held))


def row_text(cells: Iterable[str]) -> str:
    """Return the cells of a table row on one line, joined by `` | ``, without empty cells."""
    return " | ".join(filter(None, (" ".join(cell.split()) for cell in cells)))


def join_wrapped(text: str) -> str:
    """Undo the line breaks that page layout put into Chinese sentences.

    A line is joined with the next one if it is almost as wide as the widest line of the text, does
    not end a sentence, a Chinese character stands beside the break, and no numbered item begins.
    Without this a word that runs over the end of a line could not be found.
    """
    lines = [line.strip() for line in text.splitlines()]
    widest = max((_width(line) for line in lines), default=0)
    full = max(widest * 0.85, _NARROWEST_TEXT)
    joined: list[str] = []
    was_full = False
    for line in lines:
        if not line:
            was_full = False
            continue
        # Between a figure and its Chinese unit there is no space to lose either.
        if was_full and (_is_wide(line[0]) or _is_wide(joined[-1][-1])) and not _LIST_ITEM.match(line):
            joined[-1] += line
        else:
            joined.append(line)
        was_full = _width(line) >= full and line[-1] not in _SENTENCE_END
    return "\n".join(joined)


def _pieces(line: str) -> Iterator[str]:
    start = 0
    while len(line) - start > PART_CHARS:
        window = line[start : start + PART_CHARS]
        last_break = max(window.rfind(mark) for mark in "。！？；!?; ")
        end = start + (last_break + 1 or PART_CHARS)
        yield line[start:end]
        start = end
    if line[start:]:
        yield line[start:]


def _width(line: str) -> int:
    return len(line) + len(_WIDE.findall(line))


def _is_wide(character: str) -> bool:
    return _WIDE.match(character) is not None
