"""Text of comma, semicolon or tab separated tables (.csv), row by row."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from indexer.extract.read_text import decoded
from indexer.extract.sheets import MAX_COLUMNS, row_parts
from kb.ports import TextPart


def read(data: bytes) -> Iterator[TextPart]:
    """Yield one part of kind ``sheet`` without label for each row that has text.

    Raises:
        Refused: if the encoding is not recognised.
        Cut: after the last part, if the table exceeds the caps.
    """
    text = decoded(data)
    heading = text.partition("\n")[0]
    delimiter = max(",;\t", key=heading.count)
    csv.field_size_limit(max(len(text), 1))
    rows = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
    yield from row_parts("", _numbered(rows))


def _numbered(rows: Iterable[list[str]]) -> Iterator[tuple[int, Iterable[str]]]:
    for number, row in enumerate(rows, start=1):
        yield number, row[:MAX_COLUMNS]
