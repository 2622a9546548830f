"""Tables sent as CSV or Excel files in which no cell can be read as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import quote

import xlsxwriter
from flask import Response

Cell = str | int | float | None
# What a spreadsheet program takes for the beginning of a formula, also behind white space.
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDEST = 60


def safe_cell(value: Cell) -> Cell:
    """Return a cell that spreadsheet programs show as text: an apostrophe disarms what looks like a formula."""
    if isinstance(value, str) and value.lstrip(" \u3000").startswith(_RISKY):
        return f"'{value}"
    return value


def csv_answer(name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Send a table as CSV with a byte order mark, by which Excel knows the encoding.

    Args:
        name: File name without its extension.
        heads: Titles of the columns.
        rows: The cells; ``None`` is an empty one.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(heads)
    for row in rows:
        writer.writerow(["" if cell is None else safe_cell(cell) for cell in row])
    data = "\ufeff".encode() + text.getvalue().encode()
    return _download(data, "text/csv; charset=utf-8", f"{name}.csv")


def xlsx_answer(name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Send a table as an Excel file; strings are written as strings, numbers as numbers."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True})
        widths = [_width(head) for head in heads]
        for column, head in enumerate(heads):
            sheet.write_string(0, column, head, bold)
        for line, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(line, column, cell)
                elif cell is not None:
                    sheet.write_number(line, column, cell)
                widths[column] = max(widths[column], _width(str(cell or "")))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(width, WIDEST))
        sheet.freeze_panes(1, 0)
    return _download(buffer.getvalue(), XLSX, f"{name}.xlsx")


def table_answer(kind: str, name: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """Send a table as ``csv`` or ``xlsx``."""
    send = xlsx_answer if kind == "xlsx" else csv_answer
    return send(name, heads, rows)


def dated(name: str, day: date) -> str:
    """Return a file name that says of which day its content is."""
    return f"{name}-{day.isoformat()}"


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text) + 2


def _download(data: bytes, media_type: str, name: str) -> Response:
    answer = Response(data, mimetype=media_type)
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return answer
