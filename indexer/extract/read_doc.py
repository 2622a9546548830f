"""Text of Word 97-2003 documents (.doc), read from the piece table of the binary format."""

import re
import struct
from collections.abc import Iterator
from io import BytesIO
from itertools import pairwise

from olefile import OleFileIO

from indexer.extract.outcome import Outcome, Refused
from indexer.extract.pieces import text_parts
from kb.ports import TextPart

_WORD_97 = 0xA5EC
_WORD_6_95 = 0xA5DC
_IS_ENCRYPTED = 0x0100
_TABLE_1 = 0x0200
_RG_W = 34  # length-prefixed arrays of the file information block begin after its fixed 32 bytes
_CLX_INDEX = 33  # the piece table's place among the offset and length pairs of that block
_PROPERTY_CHANGE, _PIECE_TABLE = 1, 2
_IS_COMPRESSED = 0x4000_0000

_FIELD_BEGIN, _FIELD_RESULT, _FIELD_END = "\x13", "\x14", "\x15"
_CONTROLS = str.maketrans(
    {
        "\r": "\n",
        "\x0b": "\n",
        "\x0c": "\n",
        "\x0e": "\n",
        "\x1e": "-",
        **dict.fromkeys("\x01\x02\x03\x04\x05\x06\x08\x1f", ""),
    }
)


def read(data: bytes) -> Iterator[TextPart]:
    """Yield the text in parts of kind ``text``: the body, then notes, margins and text boxes.

    Raises:
        Refused: if the document is encrypted or older than Word 97.
        ValueError, IndexError: if the structure makes no sense.
    """
    with OleFileIO(BytesIO(data)) as container:
        main = container.openstream("WordDocument").read()
        flags = _flags(main)
        table = container.openstream("1Table" if flags & _TABLE_1 else "0Table").read()
    text = "".join(_pieces(main, _clx(main, table)))
    yield from text_parts(_visible(text).splitlines())


def is_encrypted(main: bytes) -> bool:
    """Tell from the beginning of the ``WordDocument`` stream whether it is encrypted."""
    return len(main) >= 12 and bool(_unpack("<H", main, 10) & _IS_ENCRYPTED)


def _flags(main: bytes) -> int:
    magic = _unpack("<H", main, 0)
    if magic == _WORD_6_95:
        raise Refused(Outcome.OLD_FORMAT)
    if magic != _WORD_97:
        raise ValueError("not a Word document stream")
    if is_encrypted(main):
        raise Refused(Outcome.ENCRYPTED)
    return _unpack("<H", main, 10)


def _clx(main: bytes, table: bytes) -> bytes:
    """Return the structure that holds the piece table, found through the file information block."""
    words = _unpack("<H", main, _RG_W - 2)
    longs_at = _RG_W + 2 * words + 2
    longs = _unpack("<H", main, longs_at - 2)
    pairs_at = longs_at + 4 * longs + 2
    if _unpack("<H", main, pairs_at - 2) <= _CLX_INDEX:
        raise ValueError("no piece table")
    offset = _unpack("<I", main, pairs_at + 8 * _CLX_INDEX)
    length = _unpack("<I", main, pairs_at + 8 * _CLX_INDEX + 4)
    clx = table[offset : offset + length]
    if not length or len(clx) != length:
        raise ValueError("piece table outside its stream")
    return clx


def _pieces(main: bytes, clx: bytes) -> Iterator[str]:
    """Yield the document's text piece by piece."""
    at = 0
    while clx[at] == _PROPERTY_CHANGE:
        at += 3 + _unpack("<H", clx, at + 1)
    if clx[at] != _PIECE_TABLE:
        raise ValueError("unexpected structure before the piece table")
    table = clx[at + 5 : at + 5 + _unpack("<I", clx, at + 1)]
    count = (len(table) - 4) // 12
    positions = struct.unpack_from(f"<{count + 1}I", table)
    for number, (start, end) in enumerate(pairwise(positions)):
        if end <= start:
            raise ValueError("pieces out of order")
        place = _unpack("<I", table, 4 * (count + 1) + 8 * number + 2)
        yield _piece_text(main, place, end - start)


def _piece_text(main: bytes, place: int, characters: int) -> str:
    if place & _IS_COMPRESSED:
        start = (place & ~_IS_COMPRESSED) // 2
        return main[start : start + characters].decode("cp1252", "replace")
    return main[place : place + 2 * characters].decode("utf-16-le", "replace")


def _visible(text: str) -> str:
    """Return the text without field codes and with control characters as line breaks and bars."""
    shown: list[str] = []
    in_code: list[bool] = []
    for chunk in re.split("([\x13-\x15])", text):
        if chunk == _FIELD_BEGIN:
            in_code.append(True)
        elif chunk == _FIELD_RESULT and in_code:
            in_code[-1] = False
        elif chunk == _FIELD_END and in_code:
            in_code.pop()
        elif not any(in_code):
            shown.append(chunk)
    rows = "".join(shown).translate(_CONTROLS).replace("\x07\x07", "\n")
    return rows.replace("\x07", " | ")


def _unpack(layout: str, data: bytes, offset: int) -> int:
    if offset + struct.calcsize(layout) > len(data):
        raise ValueError("structure ends too early")
    return int(struct.unpack_from(layout, data, offset)[0])
