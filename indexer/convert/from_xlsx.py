"""Workbooks (.xlsx) as tables, one below the other, each under the name of its sheet."""

import re
import zipfile
from collections.abc import Iterator
from html import escape
from io import BytesIO
from typing import Any

from openpyxl import load_workbook  # type: ignore[import-untyped]

from indexer.convert.findings import Findings
from indexer.convert.tables import Grid, HeldSheet, table_html
from indexer.extract.sheets import cell_text

MAX_SHEETS = 30
MAX_ROWS = 2_000
MAX_COLUMNS = 100
_FORMULA = re.compile(rb"<f[ />]")
_DRAWN = re.compile(r"xl/(charts/chart|media/|drawings/drawing)[^/]*\Z")
# The common formats for amounts: separators, decimals, and a currency sign on either side.
_AMOUNT = re.compile(r'(?:"?([¥￥$])"?)?\s*(#,##)?0(\.0+)?_?\s*(?:"(元|万元|%)")?(?:[_;].*)?\Z')


def convert(data: bytes, found: Findings) -> None:
    """Fill ``found`` with the visible cells of the visible sheets; formulas show their stored results."""
    _count_parts(data, found)
    for name, grid, hidden_rows, hidden_columns in sheets_of(data, found):
        table = table_html(grid, hidden_rows, hidden_columns)
        if table:
            found.html.append(f"<h2>{escape(name)}</h2>{table}")


def sheets_of(data: bytes, found: Findings) -> Iterator[HeldSheet]:
    """Yield the visible sheets that hold text, noting in ``found`` what is left out of them."""
    workbook = load_workbook(BytesIO(data), data_only=True, keep_links=False)
    shown = []
    for sheet in workbook.worksheets:
        if sheet.sheet_state == "visible":
            shown.append(sheet)
        else:
            found.lose("hidden_sheet", 1, sheet.title)
    found.lose("cut", len(shown) - MAX_SHEETS)
    for sheet in shown[:MAX_SHEETS]:
        grid = _grid(sheet, found)
        if not grid.is_empty:
            hidden_rows, hidden_columns = (
                _hidden_rows(sheet, grid, found),
                _hidden_columns(sheet, grid, found),
            )
            yield HeldSheet(sheet.title, grid, hidden_rows, hidden_columns)


def _count_parts(data: bytes, found: Findings) -> None:
    with zipfile.ZipFile(BytesIO(data)) as package:
        for name in package.namelist():
            if name.startswith("xl/worksheets/sheet"):
                found.lose("formula", len(_FORMULA.findall(package.read(name))))
            elif drawn := _DRAWN.match(name):
                found.lose({"charts/chart": "chart", "media/": "image"}.get(drawn[1], "drawing"))
            elif name.startswith("xl/comments"):
                found.lose("comment", package.read(name).count(b"<comment "))
    # A picture or a chart sits in a drawing; that one is no further loss.
    if found.losses["chart", ""] or found.losses["image", ""]:
        del found.losses["drawing", ""]


def _grid(sheet: Any, found: Findings) -> Grid:
    grid = Grid()
    if sheet.max_row > MAX_ROWS or sheet.max_column > MAX_COLUMNS:
        found.lose("cut", 1, sheet.title)
    for row in sheet.iter_rows(
        max_row=min(sheet.max_row, MAX_ROWS), max_col=min(sheet.max_column, MAX_COLUMNS)
    ):
        for cell in row:
            if cell.value is not None:
                grid.texts[cell.row, cell.column] = _text(cell, found)
    for merged in sheet.merged_cells.ranges:
        if merged.max_row <= MAX_ROWS and merged.max_col <= MAX_COLUMNS:
            height, width = merged.max_row - merged.min_row + 1, merged.max_col - merged.min_col + 1
            grid.spans[merged.min_row, merged.min_col] = (height, width)
        else:
            found.lose("merged")
    return grid


def _text(cell: Any, found: Findings) -> str:
    text = cell_text(cell.value, cell.number_format)
    is_number = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    if not is_number or cell.number_format in ("General", "@") or "%" in cell.number_format:
        return text
    amount = _AMOUNT.match(cell.number_format)
    if amount is None:
        found.lose("number_format")
        return text
    decimals = len(amount[3]) - 1 if amount[3] else 0
    written = f"{cell.value:{',' if amount[2] else ''}.{decimals}f}"
    return f"{amount[1] or ''}{written}{amount[4] or ''}"


def _hidden_rows(sheet: Any, grid: Grid, found: Findings) -> frozenset[int]:
    used = {row for row, _column in grid.texts}
    hidden = frozenset(
        number for number, row in sheet.row_dimensions.items() if row.hidden and number in used
    )
    found.lose("hidden_row", len(hidden), sheet.title)
    return hidden


def _hidden_columns(sheet: Any, grid: Grid, found: Findings) -> frozenset[int]:
    used = {column for _row, column in grid.texts}
    hidden: set[int] = set()
    for column in sheet.column_dimensions.values():
        if column.hidden and column.min is not None:
            hidden.update(number for number in used if column.min <= number <= column.max)
    found.lose("hidden_column", len(hidden), sheet.title)
    return frozenset(hidden)
