"""Old workbooks (.xls) as tables, one below the other, each under the name of its sheet."""

from collections.abc import Iterator
from html import escape
from io import BytesIO
from typing import Any

from python_calamine import CalamineWorkbook, SheetVisibleEnum

from indexer.convert.findings import Findings
from indexer.convert.tables import Grid, HeldSheet, table_html
from indexer.extract.sheets import cell_text

MAX_SHEETS = 30
MAX_ROWS = 2_000
MAX_COLUMNS = 100


def convert(data: bytes, found: Findings) -> None:
    """Fill ``found`` with the visible sheets; this format does not tell hidden rows or formulas apart."""
    for name, grid, _rows, _columns in sheets_of(data, found):
        table = table_html(grid)
        if table:
            found.html.append(f"<h2>{escape(name)}</h2>{table}")
    if found.html:
        found.lose("number_format")


def sheets_of(data: bytes, found: Findings) -> Iterator[HeldSheet]:
    """Yield the visible sheets, noting in ``found`` what is left out of them."""
    workbook = CalamineWorkbook.from_filelike(BytesIO(data))
    visible = []
    for sheet in workbook.sheets_metadata:
        if sheet.visible == SheetVisibleEnum.Visible:
            visible.append(sheet.name)
        else:
            found.lose("hidden_sheet", 1, sheet.name)
    found.lose("cut", len(visible) - MAX_SHEETS)
    for name in visible[:MAX_SHEETS]:
        yield HeldSheet(name, _grid(workbook.get_sheet_by_name(name), name, found))


def _grid(sheet: Any, name: str, found: Findings) -> Grid:
    grid = Grid()
    rows = sheet.to_python(skip_empty_area=False, nrows=MAX_ROWS + 1)
    if len(rows) > MAX_ROWS:
        found.lose("cut", 1, name)
    for row, values in enumerate(rows[:MAX_ROWS], start=1):
        for column, value in enumerate(values[:MAX_COLUMNS], start=1):
            text = cell_text(value)
            if text:
                grid.texts[row, column] = text
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if bottom < MAX_ROWS and right < MAX_COLUMNS:
            grid.spans[top + 1, left + 1] = (bottom - top + 1, right - left + 1)
        else:
            found.lose("merged")
    return grid
