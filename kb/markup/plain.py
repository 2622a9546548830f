"""Reads clean HTML as the plain text that is indexed, compared and counted."""

import re
from html import unescape

from kb.markup.tags import BLOCKS, CELLS

_HAN = r"[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
# A browser shows a line break in the source as a space; between Chinese characters it was only a wrap.
_WRAP = re.compile(rf"(?<={_HAN})[ \t]*[\r\n]+[ \t]*(?={_HAN})")
# Clean HTML escapes angle brackets in attributes, so a tag ends at the first one.
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)([^<>]*)>")
_SPACE = re.compile(r"\s+")


class _Reader:
    """Collects lines; inside a table row, cells."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._inline: list[str] = []
        self._rows: list[list[str]] = []
        self._preformatted = 0
        self._in_note = False

    def read(self, html: str) -> str:
        """Return the text of ``html``."""
        position = 0
        for match in _TAG.finditer(html):
            self._inline.append(html[position : match.start()])
            position = match.end()
            self._tag(match[2], bool(match[1]), match[3])
        self._inline.append(html[position:])
        self._break()
        while self._rows:
            self._end_row()
        return "\n".join(self._lines)

    def _tag(self, tag: str, is_closing: bool, attributes: str) -> None:
        if tag in BLOCKS or tag in CELLS or tag == "br":
            self._break()
        if tag == "sup":
            self._note_mark(is_closing, " id=" in attributes)
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted + (-1 if is_closing else 1))
        elif tag == "tr" and not is_closing:
            self._rows.append([])
        elif tag == "tr":
            self._end_row()
        elif tag in CELLS and self._rows and not is_closing:
            self._rows[-1].append("")

    def _note_mark(self, is_closing: bool, is_note: bool) -> None:
        # In brackets, so that the number of a footnote never reads as the last digit of an amount.
        if is_note:
            self._inline.append("[")
        elif is_closing and self._in_note:
            self._inline.append("]")
        self._in_note = is_note

    def _end_row(self) -> None:
        cells = self._rows.pop() if self._rows else []
        if any(cells):
            self._put(" | ".join(cells))

    def _break(self) -> None:
        text = unescape("".join(self._inline))
        self._inline.clear()
        if self._preformatted:
            for line in text.split("\n"):
                self._put(line.rstrip())
        else:
            self._put(_SPACE.sub(" ", _WRAP.sub("", text)).strip())

    def _put(self, line: str) -> None:
        if self._rows:
            self._put_in_cell(line.strip())
        elif line:
            self._lines.append(line)

    def _put_in_cell(self, line: str) -> None:
        if not line:
            return
        row = self._rows[-1]
        if not row:
            row.append("")
        row[-1] = f"{row[-1]} {line}" if row[-1] else line


def read(html: str) -> str:
    """Return the text of clean HTML, as ``kb.markup.plain_text`` describes it, in linear time."""
    return _Reader().read(html)
