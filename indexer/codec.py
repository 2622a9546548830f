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

_WIDTHS: dict[int, np.dtype[Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2"), 4: np.dtype("<u4")}
_HAS_FREQUENCIES = 8
IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]


def encode_postings(docs: NDArray[Any], frequencies: NDArray[Any]) -> bytes:
    """Return the bytes of a posting list of ascending document numbers and frequencies up to 255."""
    gaps = np.diff(docs, prepend=0)
    widest = int(gaps.max(initial=0))
    width = 1 if widest < 1 << 8 else 2 if widest < 1 << 16 else 4
    body: bytes = gaps.astype(_WIDTHS[width]).tobytes()
    if frequencies.max(initial=1) <= 1:
        return bytes([width]) + body
    counts: bytes = np.minimum(frequencies, 255).astype(np.uint8).tobytes()
    return bytes([width | _HAS_FREQUENCIES]) + body + counts


def decode_postings(buffer: Any, offset: int, count: int) -> tuple[IntArray, FloatArray]:
    """Return document numbers and frequencies of the list of ``count`` postings at ``offset``."""
    flags = buffer[offset]
    width = flags & 7
    gaps = np.frombuffer(buffer, _WIDTHS[width], count, offset + 1)
    docs = np.cumsum(gaps, dtype=np.int64)
    if not flags & _HAS_FREQUENCIES:
        return docs, np.ones(count, np.float32)
    packed = np.frombuffer(buffer, np.uint8, count, offset + 1 + count * width)
    return docs, packed.astype(np.float32)


class ArrayPostingPool:
    """Collects postings as integers and hands them out sorted, without a Python object per posting."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, bytes], int] = {}
        self._terms: list[int] = []
        self._docs: list[int] = []
        self._frequencies: list[int] = []
        self._runs: list[tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint8]]] = []

    def add(self, item: tuple[str, bytes, int, float, bytes]) -> None:
        """Add one posting as Whoosh's writer gives it."""
        fieldname, text, doc, weight, _value = item
        ids = self._ids
        self._terms.append(ids.setdefault((fieldname, text), len(ids)))
        self._docs.append(doc)
        self._frequencies.append(min(255, int(weight)))
        if len(self._terms) >= 1 << 20:
            self._pack()

    def _pack(self) -> None:
        if self._terms:
            self._runs.append(
                (
                    np.array(self._terms, np.uint32),
                    np.array(self._docs, np.uint32),
                    np.array(self._frequencies, np.uint8),
                )
            )
            self._terms, self._docs, self._frequencies = [], [], []

    def posting_lists(self) -> Iterator[tuple[str, bytes, NDArray[Any], NDArray[Any]]]:
        """Yield (field name, term, document numbers, frequencies) in the order of fields and terms."""
        self._pack()
        if not self._runs:
            return
        terms, docs, frequencies = (np.concatenate(column) for column in zip(*self._runs, strict=True))
        self._runs = []
        order = np.lexsort((docs, terms))
        terms, docs, frequencies = terms[order], docs[order], frequencies[order]
        bounds = np.searchsorted(terms, np.arange(len(self._ids) + 1))
        for key in sorted(self._ids):
            number = self._ids[key]
            first, last = bounds[number], bounds[number + 1]
            yield key[0], key[1], docs[first:last], frequencies[first:last]

    def iter_postings(self) -> "ArrayPostingPool":
        """Return the pool itself; ``ArrayFieldWriter`` takes whole lists from it."""
        return self

    def cleanup(self) -> None:
        """Forget everything."""
        self._ids, self._runs = {}, []


class ArrayPostingsWriter(whoosh3.W3PostingsWriter):  # type: ignore[misc]
    """Writes one posting list as one run of arrays."""

    def write_list(self, terminfo: Any, docs: NDArray[Any], frequencies: NDArray[Any]) -> None:
        """Write a whole list and describe it in ``terminfo``."""
        offset = self._postfile.tell()
        data = encode_postings(docs, frequencies)
        self._postfile.write(data)
        terminfo._weight = float(frequencies.sum(dtype=np.int64))
        terminfo._df = len(docs)
        terminfo._minlength, terminfo._maxlength = 1, 255
        terminfo._maxweight = float(frequencies.max())
        terminfo._minid, terminfo._maxid = int(docs[0]), int(docs[-1])
        terminfo.set_extent(offset, len(data))


class ArrayFieldWriter(whoosh3.W3FieldWriter):  # type: ignore[misc]
    """Writes the term dictionary and the posting lists of a segment."""

    def add_postings(self, schema: Any, lengths: Any, items: Iterable[Any]) -> None:
        """Write everything in the pool; called once, when a segment is finished."""
        if not isinstance(items, ArrayPostingPool):
            raise TypeError("segments of this codec are written from an ArrayPostingPool")
        current = None
        for fieldname, text, docs, frequencies in items.posting_lists():
            if fieldname != current:
                if current is not None:
                    self.finish_field()
                self.start_field(fieldname, schema[fieldname])
                current = fieldname
            terminfo = whoosh3.W3TermInfo()
            self._postwriter.write_list(terminfo, docs, frequencies)
            self._tindex.add(whoosh3.pack_ushort(self._fieldid) + text, terminfo.to_bytes())
        if current is not None:
            self.finish_field()


class ArrayTermsReader(whoosh3.W3TermsReader):  # type: ignore[misc]
    """Reads whole posting lists as arrays."""

    def posting_list(self, fieldname: str, text: bytes) -> tuple[IntArray, FloatArray] | None:
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

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> ArrayPostingsWriter:
        """Return the writer of posting lists."""
        return ArrayPostingsWriter(dbfile, blocklimit=1, byteids=byteids)

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
