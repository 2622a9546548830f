"""Counts what a Word document holds that no draft can keep."""

import re
from typing import Any

from indexer.convert.docx_numbers import W
from indexer.convert.findings import Findings

_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_TEXT = re.compile(rb"<w:t[ >]")


def count_losses(root: Any, parts: dict[str, bytes], found: Findings) -> None:
    """Note in ``found`` what is going to be lost of a document.

    Args:
        root: Root of ``document.xml``.
        parts: All parts of the package by name.
        found: Where the losses are counted.
    """
    # A fallback repeats its alternative.
    for fallback in list(root.iter(f"{_MC}Fallback")):
        fallback.getparent().remove(fallback)
    found.lose("text_box", sum(1 for _box in root.iter(f"{W}txbxContent")))
    found.lose("equation", sum(1 for _equation in root.iter(f"{_M}oMath")))
    found.lose("tracked", sum(1 for tag in ("del", "ins", "moveFrom") for _change in root.iter(f"{W}{tag}")))
    found.lose("comment", sum(1 for _reference in root.iter(f"{W}commentReference")))
    found.lose(
        "colour",
        int(
            any(True for tag in ("highlight", "shd") for _mark in root.iter(f"{W}{tag}"))
            or _is_coloured(root)
        ),
    )
    found.lose("embedded", sum(1 for _object in root.iter(f"{W}object")))
    for name, content in parts.items():
        if re.match(r"word/(header|footer)\d*\.xml", name) and _TEXT.search(content):
            found.lose("header")
        elif name.startswith("word/charts/chart") or name.startswith("word/diagrams/data"):
            found.lose("drawing")
    found.lose(
        "note_place",
        sum(1 for tag in ("footnoteReference", "endnoteReference") for _note in root.iter(f"{W}{tag}")),
    )


def _is_coloured(root: Any) -> bool:
    return any(
        colour.get(f"{W}val", "auto").lower() not in ("auto", "000000", "ffffff")
        for colour in root.iter(f"{W}color")
    )
