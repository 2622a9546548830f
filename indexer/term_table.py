"""The terms of a segment in order, with where their posting lists lie: small on the disk, read where it is mapped."""

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER = 4
# Every so many terms one is kept in memory: the others are looked for between two of these.
STEP = 32


@dataclass(frozen=True)
class FieldLists:
    """The posting lists of a field: their terms, each once, how many documents each has, and where it begins."""

    terms: list[str]
    counts: NDArray[np.int64]
    offsets: NDArray[np.int64]


def table_bytes(fields: dict[str, FieldLists]) -> Iterator[bytes]:
    """Yield the bytes of a table: the size of its description, the description, and the arrays of each field."""
    parts: list[bytes] = []
    described = []
    for name, lists in fields.items():
        # Code points in order are UTF-8 bytes in order.
        order = np.array(sorted(range(len(lists.terms)), key=lists.terms.__getitem__), np.int64)
        encoded = [lists.terms[number].encode("utf-8", "surrogatepass") for number in order.tolist()]
        ends = np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)))
        wide = len(order) > 0 and int(lists.offsets.max()) >= 1 << 32
        described.append([name, len(order), int(ends[-1]) if len(ends) else 0, 8 if wide else 4])
        parts += [
            lists.offsets[order].astype("<u8" if wide else "<u4").tobytes(),
            lists.counts[order].astype("<u4").tobytes(),
            ends.astype("<u4").tobytes(),
            b"".join(encoded),
        ]
    description = json.dumps(described).encode()
    yield len(description).to_bytes(_HEADER, "little") + description
    yield from parts


class FieldTable:
    """The terms of one field.

    Args:
        buffer: The mapped table.
        place: Where the field's arrays begin.
        described: Number of terms, bytes of all terms, bytes of an offset.
    """

    def __init__(self, buffer: Any, place: int, described: Sequence[int]) -> None:
        count, size, wide = described
        self.offsets = np.frombuffer(buffer, f"<u{wide}", count, place)
        self.counts = np.frombuffer(buffer, "<u4", count, place + count * wide)
        self._ends = np.frombuffer(buffer, "<u4", count, place + count * (wide + 4))
        first = place + count * (wide + 8)
        self._texts = memoryview(buffer)[first : first + size]
        self.end = first + size
        self._sample: list[bytes] | None = None

    def __len__(self) -> int:
        return len(self._ends)

    def term(self, number: int) -> bytes:
        """Return the term at a place in the order."""
        return bytes(self._texts[int(self._ends[number - 1]) if number else 0 : int(self._ends[number])])

    def terms(self) -> list[str]:
        """Return all terms in order."""
        texts, ends = bytes(self._texts), self._ends.tolist()
        return [
            texts[start:end].decode("utf-8", "surrogatepass")
            for start, end in zip([0, *ends], ends, strict=False)
        ]

    def stretches(self, postings: int) -> Iterator[tuple[int, int]]:
        """Yield (first, last) of successive ranges of places with about so many postings each."""
        reached = np.cumsum(self.counts, dtype=np.int64) // postings
        bounds = [0, *(np.flatnonzero(np.diff(reached)) + 1).tolist(), len(self)]
        yield from ((first, last) for first, last in pairwise(bounds) if last > first)

    def place(self, text: bytes) -> int:
        """Return the place of the first term that is not smaller than a text."""
        sample = self._sample
        if sample is None:
            sample = self._sample = [self.term(number) for number in range(0, len(self), STEP)]
        low = max(0, bisect_right(sample, text) - 1) * STEP
        high = min(len(self), low + STEP)
        while low < high:
            middle = (low + high) // 2
            if self.term(middle) < text:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, text: bytes) -> int | None:
        """Return the place of a term, or ``None``."""
        place = self.place(text)
        return place if place < len(self) and self.term(place) == text else None


def read_table(buffer: Any) -> dict[str, FieldTable]:
    """Return the fields of a mapped table."""
    size = int.from_bytes(buffer[:_HEADER], "little")
    place = _HEADER + size
    fields = {}
    for name, *described in json.loads(bytes(buffer[_HEADER:place])):
        fields[name] = FieldTable(buffer, place, described)
        place = fields[name].end
    return fields
