"""One committed state of the index, opened as arrays: heads, passages and posting lists."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray
from whoosh.index import FileIndex
from whoosh.reading import SegmentReader

from indexer.codec import Counts, IntArray, Rows
from indexer.documents import CURSOR
from indexer.fold import squeeze

BoolArray = NDArray[np.bool_]
MOST_SQUEEZED = 50_000
MOST_MASKS = 64
MOST_STATES = 8


@dataclass
class Leaf:
    """The arrays of one segment; they never change, so later snapshots use them again."""

    reader: Any
    heads: NDArray[Any]
    places: NDArray[Any]
    row_of_doc: Rows
    head_of_passage: Rows
    head_docs: IntArray
    place_docs: IntArray
    # Kept here because a segment's titles never change; see ``indexer.title_texts``.
    title_block: Any = None
    _squeezed: dict[int, str] = field(default_factory=dict)

    @classmethod
    def open(cls, reader: SegmentReader) -> "Leaf":
        """Read the columns of a segment."""
        head = _column(reader, "head")
        place = _column(reader, "place")
        head_docs, place_docs = head.docs.astype(np.int64), place.docs.astype(np.int64)
        rows = np.full(reader.doc_count_all(), -1, np.int32)
        rows[head_docs] = np.arange(len(head_docs))
        rows[place_docs] = np.arange(len(place_docs))
        owners = (np.searchsorted(head_docs, place_docs, side="right") - 1).astype(np.int32)
        return cls(reader, head.records, place.records, rows, owners, head_docs, place_docs)

    @cached_property
    def texts(self) -> Any:
        """The texts of heads and passages by document number."""
        return self.reader.column_reader("text")

    @cached_property
    def labels(self) -> Any:
        """The places in attachments by document number."""
        return self.reader.column_reader("label")

    @cached_property
    def externals(self) -> Any:
        """The external ids by document number."""
        return self.reader.column_reader("external")

    def squeezed(self, doc: int) -> str:
        """Return a text folded and without punctuation; those looked at lately are kept."""
        text = self._squeezed.get(doc)
        if text is None:
            if len(self._squeezed) >= MOST_SQUEEZED:
                self._squeezed.clear()
            text = self._squeezed[doc] = squeeze(bytes(self.texts[doc]).decode("utf-8"))
        return text

    def postings(self, name: str, term: str) -> tuple[Rows, Counts] | None:
        """Return rows (of heads for the title, otherwise of passages) and frequencies."""
        found = self.reader._terms.posting_list(name, term.encode("utf-8", "surrogatepass"))
        return None if found is None else (self.row_of_doc[found[0]], found[1])


@dataclass(frozen=True)
class States:
    """Which heads are in force, over or still to come, at every instant from ``since`` to before ``until``."""

    since: float
    until: float
    current: BoolArray
    ended: BoolArray
    scheduled: BoolArray


class _Empty:
    docs: IntArray = np.empty(0, np.int64)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.records = np.empty(0, dtype)


def _column(reader: SegmentReader, name: str) -> Any:
    column = reader.schema[name].column_type
    if not reader.has_column(name):
        return _Empty(np.dtype(column.description))
    return reader._perdoc.column_reader(name, column)


class Snapshot:
    """All segments of one commit side by side.

    Args:
        index: A verified index.
        known: Leaves of earlier snapshots by segment id.
    """

    def __init__(self, index: FileIndex, known: dict[str, Leaf]) -> None:
        whole = index.reader()
        readers = [reader for reader, _offset in whole.leaf_readers()]
        # The reader's own number: asking the folder could name a commit that came after it.
        self.generation = whole.generation()
        self.leaves: list[Leaf] = []
        self.by_segment: dict[str, Leaf] = {}
        live = []
        self.cursor = -1
        for reader in readers:
            if not isinstance(reader, SegmentReader):
                continue
            segment = reader.segment()
            leaf = known.get(segment.segid) or Leaf.open(reader)
            self.by_segment[segment.segid] = leaf
            self.leaves.append(leaf)
            alive = np.ones(leaf.reader.doc_count_all(), np.bool_)
            alive[list(segment.deleted_docs())] = False
            live.append(alive)
            self._read_cursor(leaf, alive)
        self._join(live)
        self._readable: dict[frozenset[str], BoolArray] = {}
        self._columns: dict[str, Any] = {}
        self._states: list[States] = []

    def _read_cursor(self, leaf: Leaf, alive: BoolArray) -> None:
        found = leaf.reader._terms.posting_list("article", CURSOR.encode())
        for doc in found[0] if found is not None else ():
            if alive[doc]:
                self.cursor = max(self.cursor, int(leaf.labels[int(doc)]))

    def _join(self, live: list[BoolArray]) -> None:
        pairs = list(zip(self.leaves, live, strict=True))
        self.heads = _concat([leaf.heads for leaf in self.leaves])
        self.places = _concat([leaf.places for leaf in self.leaves])
        self.alive: BoolArray = _concat([alive[leaf.head_docs] for leaf, alive in pairs])
        self._head_bases = list(accumulate((len(leaf.heads) for leaf in self.leaves), initial=0))
        self._place_bases = list(accumulate((len(leaf.places) for leaf in self.leaves), initial=0))
        self.head_of: Rows = _concat(
            [
                leaf.head_of_passage + np.int32(base)
                for leaf, base in zip(self.leaves, self._head_bases, strict=False)
            ]
        )
        # First passage of every head; heads without passages share the start of the next one.
        self.first_passage: IntArray = np.searchsorted(self.head_of, np.arange(len(self.heads) + 1))

    @property
    def size(self) -> int:
        """The number of heads, dead ones included."""
        return len(self.heads)

    def base(self, field: str, leaf: int) -> int:
        """Return the first row of a field in the segment at a place."""
        return (self._head_bases if field in _OF_HEADS else self._place_bases)[leaf]

    def postings(self, field: str, term: str, first_leaf: int = 0) -> tuple[Rows, Counts]:
        """Return rows and frequencies of a term over all segments from ``first_leaf`` on; rows ascend."""
        rows, frequencies = [], []
        for number in range(first_leaf, len(self.leaves)):
            found = self.leaves[number].postings(field, term)
            if found is not None:
                base = self.base(field, number)
                rows.append(found[0] + base if base else found[0])
                frequencies.append(found[1])
        if len(rows) == 1:
            return rows[0], frequencies[0]
        if not rows:
            return _NO_ROWS, _NO_FREQUENCIES
        return np.concatenate(rows), np.concatenate(frequencies)

    def readable(self, terms: Iterable[str]) -> BoolArray:
        """Return which living heads carry one of the access terms; the array is not to be changed."""
        wanted = frozenset(terms)
        allowed = self._readable.get(wanted)
        if allowed is None:
            if len(self._readable) >= MOST_MASKS:
                self._readable.clear()
            allowed = np.zeros(self.size, np.bool_)
            for term in wanted:
                allowed[self.postings("access", term)[0]] = True
            allowed &= self.alive
            self._readable[wanted] = allowed
        return allowed

    def states(self, instant: float) -> States:
        """Return which heads are in force at an instant (seconds); the arrays are not to be changed."""
        for known in self._states:
            if known.since <= instant < known.until:
                return known
        found = _states(self, instant)
        self._states = [found, *self._states[: MOST_STATES - 1]]
        return found

    def column(self, name: str) -> Any:
        """Return one column of the heads, contiguous in memory."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = np.ascontiguousarray(self.heads[name])
        return found

    @cached_property
    def article_numbers(self) -> IntArray:
        """The articles of the heads, numbered without gaps."""
        numbers: IntArray = np.unique(self.column("article"), return_inverse=True)[1]
        return numbers

    def passages_of(self, heads: IntArray) -> tuple[IntArray, IntArray]:
        """Return the rows of all passages of some heads, head by head, and how many each head has."""
        firsts = self.first_passage[heads]
        counts = self.first_passage[heads + 1] - firsts
        ends = np.cumsum(counts)
        return np.arange(int(counts.sum())) + np.repeat(firsts - (ends - counts), counts), counts

    def title(self, head: int) -> str:
        """Return the title of a head."""
        leaf, row = self._locate(head, self._head_bases)
        return bytes(leaf.texts[int(leaf.head_docs[row])]).decode("utf-8")

    def external_id(self, head: int) -> str:
        """Return the external id of a head's article."""
        leaf, row = self._locate(head, self._head_bases)
        return bytes(leaf.externals[int(leaf.head_docs[row])]).decode("utf-8")

    def passage(self, row: int) -> str:
        """Return the text of a passage."""
        leaf, local = self._locate(row, self._place_bases)
        return bytes(leaf.texts[int(leaf.place_docs[local])]).decode("utf-8")

    def squeezed_title(self, head: int) -> str:
        """Return the title of a head, folded and without punctuation."""
        leaf, row = self._locate(head, self._head_bases)
        return leaf.squeezed(int(leaf.head_docs[row]))

    def squeezed_passage(self, row: int) -> str:
        """Return the text of a passage, folded and without punctuation."""
        leaf, local = self._locate(row, self._place_bases)
        return leaf.squeezed(int(leaf.place_docs[local]))

    def label(self, row: int) -> bytes:
        """Return the JSON that tells where in an attachment a passage stands."""
        leaf, local = self._locate(row, self._place_bases)
        return bytes(leaf.labels[int(leaf.place_docs[local])])

    def _locate(self, row: int, bases: list[int]) -> tuple[Leaf, int]:
        number = bisect_right(bases, row) - 1
        return self.leaves[number], row - bases[number]


_OF_HEADS = ("title", "access", "article")
_NO_ROWS: Rows = np.empty(0, np.int32)
_NO_FREQUENCIES: Counts = np.empty(0, np.uint8)


def _states(snapshot: Snapshot, instant: float) -> States:
    bounds = [snapshot.column(name) for name in ("shown_from", "shown_to", "next_from", "previous_from")]
    shown_from, shown_to, next_from, previous_from = bounds
    started, over = shown_from <= instant, shown_to <= instant
    return States(
        since=max(float(bound[bound <= instant].max(initial=-np.inf)) for bound in bounds),
        until=min(float(bound[bound > instant].min(initial=np.inf)) for bound in bounds),
        current=started & ~over,
        # The last revision that had been shown speaks for an ended article, the next for a coming one.
        ended=started & over & (next_from > instant),
        scheduled=~started & (previous_from <= instant),
    )


def _concat(arrays: list[Any]) -> Any:
    if not arrays:
        return np.empty(0, np.int64)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
