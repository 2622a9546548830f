"""Turns foreign HTML into the few tags, attributes and addresses that a page may carry."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version

import nh3
from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import Cleaner

from kb.markup.attributes import ATTRIBUTES, Loss, allowed_value
from kb.markup.tags import ACTIVE, ALLOWED, CLOSES, DROPPED_WITH_CONTENT, VOID

# Raised whenever a rule of this package changes what is stored, so that old pages can be found.
SANITIZER_VERSION = "2"

NESTING_LIMIT = 64

_SCHEMES = frozenset(("http", "https", "mailto", "tel"))
# Let through to our own rule, which refuses them, because only that one counts what was lost.
_COUNTED_SCHEMES = frozenset(("javascript", "vbscript", "data", "file", "ftp", "blob", "cid", "weixin"))
_TAG = re.compile(r"<!--|<(/?)([a-zA-Z][^\s/>]*)")
_BLOCK_ALIAS = re.compile(
    r"(</?)(?:section|article|aside|header|footer|main|nav|address|center|form|fieldset|legend|hgroup|search)"
    r"(?=[\s/>])",
    re.IGNORECASE,
)
_LIST_ALIAS = re.compile(r"(</?)(?:menu|dir)(?=[\s/>])", re.IGNORECASE)
_IMAGE = re.compile(r'<img((?: [a-z]+="[^"]*")*)>')
_ALT = re.compile(r' alt="([^"]*)"')


class MarkupTooLarge(ValueError):
    """The source is longer or nested deeper than may be rendered; the message is for the author."""


@dataclass(frozen=True)
class Cleaned:
    """Safe HTML, and how often each kind of thing had to be left out."""

    html: str
    losses: Counter[Loss]


@lru_cache(maxsize=1)
def sanitizer_version() -> str:
    """Return the rules' version with those of the libraries behind them, at most 80 characters."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("bleach", "nh3", "markdown"))
    return f"{SANITIZER_VERSION} ({libraries})"[:80]


def sanitize(html: str) -> str:
    """Return the safe part of ``html``; what it returns, it returns unchanged when given again.

    Runs in this process, so foreign text belongs into ``kb.markup.render``, which can end it.

    Raises:
        MarkupTooLarge: if elements are nested more than 64 deep.
    """
    return clean(html).html


def clean(html: str) -> Cleaned:
    """Sanitise ``html`` and count what was left out.

    Args:
        html: Any text, without lone surrogates.

    Raises:
        MarkupTooLarge: if elements are nested more than 64 deep.
    """
    tags_seen = scan(html)
    losses: Counter[Loss] = Counter()
    active = sum(count for tag, count in tags_seen.items() if tag in ACTIVE)
    if active:
        losses[Loss.ACTIVE] = active
    aliased = _LIST_ALIAS.sub(r"\1ul", _BLOCK_ALIAS.sub(r"\1div", html))
    first = _IMAGE.sub(_image_or_its_text, _parse(aliased, losses, _SCHEMES | _COUNTED_SCHEMES))
    second = _bleached(first)
    return Cleaned(_parse(second, Counter()), losses)


def scan(html: str) -> Counter[str]:
    """Count the opening tags of ``html`` in linear time, before any parser sees it.

    Raises:
        MarkupTooLarge: if elements are nested more than 64 deep.
    """
    seen: Counter[str] = Counter()
    open_tags: list[str] = []
    open_count: Counter[str] = Counter()
    position = 0
    lowered = html.lower()
    while match := _TAG.search(lowered, position):
        position = match.end()
        tag = match[2]
        if tag is None:
            position = _after(lowered, "-->", position)
        elif match[1]:
            _close(tag, open_tags, open_count)
        else:
            seen[tag] += 1
            if tag in ("script", "style"):
                position = _after(lowered, f"</{tag}", position)
            elif tag not in VOID:
                _open(tag, open_tags, open_count)
    return seen


def _after(text: str, end: str, position: int) -> int:
    found = text.find(end, position)
    return len(text) if found < 0 else found + len(end)


def _open(tag: str, open_tags: list[str], open_count: Counter[str]) -> None:
    while open_tags and open_tags[-1] in CLOSES.get(tag, ()):
        open_count[open_tags.pop()] -= 1
    open_tags.append(tag)
    open_count[tag] += 1
    if len(open_tags) > NESTING_LIMIT:
        raise MarkupTooLarge(f"内容嵌套超过 {NESTING_LIMIT} 层，无法保存；请粘贴为纯文本，或减少嵌套后再试。")


def _close(tag: str, open_tags: list[str], open_count: Counter[str]) -> None:
    if not open_count[tag]:
        return
    while True:
        closed = open_tags.pop()
        open_count[closed] -= 1
        if closed == tag:
            return


def _parse(html: str, losses: Counter[Loss], schemes: frozenset[str] = _SCHEMES) -> str:

    def decide(tag: str, attribute: str, value: str) -> str | None:
        kept, loss = allowed_value(tag, attribute, value)
        if loss is not None:
            losses[loss] += 1
        return kept

    return nh3.clean(
        html,
        tags=set(ALLOWED),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes={**{tag: set(names) for tag, names in ATTRIBUTES.items()}, "*": set()},
        attribute_filter=decide,
        strip_comments=True,
        link_rel="noopener noreferrer nofollow",
        url_schemes=set(schemes),
    )


def _image_or_its_text(match: re.Match[str]) -> str:
    attributes = match[1]
    if ' src="' in attributes:
        return match[0]
    alt = _ALT.search(attributes)
    return f"[图片：{alt[1]}]" if alt and alt[1].strip() else "[图片]"


def _bleached(html: str) -> str:
    cleaner = Cleaner(
        tags=ALLOWED,
        attributes={tag: sorted(names) for tag, names in ATTRIBUTES.items()},
        protocols=_SCHEMES,
        strip=True,
        strip_comments=True,
        css_sanitizer=CSSSanitizer(allowed_css_properties=["text-align"]),
    )
    return str(cleaner.clean(html))
