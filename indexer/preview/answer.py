"""What a child tells its parent about a file to be shown: a line of JSON that is not trusted, then pictures."""

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from indexer.extract.outcome import Outcome
from indexer.extract.pieces import clean
from indexer.preview.bounds import (
    MAX_CELL_CHARS,
    MAX_CELLS,
    MAX_CHARS,
    MAX_HEIGHT,
    MAX_NAME_CHARS,
    MAX_PAGES,
    MAX_PICTURE_BYTES,
    MAX_SHEETS,
    WIDTH,
)
from kb.viewing import Cell, Row, Sheet

_WEBP = struct.Struct("<4sI4s")


@dataclass(frozen=True)
class Shown:
    """What a child found in a file; of its pages those that were asked for, as pictures by their numbers."""

    outcome: Outcome
    sizes: tuple[tuple[int, int], ...] = ()
    is_cut: bool = False
    pictures: tuple[tuple[int, bytes], ...] = ()
    sheets: tuple[Sheet, ...] = ()


def encode(shown: Shown) -> bytes:
    """Return an answer as bytes."""
    head = {
        "outcome": shown.outcome.name,
        "sizes": shown.sizes,
        "is_cut": shown.is_cut,
        "pictures": [[number, len(data)] for number, data in shown.pictures],
        "sheets": [as_plain(sheet) for sheet in shown.sheets],
    }
    line = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return b"\n".join((line, b"".join(data for _number, data in shown.pictures)))


def decode(raw: bytes) -> Shown:
    """Return an answer, checked, because a hostile file may have taken the child over.

    Raises:
        ValueError: if it is not what a child may say, or more than it may.
    """
    line, _break, rest = raw.partition(b"\n")
    try:
        said = json.loads(line)
        outcome = Outcome[said["outcome"]]
        sizes = tuple((int(width), int(height)) for width, height in said["sizes"])
        sheets = tuple(as_sheet(plain) for plain in said["sheets"])
        lengths = [(int(number), int(length)) for number, length in said["pictures"]]
        is_cut = said["is_cut"] is True
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError("malformed answer") from error
    if len(sizes) > MAX_PAGES or not all(0 < w <= WIDTH and 0 < h <= MAX_HEIGHT for w, h in sizes):
        raise ValueError("impossible pages")
    _check_sheets(sheets)
    return Shown(outcome, sizes, is_cut, tuple(_pictures(rest, lengths, len(sizes))), sheets)


def as_plain(sheet: Sheet) -> dict[str, object]:
    """Return a sheet as JSON values."""
    rows = [
        [row.number, [[cell.column, cell.text, cell.rows, cell.columns] for cell in row.cells]]
        for row in sheet.rows
    ]
    return {"name": sheet.name, "columns": sheet.columns, "rows": rows, "is_cut": sheet.is_cut}


def as_sheet(plain: dict[str, list[object]]) -> Sheet:
    """Return the sheet that JSON values describe.

    Raises:
        KeyError, TypeError, ValueError: if they describe none.
    """
    return Sheet(
        clean(str(plain["name"])),
        tuple(_number(column) for column in plain["columns"]),
        tuple(_row(row) for row in plain["rows"]),  # type: ignore[arg-type]
        bool(plain["is_cut"]),
    )


def _row(plain: Sequence[object]) -> Row:
    number, cells = plain
    if not isinstance(cells, list):
        raise TypeError("malformed row")
    return Row(
        _number(number),
        tuple(
            Cell(_number(column), clean(str(text)), _number(tall), _number(wide))
            for column, text, tall, wide in cells
        ),
    )


def _number(value: object) -> int:
    if type(value) is not int or not 0 < value < 2**31:
        raise ValueError("not a number of this file")
    return value


def _check_sheets(sheets: Sequence[Sheet]) -> None:
    rows = [row for sheet in sheets for row in sheet.rows]
    cells = [cell for row in rows for cell in row.cells]
    texts = sum(len(cell.text) for cell in cells)
    if len(sheets) > MAX_SHEETS or len(cells) > MAX_CELLS or texts > MAX_CHARS + MAX_CELL_CHARS * 100:
        raise ValueError("too much")
    if any(len(sheet.name) > MAX_NAME_CHARS for sheet in sheets):
        raise ValueError("name too long")


def _pictures(rest: bytes, lengths: Sequence[tuple[int, int]], pages: int) -> Iterable[tuple[int, bytes]]:
    start = 0
    for number, length in lengths:
        data = rest[start : start + length]
        start += length
        # It is sent to browsers as WebP and as nothing else.
        is_whole = len(data) == length and _WEBP.size < length <= MAX_PICTURE_BYTES
        if not is_whole or not 0 < number <= pages:
            raise ValueError("malformed picture")
        riff, _size, webp = _WEBP.unpack_from(data)
        if (riff, webp) != (b"RIFF", b"WEBP"):
            raise ValueError("not a picture")
        yield number, data
