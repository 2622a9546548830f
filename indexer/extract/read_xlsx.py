"""Text of workbooks (.xlsx), row by row without ever building the grid that a far cell would span."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any

from openpyxl import load_workbook  # type: ignore[import-untyped]

from indexer.extract.outcome import Cut
from indexer.extract.sheets import MAX_COLUMNS, MAX_ROWS, MAX_SHEETS, cell_text, row_parts
from kb.ports import TextPart


def read(data: bytes) -> Iterator[TextPart]:
    """Yield one part of kind ``sheet`` for each row with text; formulas show their stored results.

    Raises:
        Cut: after the last part, if the workbook exceeds the caps.
    """
    workbook = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    shown = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    is_cut = len(shown) > MAX_SHEETS
    for sheet in shown[:MAX_SHEETS]:
        try:
            yield from row_parts(sheet.title, _rows(sheet))
        except Cut:
            is_cut = True
    if is_cut:
        raise Cut


def _rows(sheet: Any) -> Iterator[tuple[int, Iterable[str]]]:
    # The stated dimension may be a lie, and is trusted unless it is reset.
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS)
    for number, row in enumerate(rows, start=1):
        yield number, [cell_text(cell.value, str(getattr(cell, "number_format", ""))) for cell in row]
