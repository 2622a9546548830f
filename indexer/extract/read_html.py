"""Text of web pages (.html, .htm) without scripts, styles and markup."""

from collections.abc import Iterator
from html.parser import HTMLParser

from indexer.extract.pieces import text_parts
from indexer.extract.read_text import decoded
from kb.ports import TextPart

_UNREAD = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math"})
# A page has far more block elements than inline ones; everything not named here ends a line.
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img"}
    | {"input", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span"}
    | {"strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"}
)


def read(data: bytes) -> Iterator[TextPart]:
    """Yield the text in parts of kind ``text``; block elements end a line, a table row is one line.

    Raises:
        Refused: if the encoding is not recognised.
    """
    writer = _LineWriter()
    writer.feed(decoded(data))
    writer.close()
    yield from text_parts(writer.lines())


class _LineWriter(HTMLParser):
    """Collects the text of a page line by line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[list[str]] = [[]]
        self._is_in_row = False
        self._unread = ""
        self._unread_depth = 0

    def lines(self) -> Iterator[str]:
        """Yield the collected lines with single spaces."""
        for line in self._lines:
            yield " ".join("".join(line).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where lines, rows, cells and unread elements begin."""
        if self._unread:
            self._unread_depth += tag == self._unread
        elif tag in _UNREAD:
            self._unread, self._unread_depth = tag, 1
        elif tag in ("td", "th"):
            self._write(" | " if "".join(self._lines[-1]).strip() else " ")
        elif tag == "tr":
            self._break_line()
            self._is_in_row = True
        elif tag not in _INLINE:
            self._end_block()

    def handle_endtag(self, tag: str) -> None:
        """Note where lines, rows and unread elements end."""
        if self._unread:
            self._unread_depth -= tag == self._unread
            if self._unread_depth == 0:
                self._unread = ""
        elif tag in ("tr", "table"):
            self._is_in_row = False
            self._break_line()
        elif tag not in _INLINE:
            self._end_block()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Treat ``<br/>`` like ``<br>``, and do not wait for the end of an empty unread element."""
        if tag not in _UNREAD:
            self.handle_starttag(tag, attrs)

    def handle_data(self, data: str) -> None:
        """Keep the text of everything that a person would see."""
        if not self._unread:
            self._write(data)

    def _write(self, text: str) -> None:
        self._lines[-1].append(text)

    def _end_block(self) -> None:
        # Paragraphs inside a cell must not tear its row apart.
        if self._is_in_row:
            self._write(" ")
        else:
            self._break_line()

    def _break_line(self) -> None:
        if self._lines[-1]:
            self._lines.append([])
