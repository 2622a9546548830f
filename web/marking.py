"""Puts marks around the searched words, in plain text and in stored HTML, without trusting either."""

import re
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape

from markupsafe import Markup, escape

from kb.ports import Marks

# Possessive, so that a stray quotation mark cannot make the scan go back over what it has read.
_TAG = re.compile(r"""(<(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>)""")
_ENTITY = re.compile(r"(&(?:\#\w{1,8}|\w{1,32});)")
_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_ALIGN = re.compile(r' style="text-align: (left|right|center|justify);?"')
_VOID = frozenset(("area", "br", "col", "hr", "img", "input", "source", "wbr"))
_INLINE = frozenset(
    (
        *("a", "abbr", "b", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd", "label"),
        *("mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var"),
    )
)
_HEADINGS = frozenset(f"h{level}" for level in range(1, 7))

# Pages from this length on are kept taken apart, up to so many characters together.
LONG = 20_000
MOST_KEPT = 4_000_000

Marker = Callable[[str], Marks]


def marked(text: str, marks: Marks) -> Markup:
    """Return ``text`` escaped, with a ``<mark>`` around each range.

    Args:
        text: Plain text.
        marks: Ranges (start, end) in it; those outside of it or overlapping an earlier one are left out.
    """
    parts: list[str] = []
    position = 0
    for start, end in sorted(marks):
        if start < position or end <= start or end > len(text):
            continue
        parts += (escape(text[position:start]), "<mark>", escape(text[start:end]), "</mark>")
        position = end
    parts.append(escape(text[position:]))
    return Markup("".join(parts))  # noqa: S704 - every piece of the text was escaped


def around(text: str, marks: Marks, before: int = 16) -> tuple[str, Marks]:
    """Cut the beginning of a passage so that its first mark stands near the start of a single line.

    Returns:
        The shorter text, begun with an ellipsis if something was cut, and the marks in it.
    """
    first = min((start for start, _end in marks), default=0)
    cut = first - before
    if cut <= 1:
        return text, marks
    return "…" + text[cut:], tuple((start - cut + 1, end - cut + 1) for start, end in marks)


@dataclass(frozen=True)
class MarkedPage:
    """Stored HTML made ready to be shown: ``hits`` is how many places were marked."""

    html: Markup
    hits: int


def mark_html(html: str, marker: Marker | None = None, *, top: int = 2) -> MarkedPage:
    """Prepare sanitised HTML for a page and mark words in its text, in time linear to its length.

    Words are found across inline tags but not across blocks. Every piece of the n-th hit is a
    ``<mark data-hit="n">``. Alignment becomes a class (the page allows no inline style), tables get a
    box of their own to scroll in, and headings are moved below ``top`` without leaving a level out.

    Args:
        html: Clean HTML as ``kb.markup`` stored it.
        marker: Finds the ranges to mark in the whole text; ``None`` marks nothing.
        top: Level of the highest heading.
    """
    parsed = _kept(html, top)
    marks = _usable(marker(parsed.text), len(parsed.text)) if marker is not None else []
    # Nothing but tags of the sanitised input, escaped text and our own marks has been joined here.
    return MarkedPage(Markup("".join(parsed.marked(marks))), len(marks))  # noqa: S704


def opening(html: str, limit: int) -> tuple[str, bool]:
    """Return the first blocks of sanitised HTML, at least ``limit`` characters if there are as many.

    Returns:
        The HTML, cut only between two blocks of the outermost level, and whether anything was cut.
    """
    depth = 0
    for match in _TAG.finditer(html):
        name = _name(match[0])
        if not name or name in _VOID:
            continue
        depth += -1 if match[0].startswith("</") else 1
        if depth <= 0 and match.end() >= limit:
            return html[: match.end()], bool(html[match.end() :].strip())
    return html, False


class _Levels:
    """Moves headings so that the first is at ``top`` and none skips a level."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._open: list[int] = []

    def enter(self, level: int) -> int:
        while self._open and self._open[-1] >= level:
            self._open.pop()
        self._open.append(level)
        return self.current

    @property
    def current(self) -> int:
        return min(6, self._top - 1 + max(1, len(self._open)))


def shifted_levels(levels: Sequence[int], top: int = 2) -> list[int]:
    """Return where ``mark_html`` puts headings of these levels."""
    moved = _Levels(top)
    return [moved.enter(level) for level in levels]


def _name(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1].lower() if found else ""


def _usable(marks: Marks, length: int) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if end <= length and start < end and (not kept or start >= kept[-1][1]):
            kept.append((start, end))
    return kept


class _Parsed:
    """A stored page taken apart once: ``text`` is all its text, with a line's end for each block's tag.

    Args:
        html: Clean HTML.
        top: Level of the highest heading.
    """

    def __init__(self, html: str, top: int) -> None:
        # Dressed tags and escaped texts in their order; of each text its place here and in the whole text.
        self._parts: list[str] = []
        self._slots: list[int] = []
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._entities: set[int] = set()
        self._shown: list[str] = []
        self._length = 0
        levels, dressed = _Levels(top), dict[str, tuple[str, str]]()
        for place, piece in enumerate(_TAG.split(html)):
            if place % 2 == 0:
                self._add_text(piece)
                continue
            known = dressed.get(piece)
            if known is None:
                name = _name(piece)
                known = _dressed(piece, name, levels), "" if name in _INLINE or name == "wbr" else "\n"
                if name not in _HEADINGS:
                    dressed[piece] = known
            self._parts.append(known[0])
            self._shown.append(known[1])
            self._length += len(known[1])
        self.text = "".join(self._shown)
        self._shown.clear()

    def _add_text(self, text: str) -> None:
        if "&" not in text:
            if text:
                self._add(str(escape(text)), text)
            return
        for place, piece in enumerate(_ENTITY.split(text)):
            if place % 2:
                self._entities.add(len(self._slots))
                self._add(piece, unescape(piece))
            elif piece:
                self._add(str(escape(piece)), piece)

    def _add(self, raw: str, shown: str) -> None:
        self._slots.append(len(self._parts))
        self._parts.append(raw)
        self._shown.append(shown)
        self._begins.append(self._length)
        self._length += len(shown)
        self._ends.append(self._length)

    def marked(self, marks: list[tuple[int, int]]) -> list[str]:
        """Return the pieces of the page with marks around ranges of the text, which ascend and do not overlap."""
        parts = self._parts.copy()
        number = 0
        for hit, (start, end) in enumerate(marks):
            # What lies before was marked with an earlier hit, or holds none.
            number = max(number, bisect_right(self._ends, start))
            while number < len(self._begins) and self._begins[number] < end:
                parts[self._slots[number]] = "".join(self._pieces(number, marks, hit))
                number += 1
        return parts

    def _pieces(self, number: int, marks: list[tuple[int, int]], hit: int) -> list[str]:
        begin, end = self._begins[number], self._ends[number]
        raw, pieces = self._parts[self._slots[number]], list[str]()
        if number in self._entities:
            # An entity may stand for two characters; it is never cut in half.
            return [f'<mark data-hit="{hit + 1}">{raw}</mark>']
        # Most texts need no escaping, which is then not asked for each piece.
        is_plain, text, position = len(raw) == end - begin, self.text, begin
        while hit < len(marks) and marks[hit][0] < end:
            start, stop = max(marks[hit][0], position), min(marks[hit][1], end)
            hit += 1
            before, inside = text[position:start], text[start:stop]
            if not is_plain:
                before, inside = str(escape(before)), str(escape(inside))
            pieces.append(f'{before}<mark data-hit="{hit}">{inside}</mark>')
            position = stop
        pieces.append(text[position:end] if is_plain else str(escape(text[position:end])))
        return pieces


class _LongPages:
    """The long pages that were shown last, taken apart; the shelf of a process, whoever reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[tuple[str, int], _Parsed] = OrderedDict()
        self._size = 0

    def get(self, html: str, top: int) -> _Parsed:
        """Return a page taken apart, a moment ago or now."""
        key = (html, top)
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
                return self._pages[key]
        parsed = _Parsed(html, top)
        with self._lock:
            self._size += 0 if key in self._pages else len(html)
            self._pages[key] = parsed
            while self._size > MOST_KEPT and len(self._pages) > 1:
                (oldest, _top), _parsed = self._pages.popitem(last=False)
                self._size -= len(oldest)
        return parsed


_long_pages = _LongPages()


def _kept(html: str, top: int) -> _Parsed:
    return _Parsed(html, top) if len(html) < LONG else _long_pages.get(html, top)


def _dressed(raw: str, name: str, levels: _Levels) -> str:
    if name in _HEADINGS:
        level = levels.current if raw.startswith("</") else levels.enter(int(name[1]))
        raw = raw.replace(name, f"h{level}", 1)
    elif raw == "<table>":
        return '<div class="table-box" tabindex="0"><table>'
    elif raw == "</table>":
        return "</table></div>"
    elif raw == "<pre>":
        return '<pre tabindex="0">'
    elif name == "img" and raw.startswith("<img "):
        return f'<img loading="lazy" {raw[5:]}'
    return _ALIGN.sub(r' class="text-\1"', raw) if " style=" in raw else raw
