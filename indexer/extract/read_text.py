"""Text of plain text files (.txt, .md) in the encodings that Chinese offices use."""

import codecs
from collections.abc import Iterator

from indexer.extract.outcome import Outcome, Refused
from indexer.extract.pieces import text_parts
from kb.ports import TextPart

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# A few damaged bytes should not hide a file; more than this share means that the guess is wrong.
_TOLERATED_DAMAGE = 0.01


def read(data: bytes) -> Iterator[TextPart]:
    """Yield the text in parts of kind ``text``.

    Raises:
        Refused: if the encoding is not recognised.
    """
    yield from text_parts(decoded(data).splitlines())


def decoded(data: bytes) -> str:
    """Return bytes as text: by byte order mark, else as UTF-8, else as GB18030.

    Raises:
        Refused: if none of them fits, or if NUL bytes show that this is not text.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if b"\0" in data:
        raise Refused(Outcome.MISMATCH)
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    guesses = [data.decode(encoding, "replace") for encoding in ("utf-8", "gb18030")]
    best = min(guesses, key=lambda text: text.count("\ufffd"))
    if best.count("\ufffd") > len(best) * _TOLERATED_DAMAGE:
        raise Refused(Outcome.UNKNOWN_ENCODING)
    return best
