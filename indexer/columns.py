"""Columns of a segment whose values are read where they lie: byte strings, and records of a fixed size."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.columns import Column, ColumnReader, ColumnWriter

IntArray = NDArray[np.int64]


@dataclass
class Values:
    """Values of a column for some documents.

    ``docs`` are their numbers, ascending; the value of each is ``sizes`` bytes of ``data`` from ``starts``
    on. Values may overlap: what two passages share is there once.
    """

    docs: IntArray
    starts: IntArray
    sizes: IntArray
    data: bytes


class ValuesWriter(ColumnWriter):  # type: ignore[misc]
    """Collects values, the numbers of the documents that have one, and where each begins."""

    def __init__(self, dbfile: Any) -> None:
        self._dbfile = dbfile
        self._written = 0
        self._parts: list[Values] = []
        self._single: list[tuple[int, int, int]] = []

    def add(self, docnum: int, value: bytes) -> None:
        """Add the value of a document; an empty one means that it has none."""
        if value:
            self._dbfile.write(value)
            self._single.append((docnum, self._written, len(value)))
            self._written += len(value)

    def add_many(self, values: Values) -> None:
        """Add the values of many documents, all of them behind those that were added before."""
        self._gather()
        self._dbfile.write(values.data)
        self._parts.append(Values(values.docs, self._written + values.starts, values.sizes, b""))
        self._written += len(values.data)

    def fill(self, docnum: int) -> None:
        """Documents without a value need no filling."""

    def _gather(self) -> None:
        if self._single:
            docs, starts, sizes = np.array(self._single, np.int64).T
            self._parts.append(Values(docs, starts, sizes, b""))
            self._single = []

    def gathered(self) -> tuple[IntArray, IntArray, IntArray]:
        """Return the numbers of documents, where the value of each begins, and its size."""
        self._gather()
        none = [np.empty(0, np.int64)]
        return (
            np.concatenate([part.docs for part in self._parts] or none),
            np.concatenate([part.starts for part in self._parts] or none),
            np.concatenate([part.sizes for part in self._parts] or none),
        )


class BytesColumn(Column):  # type: ignore[misc]
    """Byte strings, empty for documents without one.

    Behind the bytes stands where each string begins and how long it is: for every document, or, if most
    have none, for those that have one together with their numbers; then how many these are, and what
    kinds of numbers were used.
    """

    def __init__(self) -> None:
        self._default = b""

    def writer(self, dbfile: Any) -> "BytesWriter":
        """Return a writer of byte strings."""
        return BytesWriter(dbfile)

    def reader(self, dbfile: Any, basepos: int, length: int, doccount: int) -> "BytesReader":
        """Return a reader of byte strings."""
        return BytesReader(dbfile, basepos, length)


# Bits of the last byte of a column: a value for every document, long starts, long sizes.
_DENSE, _LONG_STARTS, _LONG_SIZES = 1, 2, 4


class BytesWriter(ValuesWriter):
    """Writes byte strings and where they stand."""

    def finish(self, doccount: int) -> None:
        """Write starts and sizes behind the strings."""
        docs, starts, sizes = self.gathered()
        kind = _DENSE * (len(docs) * 2 > doccount)
        kind |= _LONG_STARTS * (self._written >= 1 << 32)
        kind |= _LONG_SIZES * (int(sizes.max(initial=0)) >= 1 << 16)
        if kind & _DENSE:
            every = np.zeros((2, doccount), np.int64)
            every[0, docs], every[1, docs] = starts, sizes
            starts, sizes = every
        start_type, size_type = _types(kind)
        self._dbfile.write(starts.astype(start_type).tobytes())
        self._dbfile.write(sizes.astype(size_type).tobytes())
        if not kind & _DENSE:
            self._dbfile.write(docs.astype("<u4").tobytes())
        self._dbfile.write(len(starts).to_bytes(4, "little") + bytes([kind]))


def _types(kind: int) -> tuple[np.dtype[Any], np.dtype[Any]]:
    return np.dtype("<u8" if kind & _LONG_STARTS else "<u4"), np.dtype("<u4" if kind & _LONG_SIZES else "<u2")


class BytesReader(ColumnReader):  # type: ignore[misc]
    """Byte strings by document number."""

    def __init__(self, dbfile: Any, basepos: int, length: int) -> None:
        self._raw = raw = memoryview(dbfile._buf)[basepos : basepos + length]
        count, kind = int.from_bytes(raw[-5:-1], "little"), raw[-1]
        start_type, size_type = _types(kind)
        place = length - 5
        self._docs: NDArray[Any] | None = None
        if not kind & _DENSE:
            place -= 4 * count
            self._docs = np.frombuffer(raw, "<u4", count, place)
        place -= count * size_type.itemsize
        self._sizes = np.frombuffer(raw, size_type, count, place)
        self._starts = np.frombuffer(raw, start_type, count, place - count * start_type.itemsize)

    def __getitem__(self, docnum: int) -> memoryview:
        row = docnum
        if self._docs is not None:
            row = int(np.searchsorted(self._docs, docnum))
            if row == len(self._docs) or self._docs[row] != docnum:
                return self._raw[:0]
        start = int(self._starts[row])
        return self._raw[start : start + int(self._sizes[row])]

    def values(self, docs: IntArray) -> Values:
        """Return the values of those of some ascending documents that have one."""
        rows = docs if self._docs is None else np.flatnonzero(np.isin(self._docs, docs))
        rows = rows[self._sizes[rows] > 0]
        kept = rows if self._docs is None else self._docs[rows].astype(np.int64)
        starts, sizes = self._starts[rows].astype(np.int64), self._sizes[rows].astype(np.int64)
        if not len(rows):
            return Values(kept, starts, sizes, b"")
        # What stays beside its neighbour is copied together with it, so that they go on sharing.
        firsts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
        ends = np.maximum.reduceat(starts + sizes, firsts)
        begins = starts[firsts]
        bases = np.cumsum(ends - begins) - (ends - begins)
        moved = starts + np.repeat(bases - begins, np.diff(firsts, append=len(rows)))
        stretches = zip(begins.tolist(), ends.tolist(), strict=True)
        return Values(kept, moved, sizes, b"".join(self._raw[begin:end] for begin, end in stretches))


class RecordColumn(Column):  # type: ignore[misc]
    """A column of fixed-size records for those documents that have one, read as one structured array.

    Args:
        description: NumPy description of the record, little-endian.
    """

    def __init__(self, description: list[tuple[str, str]]) -> None:
        self.description = description
        self._default = b""

    def writer(self, dbfile: Any) -> "RecordWriter":
        """Return a writer of raw records."""
        return RecordWriter(dbfile)

    def reader(self, dbfile: Any, basepos: int, length: int, doccount: int) -> "RecordReader":
        """Return a reader of raw records, with all of them as ``records`` at ``docs``."""
        return RecordReader(dbfile, basepos, length, np.dtype(self.description))


class RecordWriter(ValuesWriter):
    """Appends raw records and, at the end, the document numbers they belong to."""

    def finish(self, doccount: int) -> None:
        """Write the document numbers behind the records."""
        self._dbfile.write(self.gathered()[0].astype("<u4").tobytes())


class RecordReader(ColumnReader):  # type: ignore[misc]
    """All records of a segment as arrays."""

    def __init__(self, dbfile: Any, basepos: int, length: int, dtype: np.dtype[Any]) -> None:
        count = length // (dtype.itemsize + 4)
        raw = dbfile.get(basepos, length)
        self.records = np.frombuffer(raw, dtype, count)
        self.docs = np.frombuffer(raw, "<u4", count, count * dtype.itemsize)

    def __getitem__(self, docnum: int) -> bytes:
        row = int(np.searchsorted(self.docs, docnum))
        if row < len(self.docs) and self.docs[row] == docnum:
            return bytes(self.records[row].tobytes())
        return b""

    def values(self, docs: IntArray) -> Values:
        """Return the records of those of some ascending documents that have one."""
        rows = np.flatnonzero(np.isin(self.docs, docs))
        size = self.records.dtype.itemsize
        sizes = np.full(len(rows), size, np.int64)
        starts = np.arange(len(rows)) * size
        return Values(self.docs[rows].astype(np.int64), starts, sizes, self.records[rows].tobytes())
