"""What readers of spreadsheets share: the caps, and how cells and rows become text."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time

from indexer.extract.outcome import Cut
from indexer.extract.pieces import row_text
from kb.ports import TextPart

MAX_SHEETS = 50
MAX_ROWS = 20_000
MAX_COLUMNS = 256


def row_parts(label: str, rows: Iterable[tuple[int, Iterable[str]]]) -> Iterator[TextPart]:
    """Yield one part of kind ``sheet`` for each row that has text.

    Args:
        label: The sheet's name, or empty.
        rows: 1-based row numbers with the texts of the cells.

    Raises:
        Cut: if a row lies beyond ``MAX_ROWS``; cells beyond ``MAX_COLUMNS`` are the caller's to drop.
    """
    for number, cells in rows:
        if number > MAX_ROWS:
            raise Cut
        text = row_text(cells)
        if text:
            yield TextPart("sheet", number, label, text)


def cell_text(value: object, number_format: str = "") -> str:
    """Return the value of a cell as people read it.

    Whole numbers lose their ``.0``, shares with a percent format become per cent with the format's
    decimals, dates are written year first and without a midnight.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float) and "%" in number_format:
        decimals = number_format.partition("%")[0].partition(".")[2]
        return f"{value * 100:.{decimals.count('0')}f}%"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
