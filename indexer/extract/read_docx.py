"""Text of Word documents (.docx): body, tables and text boxes in reading order, then the margins."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml

from indexer.extract.pieces import row_text, text_parts
from kb.ports import TextPart

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# A fallback repeats its alternative; moved and deleted text is no longer part of the document.
_LEFT_OUT = frozenset({_FALLBACK, f"{_W}moveFrom", f"{_W}del", f"{_W}pPr", f"{_W}rPr"})
_CHARACTERS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_MARGINS = (
    RELATIONSHIP_TYPE.HEADER,
    RELATIONSHIP_TYPE.FOOTER,
    RELATIONSHIP_TYPE.FOOTNOTES,
    RELATIONSHIP_TYPE.ENDNOTES,
)


def read(data: bytes) -> Iterator[TextPart]:
    """Yield the text of a .docx file in parts of kind ``text``."""
    document = Document(BytesIO(data))
    yield from text_parts(_lines(document.element.body))
    yield from text_parts(_margin_lines(document.part))


def _margin_lines(part: Any) -> Iterator[str]:
    seen: set[str] = set()
    for relation in part.rels.values():
        if relation.is_external or relation.reltype not in _MARGINS:
            continue
        target = relation.target_part
        root = target.element if hasattr(target, "element") else parse_xml(target.blob)
        for line in _lines(root):
            # First, even and odd pages usually repeat one another.
            if line not in seen:
                seen.add(line)
                yield line


def _lines(block: Any) -> Iterator[str]:
    """Yield the lines of everything below an element, in document order."""
    for child in block:
        if child.tag == f"{_W}p":
            yield from _paragraph(child).splitlines()
            for box in _text_boxes(child):
                yield from _lines(box)
        elif child.tag == f"{_W}tbl":
            yield from _rows(child)
        elif child.tag not in _LEFT_OUT:
            yield from _lines(child)


def _rows(table: Any) -> Iterator[str]:
    for row in table.iterfind(f".//{_W}tr"):
        # Rows of a nested table belong to the cell of the outer one that holds it.
        if next(row.iterancestors(f"{_W}tbl")) is table:
            yield row_text(" ".join(_lines(cell)) for cell in row.iter(f"{_W}tc") if _row_of(cell) is row)


def _row_of(cell: Any) -> Any:
    return next(cell.iterancestors(f"{_W}tr"))


def _paragraph(element: Any) -> str:
    written: list[str] = []
    _collect(element, written)
    return "".join(written)


def _collect(element: Any, written: list[str]) -> None:
    for child in element:
        if child.tag == f"{_W}t":
            written.append(child.text or "")
        elif child.tag in _CHARACTERS:
            written.append(_CHARACTERS[child.tag])
        elif child.tag != f"{_W}txbxContent" and child.tag not in _LEFT_OUT:
            _collect(child, written)


def _text_boxes(element: Any) -> Iterator[Any]:
    for child in element:
        if child.tag == f"{_W}txbxContent":
            yield child
        elif child.tag not in _LEFT_OUT:
            yield from _text_boxes(child)
