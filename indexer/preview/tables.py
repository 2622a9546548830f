"""Reads the sheets of workbooks and .csv files as tables of a bounded size."""

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import islice

from indexer.convert.findings import Findings
from indexer.convert.from_xls import sheets_of as xls_sheets
from indexer.convert.from_xlsx import MAX_COLUMNS, MAX_ROWS
from indexer.convert.from_xlsx import sheets_of as xlsx_sheets
from indexer.convert.tables import Grid, HeldSheet, layout_of
from indexer.extract.read_text import decoded
from indexer.preview.bounds import MAX_CELL_CHARS, MAX_CHARS, MAX_NAME_CHARS
from kb.viewing import Cell, Row, Sheet


def read(suffix: str, data: bytes) -> tuple[list[Sheet], bool]:
    """Return the tables of a file, and whether whole sheets were left out.

    Raises:
        Refused: if the file is known not to be readable.
        Exception: whatever the library raises for a broken file.
    """
    found = Findings()
    readers = {"xlsx": xlsx_sheets, "xls": xls_sheets, "csv": _csv_sheet}
    sheets: list[Sheet] = []
    room = MAX_CHARS
    for held in readers[suffix](data, found):
        sheet, room = _table(held, found, room)
        if sheet is not None:
            sheets.append(sheet)
    # A .csv file is one sheet; what it lacks is said there.
    return sheets, suffix != "csv" and bool(found.losses["cut", ""])


def _csv_sheet(data: bytes, found: Findings) -> Iterator[HeldSheet]:
    text = decoded(data)
    heading = text.partition("\n")[0]
    csv.field_size_limit(max(len(text), 1))
    grid = Grid()
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count))
    for number, row in enumerate(islice(reader, MAX_ROWS + 1), start=1):
        if number > MAX_ROWS or len(row) > MAX_COLUMNS:
            found.lose("cut", 1, "")
        if number <= MAX_ROWS:
            filled = enumerate(row[:MAX_COLUMNS], start=1)
            grid.texts.update({(number, column): cell for column, cell in filled if cell.strip()})
    yield HeldSheet("", grid)


def _table(held: HeldSheet, found: Findings, room: int) -> tuple[Sheet | None, int]:
    """Return a sheet as far as there is room for its text, and the room that is left."""
    layout = layout_of(held.grid, held.hidden_rows, held.hidden_columns)
    if layout is None:
        return None, room
    is_cut = bool(found.losses["cut", held.name[:80]])
    rows = []
    for number, cells in layout.cells.items():
        if room <= 0:
            is_cut = True
            break
        kept = tuple(
            Cell(column, text[:MAX_CELL_CHARS], tall, wide)
            for column, text, tall, wide in cells
            if text or tall > 1 or wide > 1
        )
        room -= sum(len(cell.text) for cell in kept)
        rows.append(Row(number, kept))
    return Sheet(held.name[:MAX_NAME_CHARS], tuple(layout.columns), tuple(rows), is_cut), room
