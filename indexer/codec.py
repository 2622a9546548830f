"""A Whoosh codec whose posting lists, terms and columns are NumPy arrays in the segment files.

Whoosh keeps its schema, writer, segments, merges and deletions; only the bytes differ, so that a whole
list is read as an array. Stock matchers still work on top (see ``postings_reader``).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.codec import base, whoosh3
from whoosh.matching import ListMatcher
from whoosh.reading import TermInfo, TermNotFound
from whoosh.util.numeric import byte_to_length, length_to_byte

from indexer.columns import Values
from indexer.posting_lists import Counts as Counts
from indexer.posting_lists import IntArray as IntArray
from indexer.posting_lists import Rows as Rows
from indexer.posting_lists import decode_lists, decode_postings
from indexer.posting_pool import ArrayPostingPool
from indexer.term_table import FieldTable, read_table, table_bytes

_LENGTHS = np.array([0, *map(byte_to_length, range(1, 256))], np.int64)
FloatArray = NDArray[np.float32]
# What Whoosh may believe of the lengths of documents, which is always true.
SHORTEST, LONGEST = byte_to_length(length_to_byte(1)), byte_to_length(255)


class ListInfo(TermInfo):  # type: ignore[misc]
    """What Whoosh asks about a term, read from its posting list."""

    def __init__(self, docs: Rows, frequencies: Counts) -> None:
        super().__init__(
            weight=float(frequencies.sum(dtype=np.int64)),
            df=len(docs),
            minlength=SHORTEST,
            maxlength=LONGEST,
            maxweight=float(frequencies.max()),
            minid=int(docs[0]),
            maxid=int(docs[-1]),
        )


class ArrayDocWriter(whoosh3.W3PerDocWriter):  # type: ignore[misc]
    """Whoosh's writer of what belongs to documents, for many documents at once as well."""

    def add_documents(self, count: int) -> int:
        """Begin ``count`` documents and return the number of the first."""
        first: int = self._doccount
        self._doccount += count
        return first

    def add_values(self, name: str, column: Any, values: Values) -> None:
        """Add the values of a column for many documents."""
        if not self._has_column(name):
            self._create_column(name, column)
        self._get_column(name).add_many(values)

    def add_lengths(self, name: str, first: int, lengths: IntArray) -> None:
        """Add the lengths of a field for as many documents from ``first`` on; zero where it is missing."""
        column = whoosh3._lenfield(name)
        if not self._has_column(column):
            self._create_column(column, whoosh3.LENGTHS_COLUMN)
        writer = self._get_column(column)
        writer.fill(first)
        writer._dbfile.write(bytes(map(length_to_byte, lengths.tolist())))
        writer._count = first + len(lengths)
        self._fieldlengths[name] += int(lengths.sum())

    def take_lengths(self, name: str, first: int, reader: Any, docs: IntArray) -> None:
        """Take over the lengths of a field for some documents of another segment."""
        known = reader._cached_reader(whoosh3._lenfield(name), whoosh3.LENGTHS_COLUMN)
        if known is not None:
            lengths = np.zeros(reader.doc_count_all(), np.int64)
            raw = known._dbfile.get(known._basepos, known._count)
            lengths[: len(raw)] = _LENGTHS[np.frombuffer(raw, np.uint8)]
            self.add_lengths(name, first, lengths[docs])


class ArrayFieldWriter(base.FieldWriter):  # type: ignore[misc]
    """Writes the terms and the posting lists of a segment."""

    def __init__(self, storage: Any, segment: Any) -> None:
        self._tables = segment.create_file(storage, ArrayCodec.TERMS_EXT)
        self._lists = segment.create_file(storage, ArrayCodec.POSTS_EXT)
        self.is_closed = False

    def add_postings(self, schema: Any, lengths: Any, items: Iterable[Any]) -> None:
        """Write everything in the pool; called once, when a segment is finished."""
        if not isinstance(items, ArrayPostingPool):
            raise TypeError("segments of this codec are written from an ArrayPostingPool")
        written = {name: items.write_lists(name, self._lists) for name in items.names()}
        for part in table_bytes(written):
            self._tables.write(part)

    def close(self) -> None:
        """Close both files."""
        self._tables.close()
        self._lists.close()
        self.is_closed = True


