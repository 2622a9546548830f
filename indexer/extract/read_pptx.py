"""Text of presentations (.pptx): shapes, tables, diagrams and speaker notes of each slide."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE

from indexer.extract.pieces import row_text
from kb.ports import TextPart

_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"


def read(data: bytes) -> Iterator[TextPart]:
    """Yield one part of kind ``slide`` for each slide that has text; numbers count from 1."""
    for number, slide in enumerate(Presentation(BytesIO(data)).slides, start=1):
        lines = [*_shape_lines(slide.shapes), *_diagram_lines(slide.part)]
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            lines.extend(slide.notes_slide.notes_text_frame.text.splitlines())
        text = "\n".join(filter(None, (line.strip() for line in lines)))
        if text:
            yield TextPart("slide", number, "", text)


def _shape_lines(shapes: Any) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shape_lines(shape.shapes)
        elif shape.has_text_frame:
            yield from shape.text_frame.text.splitlines()
        elif getattr(shape, "has_table", False):
            for row in shape.table.rows:
                yield row_text(cell.text for cell in row.cells if not cell.is_spanned)


def _diagram_lines(part: Any) -> Iterator[str]:
    """Yield the texts of the slide's diagrams (SmartArt), which stand in parts of their own."""
    for relation in part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.DIAGRAM_DATA and not relation.is_external:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            for text in etree.fromstring(relation.target_part.blob, parser).iter(_TEXT):
                yield text.text or ""
