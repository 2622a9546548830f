"""A Whoosh codec whose posting lists and columns are NumPy arrays in the segment files.

Whoosh keeps its schema, writer, segments, merges and deletions; only the bytes of a posting list
differ: one run of gaps and one of frequencies instead of pickled blocks, so that a whole list is
read as an array. Stock matchers still work on top (see ``postings_reader``).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec import whoosh3
from whoosh.columns import Column, ColumnReader, ColumnWriter, VarBytesColumn
from whoosh.matching import ListMatcher
from whoosh.util.numeric import length_to_byte

from indexer.posting_pool import HAS_FREQUENCIES, ArrayPostingPool, Lists

_WIDTHS: dict[int, np.dtype[Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}
# The struct of ``W3TermInfo`` followed by offset and length, as Whoosh reads it back.
TERM_INFO = np.dtype(
    [
        ("inlined", "u1"),
        ("weight", ">f4"),
        ("count", ">u4"),
        ("shortest", "u1"),
        ("longest", "u1"),
        ("heaviest", ">f4"),
        ("first", ">u4"),
        ("last", ">u4"),
        ("offset", ">i8"),
        ("length", ">i4"),
    ]
)
_LENGTH_RANGE = (length_to_byte(1), length_to_byte(255))
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]
Rows = NDArray[np.int32]
Counts = NDArray[np.uint8]


def decode_postings(buffer: Any, offset: int, count: int) -> tuple[Rows, Counts]:
    """Return document numbers and frequencies of the list of ``count`` postings at ``offset``."""
    flags = buffer[offset]
    width = flags & 7
    gaps = np.frombuffer(buffer, _WIDTHS[width], count, offset + 1)
    docs = np.cumsum(gaps, dtype=np.int32)
    if not flags & HAS_FREQUENCIES:
        return docs, np.ones(count, np.uint8)
    return docs, np.frombuffer(buffer, np.uint8, count, offset + 1 + count * width)


class ArrayFieldWriter(whoosh3.W3FieldWriter):  # type: ignore[misc]
    """Writes the term dictionary and the posting lists of a segment."""

    def add_postings(self, schema: Any, lengths: Any, items: Iterable[Any]) -> None:
        """Write everything in the pool; called once, when a segment is finished."""
        if not isinstance(items, ArrayPostingPool):
            raise TypeError("segments of this codec are written from an ArrayPostingPool")
        for name in items.names():
            self.start_field(name, schema[name])
            lists = items.write_lists(name, self._postfile)
            terms, numbers = items.terms(name)
            field_key, add = whoosh3.pack_ushort(self._fieldid), self._tindex.add
            for term, described in zip(terms, _described(lists, numbers), strict=True):
                add(field_key + term.encode("utf-8", "surrogatepass"), described)
            self.finish_field()


def _described(lists: Lists, numbers: IntArray) -> Iterator[bytes]:
    """Yield what Whoosh's term dictionary says of each list, in its own binary form."""
    rows = np.zeros(len(numbers), TERM_INFO)
    rows["weight"], rows["count"] = lists.weights[numbers], lists.counts[numbers]
    rows["shortest"], rows["longest"] = _LENGTH_RANGE
    rows["heaviest"] = lists.heaviest[numbers]
    rows["first"], rows["last"] = lists.firsts[numbers], lists.lasts[numbers]
    rows["offset"], rows["length"] = lists.offsets[numbers], lists.lengths[numbers]
    data, size = rows.tobytes(), TERM_INFO.itemsize
    return (data[place : place + size] for place in range(0, len(data), size))


class ArrayTermsReader(whoosh3.W3TermsReader):  # type: ignore[misc]
    """Reads whole posting lists as arrays."""

    def posting_list(self, fieldname: str, text: bytes) -> tuple[Rows, Counts] | None:
        """Return document numbers and frequencies of a term, or ``None`` if it does not occur."""
        if fieldname not in self._fieldmap:
            return None
        try:
            terminfo = whoosh3.W3TermInfo.from_bytes(self._tindex[self._keycoder(fieldname, text)])
        except KeyError:
            return None
        return decode_postings(self._postfile._buf, terminfo.extent()[0], terminfo._df)


class ArrayCodec(whoosh3.W3Codec):  # type: ignore[misc]
    """Whoosh's own codec with posting lists as arrays."""

    length_stats = False

    def field_writer(self, storage: Any, segment: Any) -> ArrayFieldWriter:
        """Return the writer of a new segment's terms."""
        return ArrayFieldWriter(self, storage, segment)

    def postings_reader(
        self, dbfile: Any, terminfo: Any, format_: Any, term: Any = None, scorer: Any = None
    ) -> ListMatcher:
        """Return a stock matcher over a posting list, for Whoosh's own queries and merges."""
        docs, frequencies = decode_postings(dbfile._buf, terminfo.extent()[0], terminfo._df)
        return ListMatcher(
            docs.tolist(),
            frequencies.tolist(),
            [b""] * len(docs),
            format_,
            scorer=scorer,
            term=term,
            terminfo=terminfo,
        )

    def terms_reader(self, storage: Any, segment: Any) -> ArrayTermsReader:
        """Return the reader of a segment's terms."""
        name = segment.make_filename(self.TERMS_EXT)
        postings = segment.open_file(storage, self.POSTS_EXT)
        return ArrayTermsReader(self, storage.open_file(name), storage.file_length(name), postings)


class BytesColumn(VarBytesColumn):  # type: ignore[misc]
    """Whoosh's column of byte strings, with places that are right for every document.

    The stock writer takes the list of places before it completes it for documents without a value at
    the end, and loses that completion whenever the list has just outgrown its type of number.
    """

    def __init__(self) -> None:
        super().__init__(write_offsets_cutoff=0)

    def writer(self, dbfile: Any) -> "BytesWriter":
        """Return a writer of byte strings."""
        return BytesWriter(dbfile, self.allow_offsets, self.write_offsets_cutoff)


class BytesWriter(VarBytesColumn.Writer):  # type: ignore[misc]
    """Completes the list of places before anything is written."""

    def finish(self, doccount: int) -> None:
        """Write lengths and places behind the strings."""
        self.fill(doccount)
        self._count = doccount
        super().finish(doccount)


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


class RecordWriter(ColumnWriter):  # type: ignore[misc]
    """Appends raw records and, at the end, the document numbers they belong to."""

    def __init__(self, dbfile: Any) -> None:
        self._dbfile = dbfile
        self._docs: list[int] = []

    def add(self, docnum: int, value: bytes) -> None:
        """Add the record of a document; an empty value means that it has none."""
        if value:
            self._dbfile.write(value)
            self._docs.append(docnum)

    def fill(self, docnum: int) -> None:
        """Documents without a record need no filling."""

    def finish(self, doccount: int) -> None:
        """Write the document numbers behind the records."""
        self._dbfile.write(np.array(self._docs, "<u4").tobytes())


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
