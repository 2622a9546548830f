"""Puts marks around the searched words, in plain text and in stored HTML, without trusting either."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape

from markupsafe import Markup, escape

from kb.ports import Marks

# Possessive, so that a stray quotation mark cannot make the scan go back over what it has read.
_TOKEN = re.compile(
    r"""(?P<tag><(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>)|(?P<entity>&(?:\#\w{1,8}|\w{1,32});)|(?P<text>[^<&]++|[<&])"""
)
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

Marker = Callable[[str], Marks]


@dataclass(frozen=True)
class _Token:
    raw: str
    name: str = ""
    start: int = -1
    length: int = 0
    is_entity: bool = False


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
    tokens, text = _tokens(html)
    marks = _usable(marker(text), len(text)) if marker is not None else []
    levels = _Levels(top)
    parts: list[str] = []
    hit = 0
    for token in tokens:
        if token.start < 0:
            parts.append(_dressed(token, levels))
            continue
        end = token.start + token.length
        while hit < len(marks) and marks[hit][1] <= token.start:
            hit += 1
        if hit >= len(marks) or marks[hit][0] >= end:
            parts.append(token.raw)
            continue
        parts.extend(_pieces(token, text, marks, hit))
    # Nothing but tags of the sanitised input, escaped text and our own marks has been joined here.
    return MarkedPage(Markup("".join(parts)), len(marks))  # noqa: S704


def opening(html: str, limit: int) -> tuple[str, bool]:
    """Return the first blocks of sanitised HTML, at least ``limit`` characters if there are as many.

    Returns:
        The HTML, cut only between two blocks of the outermost level, and whether anything was cut.
    """
    depth = 0
    for match in _TOKEN.finditer(html):
        name = _name(match["tag"]) if match["tag"] else ""
        if not name or name in _VOID:
            continue
        depth += -1 if match["tag"].startswith("</") else 1
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


def _tokens(html: str) -> tuple[list[_Token], str]:
    tokens: list[_Token] = []
    text: list[str] = []
    length = 0
    for match in _TOKEN.finditer(html):
        raw = match[0]
        if match["tag"]:
            name = _name(raw)
            tokens.append(_Token(raw, name))
            shown = "" if name in _INLINE or name == "wbr" else "\n"
        else:
            is_entity = match["entity"] is not None
            shown = unescape(raw) if is_entity else raw
            tokens.append(_Token(raw if is_entity else str(escape(raw)), "", length, len(shown), is_entity))
        text.append(shown)
        length += len(shown)
    return tokens, "".join(text)


def _name(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1].lower() if found else ""


def _usable(marks: Marks, length: int) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if end <= length and start < end and (not kept or start >= kept[-1][1]):
            kept.append((start, end))
    return kept


def _pieces(token: _Token, text: str, marks: list[tuple[int, int]], hit: int) -> Iterator[str]:
    end = token.start + token.length
    position = token.start
    while hit < len(marks) and marks[hit][0] < end:
        start, stop = max(marks[hit][0], token.start), min(marks[hit][1], end)
        yield str(escape(text[position:start]))
        # An entity may stand for two characters; it is never cut in half.
        shown = token.raw if token.is_entity else str(escape(text[start:stop]))
        yield f'<mark data-hit="{hit + 1}">{shown}</mark>'
        position = end if token.is_entity else stop
        if marks[hit][1] > end or token.is_entity:
            break
        hit += 1
    yield str(escape(text[position:end]))


def _dressed(token: _Token, levels: _Levels) -> str:
    raw, name = token.raw, token.name
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
