"""Sets up Python-Markdown: the dialect that authors may write, with raw HTML shown as text."""

import re
import xml.etree.ElementTree as ElementTree

from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor

_EXTENSIONS = [
    "tables",
    "sane_lists",
    "nl2br",
    "def_list",
    "footnotes",
    "admonition",
    "pymdownx.highlight",
    "pymdownx.superfences",
    "pymdownx.details",
    "pymdownx.tilde",
    "pymdownx.mark",
]
_SETTINGS: dict[str, dict[str, object]] = {
    "footnotes": {"BACKLINK_TITLE": "返回正文", "BACKLINK_TEXT": "↩"},
    "pymdownx.highlight": {"use_pygments": False},
    "pymdownx.tilde": {"subscript": False},
}
_NOT_IN_ANCHOR = re.compile(r"[^\w:-]")
_TASK = re.compile(r"\[([ xX])\]\s+")


class _LineBreak(InlineProcessor):
    """``<br>`` is the only way to break a line inside a table cell, so it is the one tag understood."""

    def handleMatch(  # type: ignore[override]
        self, match: re.Match[str], data: str
    ) -> tuple[ElementTree.Element, int, int]:
        return ElementTree.Element("br"), match.start(0), match.end(0)


class _Tasks(Treeprocessor):
    """Shows the boxes of a task list as characters, which need no form and survive copying."""

    def run(self, root: ElementTree.Element) -> None:
        for item in root.iter("li"):
            holder = item[0] if len(item) and item[0].tag == "p" and not (item.text or "").strip() else item
            if match := _TASK.match(holder.text or ""):
                box = "☐" if match[1] == " " else "☑"
                holder.text = f"{box} {(holder.text or '')[match.end() :]}"


class FootnoteAnchors(Treeprocessor):
    """Gives footnotes anchors that the sanitiser accepts and that differ from piece to piece."""

    piece = 0

    def run(self, root: ElementTree.Element) -> None:
        for element in root.iter():
            if element.get("id", "").startswith(("fn:", "fnref")):
                element.set("id", self._anchor(element.get("id", "")))
            if element.get("class") in ("footnote-ref", "footnote-backref"):
                element.set("href", f"#{self._anchor(element.get('href', '')[1:])}")

    def _anchor(self, name: str) -> str:
        kind, _, label = name.partition(":")
        plain_label = _NOT_IN_ANCHOR.sub("-", label)[:80]
        return f"h-{kind}:{self.piece}-{plain_label}"


def convert(parser: Markdown, source: str, piece: int = 0) -> str:
    """Return the HTML of a Markdown source, not yet sanitised.

    Args:
        parser: From ``build_parser``.
        source: Markdown text.
        piece: Tells the footnotes of one piece of a long source from those of the others.
    """
    parser.reset()
    anchors = parser.treeprocessors["footnote-anchors"]
    if isinstance(anchors, FootnoteAnchors):
        anchors.piece = piece
    return parser.convert(source)


def build_parser() -> Markdown:
    """Return a parser for the product's Markdown; not safe to share between threads."""
    parser = Markdown(extensions=_EXTENSIONS, extension_configs=_SETTINGS)
    parser.preprocessors.deregister("html_block")
    parser.inlinePatterns.deregister("html")
    parser.inlinePatterns.register(_LineBreak(r"<[bB][rR]\s{0,3}/?>", parser), "line-break", 90)
    # After the inline patterns (20), so that every text is in place; footnotes come at 50.
    parser.treeprocessors.register(_Tasks(parser), "tasks", 8)
    parser.treeprocessors.register(FootnoteAnchors(parser), "footnote-anchors", 7)
    return parser
