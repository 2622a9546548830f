"""Word documents (.docx) as HTML with headings, lists as Word numbers them, tables, notes and images."""

import re
import zipfile
from io import BytesIO
from typing import Any

import mammoth
from lxml import etree, html

from indexer.convert.docx_losses import count_losses
from indexer.convert.docx_numbers import Label, Numbering, W
from indexer.convert.findings import Findings

_DOCUMENT = "word/document.xml"
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='标题'] => h1:fresh
p[style-name='标题 1'] => h1:fresh
p[style-name='标题 2'] => h2:fresh
p[style-name='标题 3'] => h3:fresh
p[style-name='标题 4'] => h4:fresh
u => u
strike => s
comment-reference => !
"""
# Private-use characters carry a list item's number through the conversion.
_MARK, _MARK_END = "\ue0f0", "\ue0f1"
_MARKED = re.compile(f"{_MARK}(\\d+){_MARK_END}")


def convert(data: bytes, found: Findings) -> None:
    """Fill ``found`` with the body of the document."""
    with zipfile.ZipFile(BytesIO(data)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    root = _parsed(parts[_DOCUMENT])
    count_losses(root, parts, found)
    _number(root, Numbering(_part(parts, "word/numbering.xml"), _part(parts, "word/styles.xml")))
    parts[_DOCUMENT] = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    result = mammoth.convert(
        _packed(parts),
        style_map=_STYLES,
        id_prefix="h-",
        include_default_style_map=True,
        convert_image=mammoth.images.img_element(lambda image: _image(image, found)),
        external_file_access=False,
    )
    body = html.fragment_fromstring(result.value, create_parent="div")
    _restart_lists(body)
    _drop_lost_images(body, found)
    text = (body.text or "") + "".join(
        etree.tostring(child, encoding="unicode", method="html") for child in body
    )
    heading = body.find(".//h1")
    found.title = " ".join(_MARKED.sub("", heading.text_content()).split()) if heading is not None else ""
    if re.sub(r"<(?!img)[^>]*>", "", text).strip():
        found.html.append(_MARKED.sub("", text))


def _parsed(data: bytes) -> Any:
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def _part(parts: dict[str, bytes], name: str) -> Any | None:
    return _parsed(parts[name]) if name in parts else None


def _packed(parts: dict[str, bytes]) -> BytesIO:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    packed.seek(0)
    return packed


def _number(root: Any, numbering: Numbering) -> None:
    """Write the numbers that Word shows into the paragraphs, as text where no list can show them."""
    for paragraph in root.iter(f"{W}p"):
        label = numbering.label(paragraph)
        if label is None:
            continue
        properties = paragraph.find(f"{W}pPr")
        is_heading = _is_heading(properties)
        if label.fits_list and not is_heading:
            _insert(paragraph, f"{_MARK}{label.value}{_MARK_END}")
            continue
        _unlist(properties)
        _insert(paragraph, _spaced(label))


def _spaced(label: Label) -> str:
    text = label.text.strip()
    return f"{text} " if text and text[-1].isalnum() else text


def _is_heading(properties: Any | None) -> bool:
    style = properties.find(f"{W}pStyle") if properties is not None else None
    return (
        style is not None and re.match(r"(?i)heading|title|标题|[1-9]$", style.get(f"{W}val", "")) is not None
    )


def _unlist(properties: Any) -> None:
    numbers = properties.find(f"{W}numPr")
    if numbers is None:
        numbers = etree.SubElement(properties, f"{W}numPr")
    for child in list(numbers):
        numbers.remove(child)
    # Number 0 also takes the list away that a style would bring.
    etree.SubElement(numbers, f"{W}ilvl").set(f"{W}val", "0")
    etree.SubElement(numbers, f"{W}numId").set(f"{W}val", "0")


def _insert(paragraph: Any, text: str) -> None:
    run = etree.Element(f"{W}r")
    etree.SubElement(run, f"{W}t").text = text
    run[0].set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    place = 1 if len(paragraph) and paragraph[0].tag == f"{W}pPr" else 0
    paragraph.insert(place, run)


def _restart_lists(body: Any) -> None:
    """Give every ordered list the numbers that Word showed; where they jump, another list begins."""
    for listed in list(body.iter("ol")):
        expected = None
        current = listed
        for item in list(listed):
            marked = _MARKED.match(item.text_content())
            value = int(marked[1]) if marked else None
            if value is None:
                value = expected if expected is not None else 1
            if expected is None:
                _set_start(listed, value)
            elif value != expected:
                following = etree.Element("ol")
                current.addnext(following)
                following.tail, current.tail = current.tail, None
                _set_start(following, value)
                current = following
            if current is not listed:
                current.append(item)
            expected = value + 1


def _set_start(listed: Any, value: int) -> None:
    if value != 1:
        listed.set("start", str(value))


def _image(image: Any, found: Findings) -> dict[str, str]:
    with image.open() as content:
        address = found.keep_image(content.read())
    if address is None:
        found.lose("image")
    return {"src": address or "imported:lost"}


def _drop_lost_images(body: Any, found: Findings) -> None:
    for image in list(body.iter("img")):
        if image.get("src") == "imported:lost":
            image.drop_tree()
