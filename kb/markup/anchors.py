"""Gives the headings of a page anchors, and lists them for its table of contents."""

import re
from dataclasses import dataclass

from kb.markup.attributes import slug
from kb.markup.plain import read

_HEADING = re.compile(r"<h([1-6])((?: [a-z]+=\"[^\"]*\")*)>")
_ID = re.compile(r' id="[^"]*"')


@dataclass(frozen=True)
class Heading:
    """A heading: its level 1 to 6, the anchor on the page (without ``#``) and its plain text."""

    level: int
    anchor: str
    text: str


def anchor_headings(html: str) -> tuple[str, tuple[Heading, ...]]:
    """Return clean HTML with one anchor on each heading that has text, and those headings in order."""
    headings: list[Heading] = []
    taken: dict[str, int] = {}
    parts: list[str] = []
    position = 0
    for match in _HEADING.finditer(html):
        level, attributes = int(match[1]), _ID.sub("", match[2])
        end = html.find(f"</h{level}>", match.end())
        text = read(html[match.end() : max(end, match.end())]).replace("\n", " ")
        parts.append(html[position : match.start()])
        position = match.end()
        if not text:
            parts.append(f"<h{level}{attributes}>")
            continue
        anchor = _unused(f"h-{slug(text) or len(headings) + 1}", taken)
        headings.append(Heading(level, anchor, text))
        parts.append(f'<h{level}{attributes} id="{anchor}">')
    parts.append(html[position:])
    return "".join(parts), tuple(headings)


def _unused(anchor: str, taken: dict[str, int]) -> str:
    candidate = anchor
    while candidate in taken:
        # Counting on from the last number keeps a thousand equal headings linear.
        taken[anchor] += 1
        candidate = f"{anchor}-{taken[anchor]}"
    taken[candidate] = 1
    return candidate
