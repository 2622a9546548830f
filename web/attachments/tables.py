"""Sheets of workbooks as tables of the page: a window of rows, their merged cells and the marks in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from kb.ports import Marks
from kb.viewing import Cell, Sheet
from web.search.marker import TextMarker

ROWS_PER_PAGE = 200
_LETTERS = 26


@dataclass(frozen=True)
class ShownCell:
    """A cell with the marks in its text; it reaches over so many rows and columns of the page."""

    text: str
    marks: Marks
    rows: int
    columns: int


@dataclass(frozen=True)
class ShownRow:
    """A row by its number in the file."""

    number: int
    cells: Sequence[ShownCell]


@dataclass(frozen=True)
class Window:
    """Some rows of a sheet, as the page shows them; ``page`` counts from 1."""

    sheet: Sheet
    letters: Sequence[str]
    rows: Sequence[ShownRow]
    page: int
    pages: int


def window(sheet: Sheet, page: int, row_number: int | None, marker: TextMarker) -> Window:
    """Return the rows of a page of a sheet.

    Args:
        sheet: The whole sheet.
        page: From 1; one that does not exist is the nearest that does.
        row_number: A row of the file that has to be on the page; it decides about the page.
        marker: Finds the searched words.
    """
    pages = max(1, -(-len(sheet.rows) // ROWS_PER_PAGE))
    wanted = next((index for index, row in enumerate(sheet.rows) if row.number == row_number), None)
    page = min(max(page, 1), pages) if wanted is None else wanted // ROWS_PER_PAGE + 1
    start = (page - 1) * ROWS_PER_PAGE
    stop = min(start + ROWS_PER_PAGE, len(sheet.rows))
    begins, covered = _laid_out(sheet, start, stop)
    rows = []
    for index in range(start, stop):
        cells = [
            begins.get((index, place), Cell(column, ""))
            for place, column in enumerate(sheet.columns)
            if (index, place) not in covered
        ]
        rows.append(ShownRow(sheet.rows[index].number, _marked(cells, marker)))
    return Window(sheet, [_letters(column) for column in sheet.columns], rows, page, pages)


def _laid_out(
    sheet: Sheet, start: int, stop: int
) -> tuple[dict[tuple[int, int], Cell], set[tuple[int, int]]]:
    """Return the cells that begin in a window by (row, column) from 0, and the places that others cover.

    A merged cell that began above the window begins anew at its edge, and none reaches beyond it.
    """
    places = {column: place for place, column in enumerate(sheet.columns)}
    begins: dict[tuple[int, int], Cell] = {}
    covered: set[tuple[int, int]] = set()
    for index, row in enumerate(sheet.rows[:stop]):
        for cell in row.cells:
            top, place = max(index, start), places.get(cell.column)
            height = min(index + cell.rows, stop) - top
            if place is None or height <= 0:
                continue
            width = min(cell.columns, len(places) - place)
            begins[top, place] = Cell(cell.column, cell.text, height, width)
            covered.update(
                (covered_row, covered_place)
                for covered_row in range(top, top + height)
                for covered_place in range(place, place + width)
                if (covered_row, covered_place) != (top, place)
            )
    return begins, covered


def _marked(cells: Sequence[Cell], marker: TextMarker) -> list[ShownCell]:
    """Return the cells of a row with their marks; the row is searched as a whole, because that is quicker."""
    marks = marker("\n".join(cell.text for cell in cells))
    shown, offset = [], 0
    for cell in cells:
        end = offset + len(cell.text)
        own = tuple(
            (max(first, offset) - offset, min(last, end) - offset)
            for first, last in marks
            if first < end and last > offset
        )
        shown.append(ShownCell(cell.text, own, cell.rows, cell.columns))
        offset = end + 1
    return shown


def _letters(column: int) -> str:
    """Return a column by the letters that spreadsheets use: 1 is A, 27 is AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters
