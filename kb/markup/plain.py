"""Reads clean HTML as the plain text that is indexed, compared and counted."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    (
        "p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li", "dl", "dt", "dd", "table",
        "caption", "thead", "tbody", "tfoot", "tr", "figure", "figcaption", "div", "details", "summary",
        "pre", "hr"
    )
)
_CELLS = frozenset(("td", "th"))
_HAN = r"[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
# A browser shows a line break in the source as a space; between Chinese characters it was only a wrap.
_WRAP = re.compile(rf"(?<={_HAN})[ \t]*[\r\n]+[ \t]*(?={_HAN})")
_SPACE = re.compile(r"\s+")


class _Reader(HTMLParser):
    """Collects lines; inside a table row, cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = []
        self._inline: list[str] = []
        self._rows: list[list[str]] = []
        self._preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._break()
            return
        if tag in _BLOCKS or tag in _CELLS:
            self._break()
        if tag == "tr":
            self._rows.append([])
        elif tag in _CELLS and self._rows:
            self._rows[-1].append("")
        elif tag == "pre":
            self._preformatted += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS or tag in _CELLS:
            self._break()
        if tag == "tr" and self._rows:
            row = " | ".join(self._rows.pop())
            self._put(row)
        elif tag == "pre" and self._preformatted:
            self._preformatted -= 1

    def handle_data(self, data: str) -> None:
        self._inline.append(data)

    def _break(self) -> None:
        text = "".join(self._inline)
        self._inline.clear()
        if self._preformatted:
            lines = [line.rstrip() for line in text.split("\n")]
            for line in lines:
                self._put(line)
        else:
            self._put(_SPACE.sub(" ", _WRAP.sub("", text)).strip())

    def _put(self, line: str) -> None:
        if not line.strip(" |"):
            return
        if self._rows:
            self._put_in_cell(line.strip())
        else:
            self.lines.append(line)

    def _put_in_cell(self, line: str) -> None:
        row = self._rows[-1]
        if not row:
            row.append("")
        row[-1] = f"{row[-1]} {line}" if row[-1] else line

    def finish(self) -> str:
        """Return everything read, also from elements that were never closed."""
        self.close()
        self._break()
        while self._rows:
            self._put(" | ".join(self._rows.pop()))
        return "\n".join(self.lines)


def read(html: str) -> str:
    """Return the text of clean HTML, as ``kb.markup.plain_text`` describes it, in linear time."""
    reader = _Reader()
    reader.feed(html)
    return reader.finish()
