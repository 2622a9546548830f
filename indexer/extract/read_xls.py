"""Text of old workbooks (.xls), and of .xlsx files that the first reader does not understand."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import islice

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from indexer.extract.outcome import Cut, Outcome, Refused
from indexer.extract.sheets import MAX_COLUMNS, MAX_ROWS, MAX_SHEETS, cell_text, row_parts
from kb.ports import TextPart


def read(data: bytes) -> Iterator[TextPart]:
    """Yield one part of kind ``sheet`` for each row with text; formulas show their stored results.

    Raises:
        Refused: if a password is needed.
        Cut: after the last part, if the workbook exceeds the caps.
    """
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(data))
    except PasswordError as error:
        raise Refused(Outcome.ENCRYPTED) from error
    shown = [
        sheet.name
        for sheet in workbook.sheets_metadata
        if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
    ]
    is_cut = len(shown) > MAX_SHEETS
    for name in shown[:MAX_SHEETS]:
        try:
            yield from row_parts(name, _rows(workbook.get_sheet_by_name(name)))
        except Cut:
            is_cut = True
    if is_cut:
        raise Cut


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, Iterable[str]]]:
    first_row, first_column = sheet.start or (0, 0)
    for number, row in enumerate(islice(sheet.iter_rows(), MAX_ROWS + 1), start=first_row + 1):
        yield number, [cell_text(value) for value in row[: MAX_COLUMNS - min(first_column, MAX_COLUMNS)]]
