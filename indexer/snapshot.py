"""One committed state of the index, opened as arrays: heads, passages and posting lists."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
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
from indexer.lengthening import Lengthening
from indexer.schema import FILE_KIND
from indexer.states import BOUNDS, States, states_at
from indexer.states import BoolArray as BoolArray
from indexer.term_table import FieldTable

MOST_SQUEEZED = 50_000
MOST_MASKS = 64
FEW_TERMS = 8_000
MOST_STATES = 8
NUMBERS = "article_numbers"


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
    # How one language cut the titles, and the number of each there; see ``indexer.cut_titles``.
    title_numbers: Any = None
    _squeezed: dict[int, str] = field(default_factory=dict)
    _places: dict[str, dict[str, int]] = field(default_factory=dict)

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

    @cached_property
    def ends(self) -> IntArray:
        """Where the passages of each head end among those of the segment."""
        return np.searchsorted(self.head_of_passage, np.arange(1, len(self.heads) + 1))

    @cached_property
    def _lengths(self) -> dict[str, NDArray[np.float32]]:
        lengths = self.places["length"].astype(np.float64)
        is_file = self.places["kind"] == FILE_KIND

        def by_head(values: NDArray[np.float64]) -> NDArray[np.float32]:
            sums = np.bincount(self.head_of_passage, values, minlength=len(self.heads))
            return sums.astype(np.float32)

        return {
            "body_length": by_head(np.where(is_file, 0.0, lengths)),
            "file_length": by_head(np.where(is_file, lengths, 0.0)),
        }

    def column(self, name: str) -> NDArray[Any]:
        """Return one column of the heads; ``body_length`` and ``file_length`` are summed over their passages."""
        if name in ("body_length", "file_length"):
            return self._lengths[name]
        return np.ascontiguousarray(self.heads[name])

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
        field = self.reader._terms.fields.get(name)
        if field is None:
            return None
        if len(field) <= FEW_TERMS:
            place = self._places_of(name, field).get(term)
        else:
            place = field.find(term.encode("utf-8", "surrogatepass"))
        if place is None:
            return None
        docs, frequencies = self.reader._terms.list_at(field, place)
        return self.row_of_doc[docs], frequencies

    def _places_of(self, name: str, terms: FieldTable) -> dict[str, int]:
        # Of a few terms a dictionary is quick to make, and there may be two dozen such segments to ask.
        places = self._places.get(name)
        if places is None:
            places = self._places[name] = {term: place for place, term in enumerate(terms.terms())}
        return places


class _Empty:
    docs: IntArray = np.empty(0, np.int64)

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.records = np.empty(0, dtype)


def _column(reader: SegmentReader, name: str) -> Any:
    column = reader.schema[name].column_type
    if not reader.has_column(name):
        return _Empty(np.dtype(column.description))
    return reader._perdoc.column_reader(name, column)


@dataclass(frozen=True)
class _Earlier:
    """What was found for an earlier commit, which holds for the leading segments and heads of a later one."""

    leaves: int = 0
    heads: int = 0
    readable: dict[frozenset[str], BoolArray] = field(default_factory=dict)
    states: list[States] = field(default_factory=list)


class Snapshot:
    """All segments of one commit side by side.

    Args:
        index: A verified index.
        known: Leaves of earlier snapshots by segment id.
        before: An earlier snapshot: what it put together of segments that both share is used again.
    """

    def __init__(self, index: FileIndex, known: dict[str, Leaf], before: "Snapshot | None" = None) -> None:
        contents = index._read_toc()
        # The number of what was read: asking the folder could name a commit that came after it.
        self.generation: int = contents.generation
        self.by_segment: dict[str, Leaf] = {
            segment.segid: known.get(segment.segid)
            or Leaf.open(SegmentReader(index.storage, contents.schema, segment, contents.generation))
            for segment in contents.segments
        }
        self.leaves = list(self.by_segment.values())
        live = [_living(*both) for both in zip(self.leaves, contents.segments, strict=True)]
        self.cursor: int = max(map(_cursor, self.leaves, live), default=-1)
        self.alive: BoolArray = _concat(
            [alive[leaf.head_docs] for leaf, alive in zip(self.leaves, live, strict=True)]
        )
        self._head_bases = list(accumulate((len(leaf.heads) for leaf in self.leaves), initial=0))
        self._place_bases = list(accumulate((len(leaf.places) for leaf in self.leaves), initial=0))
        self._arrays: dict[str, Lengthening] = {}
        self._readable: dict[frozenset[str], BoolArray] = {}
        self._states: list[States] = []
        self._earlier = _Earlier()
        if before is not None and before.generation <= self.generation:
            self._take_over(before)
        self.heads = self._array("heads")
        self.places = self._array("places")
        self.head_of: Rows = self._array("head_of")
        # First passage of every head; heads without passages share the start of the next one.
        self.first_passage: IntArray = self._array("first_passage")

    def _take_over(self, before: "Snapshot") -> None:
        """Go on with what an earlier snapshot put together; nothing of it keeps that snapshot alive."""
        shared = shared_leaves(before, self)
        if not shared:
            return
        for name, array in list(before._arrays.items()):
            kept = self._kept(name, shared)
            if name == NUMBERS:
                articles = self.column("article")
                tail = _numbered(articles[:kept], array.array[:kept], articles[kept:])
            else:
                tail = _concat(self._parts(name, shared), array.array.dtype)
            self._arrays[name] = array.lengthened(kept, tail)
        heads, earlier = self._head_bases[shared], before._earlier
        if before._states or before._readable:
            self._earlier = _Earlier(shared, heads, before._readable, before._states)
        else:
            # Nobody asked it anything.
            self._earlier = replace(
                earlier, leaves=min(shared, earlier.leaves), heads=min(heads, earlier.heads)
            )

    def _array(self, name: str) -> NDArray[Any]:
        """Return an array over all segments, put together when it is first asked for; it is only read."""
        found = self._arrays.get(name)
        if found is None:
            found = self._arrays[name] = Lengthening(_concat(self._parts(name, 0)))
        return found.array

    def _parts(self, name: str, first: int) -> list[NDArray[Any]]:
        """Return what the segments from one on contribute to an array."""
        leaves = list(zip(self.leaves, self._head_bases, self._place_bases, strict=False))[first:]
        if name in ("heads", "places"):
            return [getattr(leaf, name) for leaf, _heads, _places in leaves]
        if name == "head_of":
            return [leaf.head_of_passage + np.int32(heads) for leaf, heads, _places in leaves]
        if name == "first_passage":
            begun = [] if first else [np.zeros(1, np.int64)]
            return begun + [leaf.ends + places for leaf, _heads, places in leaves]
        return [leaf.column(name) for leaf, _heads, _places in leaves]

    def _kept(self, name: str, leaves: int) -> int:
        """Return how much of an array the first segments make."""
        if name in ("places", "head_of"):
            return self._place_bases[leaves]
        return self._head_bases[leaves] + (name == "first_passage")

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
            known = self._earlier.readable.get(wanted)
            if known is not None:
                allowed[: self._earlier.heads] = known[: self._earlier.heads]
            for term in wanted:
                first = 0 if known is None else self._earlier.leaves
                allowed[self.postings("access", term, first)[0]] = True
            # What was withdrawn since is dead in every segment.
            allowed &= self.alive
            self._readable[wanted] = allowed
        return allowed

    def states(self, instant: float) -> States:
        """Return which heads are in force at an instant (seconds); the arrays are not to be changed."""
        for known in self._states:
            if known.holds_at(instant):
                return known
        earlier = next((known for known in self._earlier.states if known.holds_at(instant)), None)
        first = 0 if earlier is None else self._earlier.heads
        found = states_at({name: self.column(name)[first:] for name in BOUNDS}, instant)
        if earlier is not None:
            found = earlier.followed_by(first, found)
        self._states = [found, *self._states[: MOST_STATES - 1]]
        return found

    def column(self, name: str) -> Any:
        """Return one column of the heads, contiguous in memory; lengths of bodies and files are columns too."""
        return self._array(name)

    @property
    def article_numbers(self) -> IntArray:
        """The articles of the heads, numbered so that few numbers are left out."""
        found = self._arrays.get(NUMBERS)
        if found is None:
            found = Lengthening(np.unique(self.column("article"), return_inverse=True)[1])
            self._arrays[NUMBERS] = found
        return found.array

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


def _living(leaf: Leaf, segment: Any) -> BoolArray:
    alive = np.ones(segment.doc_count_all(), np.bool_)
    alive[list(segment.deleted_docs())] = False
    return alive


def _cursor(leaf: Leaf, alive: BoolArray) -> int:
    found = leaf.reader._terms.posting_list("article", CURSOR.encode())
    docs = found[0].tolist() if found is not None else []
    return max((int(leaf.labels[doc]) for doc in docs if alive[doc]), default=-1)


def _numbered(articles: IntArray, numbers: IntArray, more: IntArray) -> IntArray:
    """Return the numbers of more articles: those that have one keep it, the others get the next ones."""
    added, places = np.unique(more, return_inverse=True)
    first = int(numbers.max(initial=-1)) + 1
    given = np.arange(first, first + len(added))
    known = np.flatnonzero(np.isin(articles, added))
    given[np.searchsorted(added, articles[known])] = numbers[known]
    return given[places]


def shared_leaves(first: Snapshot, second: Snapshot) -> int:
    """Return how many segments two snapshots have in common before the first that differs."""
    count = 0
    for one, other in zip(first.leaves, second.leaves, strict=False):
        if one is not other:
            break
        count += 1
    return count


def _concat(arrays: list[Any], dtype: Any = np.int64) -> Any:
    if not arrays:
        return np.empty(0, dtype)
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
