"""Decides, one attribute value at a time, what may stay on a tag and in which spelling."""

import re
import unicodedata
from enum import StrEnum
from urllib.parse import unquote


class Loss(StrEnum):
    """The kinds of things an author should be told were left out."""

    ACTIVE = "active"
    IMAGE = "image"
    LINK = "link"


_ALIGNED = frozenset(("style",))
_HEADING = frozenset(("style", "id"))
_CELL = frozenset(("rowspan", "colspan", "style"))
ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": frozenset(("href", "title")),
    "img": frozenset(("src", "alt", "title", "width", "height")),
    "td": _CELL,
    "th": _CELL,
    "p": frozenset(("style", "class")),
    "div": frozenset(("style", "class")),
    "code": frozenset(("class",)),
    "ol": frozenset(("start", "type")),
    "li": frozenset(("id",)),
    "sup": frozenset(("id",)),
    "caption": _ALIGNED,
    **{f"h{level}": _HEADING for level in range(1, 7)},
}

_CLASSES = {
    "p": frozenset(("admonition-title",)),
    "div": frozenset(("admonition", "note", "tip", "info", "warning", "danger", "important", "footnote")),
}
_LANGUAGE = re.compile(r"language-[\w+#-]{1,30}\Z")
_ALIGN = re.compile(r"(?:^|;)\s*text-align\s*:\s*(left|right|center|justify)\s*(?:;|$)", re.IGNORECASE)
_ANCHOR = re.compile(r"h-[\w:-]{1,120}\Z")
_WEB = re.compile(r"(https?)(://[^/?#@:\\][^/?#@\\]*(?:[/?#][^\\]*)?)\Z", re.IGNORECASE)
_MAIL = re.compile(r"mailto:[^\\]+\Z", re.IGNORECASE)
_TELEPHONE = re.compile(r"tel:[+\d][\d()*#,;.-]{0,40}\Z", re.IGNORECASE)
_PATH = re.compile(r"/(?![/\\])[^\\]*\Z")
_IMAGE_PATH = re.compile(
    r"/(?:attachments|files)(?:/(?:[\w~!,()-]|\.(?!\.)|%(?!2[ef]|5c)[0-9a-f]{2})+)+(?:\?[\w=&.%-]*)?\Z",
    re.IGNORECASE,
)
# Letters and Roman numbers before the items of a list are part of what a document says.
_LIST_TYPES = frozenset(("a", "A", "i", "I"))
_NUMBERS = {"rowspan": 1000, "colspan": 1000, "width": 4000, "height": 4000, "start": 999_999}
_EDGES = "".join(map(chr, range(33)))
_BREAKS = str.maketrans("", "", "\t\n\r")


def slug(text: str) -> str:
    """Return ``text`` as the tail of an anchor: lower case, words joined by hyphens, at most 60 long."""
    words = re.sub(r"[^\w\s-]", "", text.lower())
    return re.sub(r"[\s-]+", "-", words).strip("-")[:60].strip("-")


def allowed_value(tag: str, attribute: str, value: str) -> tuple[str | None, Loss | None]:
    """Decide about one attribute.

    Returns:
        The value in its safe spelling, or ``None`` to drop it, and what the author loses, if anything.
    """
    if attribute == "href":
        address = link_address(value)
        return address, None if address is not None else Loss.LINK
    if attribute == "src":
        address = image_address(value)
        return address, None if address is not None else Loss.IMAGE
    if attribute == "style":
        return _alignment(value), None
    if attribute == "class":
        return _class(tag, value), None
    if attribute == "type":
        return (value if value in _LIST_TYPES else None), None
    if attribute == "id":
        return (value if _ANCHOR.match(value) else None), None
    if attribute in _NUMBERS:
        return _number(value, _NUMBERS[attribute]), None
    return value, None


def link_address(value: str) -> str | None:
    """Return the safe form of a link's address, or ``None``.

    Accepted are ``http(s)://host``, ``mailto:``, ``tel:``, a path on this site with a single leading
    slash, and an anchor on the page, which gets the prefix ``h-`` that all anchors of a page carry.
    """
    address = value.strip(_EDGES).translate(_BREAKS)
    if address.startswith("#"):
        anchor = address[1:]
        if not _ANCHOR.match(anchor):
            anchor = f"h-{slug(unquote(anchor))}"
        return f"#{anchor}" if _ANCHOR.match(anchor) else None
    address = address.replace(" ", "%20")
    if any(_misleads(character) for character in address):
        return None
    if web := _WEB.match(address):
        return web[1].lower() + web[2]
    if _MAIL.match(address) or _TELEPHONE.match(address) or _PATH.match(address):
        return address
    return None


def image_address(value: str) -> str | None:
    """Return the address of an image kept by this site, or ``None`` for every other image."""
    address = value.strip(_EDGES)
    return address if _IMAGE_PATH.match(address) else None


def _misleads(character: str) -> bool:
    # Programs disagree about these: some drop them and then read another scheme or host.
    return character == "`" or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs")


def _alignment(value: str) -> str | None:
    found = _ALIGN.search(value)
    return f"text-align: {found[1].lower()};" if found else None


def _class(tag: str, value: str) -> str | None:
    names = value.split()
    if tag == "code":
        kept = [name for name in names if _LANGUAGE.match(name)][:1]
    else:
        kept = [name for name in names if name in _CLASSES.get(tag, ())]
    return " ".join(kept) or None


def _number(value: str, limit: int) -> str | None:
    digits = value.strip().removesuffix("px")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 6
    return str(min(int(digits), limit)) if is_number else None