class ArrayTermsReader(base.TermsReader):  # type: ignore[misc]
    """Finds terms, and reads whole posting lists as arrays."""

    def __init__(self, tables: Any, lists: Any) -> None:
        self._files = (tables, lists)
        self.fields: dict[str, FieldTable] = read_table(tables._buf) if len(tables._buf) else {}

    def posting_list(self, fieldname: str, text: bytes) -> tuple[Rows, Counts] | None:
        """Return document numbers and frequencies of a term, or ``None`` if it does not occur."""
        field = self.fields.get(fieldname)
        place = None if field is None else field.find(text)
        return None if field is None or place is None else self.list_at(field, place)

    def list_at(self, field: FieldTable, place: int) -> tuple[Rows, Counts]:
        """Return document numbers and frequencies of the term at a place in a field's order."""
        return decode_postings(self._files[1]._buf, int(field.offsets[place]), int(field.counts[place]))

    def lists_at(self, field: FieldTable, first: int, last: int) -> tuple[Rows, Counts]:
        """Return document numbers and frequencies of the terms at some places, one list after the other."""
        offsets = field.offsets[first:last].astype(np.int64)
        return decode_lists(self._files[1]._buf, offsets, field.counts[first:last].astype(np.int64))

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        return term[0] in self.fields and self.fields[term[0]].find(term[1]) is not None

    def indexed_field_names(self) -> Iterable[str]:
        """Return the names of the fields."""
        return self.fields.keys()

    def cursor(self, fieldname: str, fieldobj: Any) -> "ArrayCursor":
        """Return a cursor over the terms of a field."""
        return ArrayCursor(self, self.fields.get(fieldname), fieldobj)

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """Yield (field, term) of all terms in order."""
        return (
            (name, field.term(place)) for name, field in self.fields.items() for place in range(len(field))
        )

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield (field, term) from a term on."""
        return (term for term, _info in self.items_from(fieldname, prefix))

    def items(self) -> Iterator[tuple[tuple[str, bytes], ListInfo]]:
        """Yield every (field, term) with what is known of it."""
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[tuple[str, bytes], ListInfo]]:
        """Yield (field, term) with what is known of it from a term on."""
        names = [name for name in self.fields if name >= fieldname]
        for name in names:
            field = self.fields[name]
            for place in range(field.place(prefix) if name == fieldname else 0, len(field)):
                yield (name, field.term(place)), ListInfo(*self.list_at(field, place))

    def term_info(self, fieldname: str, text: bytes) -> ListInfo:
        """Return what is known of a term.

        Raises:
            TermNotFound: if it does not occur.
        """
        found = self.posting_list(fieldname, text)
        if found is None:
            raise TermNotFound(f"No term {fieldname}:{text!r}")
        return ListInfo(*found)

    def frequency(self, fieldname: str, text: bytes) -> float:
        """Return how often a term occurs."""
        found = self.posting_list(fieldname, text)
        return 0 if found is None else float(found[1].sum(dtype=np.int64))

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """Return in how many documents a term occurs."""
        field = self.fields.get(fieldname)
        place = None if field is None else field.find(text)
        return 0 if field is None or place is None else int(field.counts[place])

    def matcher(self, fieldname: str, text: bytes, format_: Any, scorer: Any = None) -> ListMatcher:
        """Return a stock matcher over a posting list, for Whoosh's own queries."""
        found = self.posting_list(fieldname, text)
        if found is None:
            raise TermNotFound(f"No term {fieldname}:{text!r}")
        return ListMatcher(
            found[0].tolist(),
            found[1].tolist(),
            [b""] * len(found[0]),
            format_,
            scorer=scorer,
            term=(fieldname, text),
            terminfo=ListInfo(*found),
        )

    def close(self) -> None:
        """Close both files."""
        self.fields = {}
        for file in self._files:
            file.close()


class ArrayCursor(base.FieldCursor):  # type: ignore[misc]
    """Walks over the terms of a field, for Whoosh's own prefix and fuzzy queries."""

    def __init__(self, reader: ArrayTermsReader, field: FieldTable | None, fieldobj: Any) -> None:
        self._reader, self._field, self._fieldobj = reader, field, fieldobj
        self._place = 0

    def is_valid(self) -> bool:
        """Return whether the cursor stands on a term."""
        return self._field is not None and self._place < len(self._field)

    def text(self) -> Any:
        """Return the term under the cursor, or ``None`` behind the last."""
        if self._field is None or not self.is_valid():
            return None
        return self._fieldobj.from_bytes(self._field.term(self._place))

    def first(self) -> Any:
        """Go to the first term."""
        self._place = 0
        return self.text()

    def next(self) -> Any:
        """Go to the next term."""
        self._place += 1
        return self.text()

    def find(self, term: Any) -> Any:
        """Go to the first term that is not smaller."""
        if self._field is not None:
            wanted = term if isinstance(term, bytes) else self._fieldobj.to_bytes(term)
            self._place = self._field.place(wanted)
        return self.text()

    def term_info(self) -> ListInfo | None:
        """Return what is known of the term under the cursor."""
        if self._field is None or not self.is_valid():
            return None
        return ListInfo(*self._reader.list_at(self._field, self._place))


class ArrayCodec(whoosh3.W3Codec):  # type: ignore[misc]
    """Whoosh's own codec with arrays for what is searched."""

    length_stats = False

    def per_document_writer(self, storage: Any, segment: Any) -> ArrayDocWriter:
        """Return the writer of what belongs to the documents of a new segment."""
        return ArrayDocWriter(self, storage, segment)

    def field_writer(self, storage: Any, segment: Any) -> ArrayFieldWriter:
        """Return the writer of a new segment's terms."""
        return ArrayFieldWriter(storage, segment)

    def terms_reader(self, storage: Any, segment: Any) -> ArrayTermsReader:
        """Return the reader of a segment's terms."""
        tables = storage.open_file(segment.make_filename(self.TERMS_EXT))
        return ArrayTermsReader(tables, segment.open_file(storage, self.POSTS_EXT))
