"""Finds where texts stand: posting lists of characters, pairs and runs, intersected, and kept for the next question."""

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from indexer.bits import Bits, bits_of
from indexer.codec import Counts, FloatArray, IntArray, Rows
from indexer.fold import squeeze
from indexer.plan import INSIDE
from indexer.snapshot import BoolArray, Snapshot, shared_leaves

FIELDS = ("title", "body", "file")
MOST_BYTES = 128 << 20
MOST_COUNTS = 50_000
GLANCE = 32


@dataclass(frozen=True)
class Standing:
    """Where a text stands in one field.

    ``rows`` are rows of passages (of heads for the title), ascending, with at least ``counts`` occurrences
    each; ``heads`` the heads they belong to, ascending; the rows of the head at place i begin at ``starts[i]``.
    """

    rows: Rows
    counts: Counts
    heads: IntArray
    starts: Rows

    def __len__(self) -> int:
        return len(self.heads)

    @property
    def sums(self) -> FloatArray:
        """How often it stands in each of the heads."""
        if len(self.rows) == len(self.heads):
            return self.counts.astype(np.float32)
        return np.add.reduceat(self.counts, self.starts[:-1], dtype=np.float32)

    @cached_property
    def row_bits(self) -> Bits | None:
        """The rows bit by bit, if they are many."""
        return bits_of(self.rows)

    @cached_property
    def head_bits(self) -> Bits | None:
        """The heads bit by bit, if they are many."""
        return bits_of(self.heads)

    @property
    def bytes(self) -> int:
        """What it takes to keep this, bits left out, which are never more than a part of it."""
        return 200 + sum(part.nbytes for part in (self.rows, self.counts, self.heads, self.starts))


class Matcher:
    """Finds texts in a snapshot.

    Args:
        snapshot: The open index.
        before: The matcher of an earlier commit: what it found in the segments that both share holds.
    """

    def __init__(self, snapshot: Snapshot, before: "Matcher | None" = None) -> None:
        self.snapshot = snapshot
        self._found: dict[tuple[str, str], Standing] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self._articles: dict[str, int] = {}
        # What earlier commits found in the first so many segments, which are still the same.
        self._shared = 0
        self._inherited: dict[tuple[str, str], Standing] = {}
        if before is not None:
            self._take_over(before)

    def _take_over(self, before: "Matcher") -> None:
        self._shared = shared_leaves(before.snapshot, self.snapshot)
        with before._lock:
            if before._inherited:
                # What nobody asked for in the commit before may be asked for again: bounds are not told apart.
                self._shared = min(self._shared, before._shared)
            if self._shared:
                self._inherited = {**before._inherited, **before._found}
                self._bytes = before._bytes
                for twice in before._inherited.keys() & before._found.keys():
                    self._bytes -= before._inherited[twice].bytes

    def standing(self, fieldname: str, text: str) -> Standing:
        """Return where a folded text stands in a field."""
        key = (fieldname, text)
        found = self._found.get(key)
        if found is None:
            found = self._look_up(fieldname, text)
            self._keep(key, found)
        return found

    def rows(self, fieldname: str, text: str) -> Rows:
        """Return the rows of a field in which a folded text stands."""
        return self.standing(fieldname, text).rows

    def _keep(self, key: tuple[str, str], found: Standing) -> None:
        with self._lock:
            same = self._found.get(key)
            self._found[key] = found
            self._bytes += found.bytes - (same.bytes if same is not None else 0)
            if self._bytes > MOST_BYTES and self._inherited:
                # What nobody asked for again since the commit goes first.
                left, self._inherited = self._inherited, {}
                self._bytes -= sum(old.bytes for old in left.values())
            if self._bytes > MOST_BYTES:
                # The older half goes: what is asked for often comes back at once.
                for old in list(self._found)[: len(self._found) // 2]:
                    self._bytes -= self._found.pop(old).bytes

    def _look_up(self, fieldname: str, text: str) -> Standing:
        with self._lock:
            known = self._inherited.pop((fieldname, text), None)
            self._bytes -= known.bytes if known is not None else 0
        if known is None:
            return self._grouped(fieldname, *self._postings(fieldname, text, 0))
        rows, counts = self._postings(fieldname, text, self._shared)
        kept = int(np.searchsorted(known.rows, self.snapshot.base(fieldname, self._shared)))
        if kept == len(known.rows) and not len(rows):
            return known
        return _continued(known, kept, self._grouped(fieldname, rows, counts))

    def _postings(self, fieldname: str, text: str, first_leaf: int) -> tuple[Rows, Counts]:
        """Return rows and counts of a text in the segments from ``first_leaf`` on."""
        if text[0] == INSIDE:
            text = squeeze(text)
            if len(text) < 3:
                return self.snapshot.postings(fieldname, text, first_leaf)
        elif len(text) <= 2 or text[0] in "#§" or (text[0].isascii() and text[-1].isascii()):
            return self.snapshot.postings(fieldname, text, first_leaf)
        grams = dict.fromkeys(text[place : place + 2] for place in range(len(text) - 1))
        lists = sorted(
            (self._gram(fieldname, gram, first_leaf) for gram in grams), key=lambda each: len(each[0])
        )
        rows, counts = lists[0]
        for other, others in lists[1:]:
            if not len(rows):
                break
            places, both = found_in(other, rows)
            rows, counts = rows[both], np.minimum(counts[both], others[places[both]])
        return rows, counts

    def _gram(self, fieldname: str, gram: str, first_leaf: int) -> tuple[Rows, Counts]:
        if first_leaf:
            return self.snapshot.postings(fieldname, gram, first_leaf)
        found = self.standing(fieldname, gram)
        return found.rows, found.counts

    def _grouped(self, fieldname: str, rows: Rows, counts: Counts) -> Standing:
        if fieldname == "title" or not len(rows):
            every = np.arange(len(rows) + 1, dtype=np.int32)
            return Standing(rows, counts, rows.astype(np.int64), every)
        owners = self.snapshot.head_of[rows]
        firsts = np.flatnonzero(np.diff(owners, prepend=-1))
        starts = np.append(firsts, len(rows)).astype(np.int32)
        return Standing(rows, counts, owners[firsts].astype(np.int64), starts)

    def is_run(self, run: str) -> bool:
        """Return whether letters and digits stand somewhere as a word of their own, not inside another."""
        return any(len(self.standing(name, run)) for name in FIELDS)

    def occurs(self, text: str, readable: BoolArray) -> bool:
        """Return whether a text stands in any of the readable heads or their passages."""
        for name in FIELDS:
            heads = self.standing(name, text).heads
            if len(heads) and (readable[heads[:GLANCE]].any() or readable[heads[GLANCE:]].any()):
                return True
        return False

    def titles(self, text: str) -> int:
        """Return in how many titles a text stands."""
        return len(self.standing("title", text).heads)

    def articles(self, text: str) -> int:
        """Return in how many heads a text stands, in any field."""
        known = self._articles.get(text)
        if known is None:
            if len(self._articles) > MOST_COUNTS:
                self._articles.clear()
            lists = sorted((self.standing(name, text).heads for name in FIELDS), key=len)
            known = len(lists[2])
            if len(lists[1]):
                known = len(lists[2]) + _beyond(lists[1], lists[2])
            if len(lists[0]):
                known = len(np.unique(np.concatenate(lists)))
            self._articles[text] = known
        return known


def found_in(ordered: NDArray[np.integer], wanted: NDArray[np.integer]) -> tuple[IntArray, BoolArray]:
    """Return for each wanted number its place in an ascending list, and whether it is there at all."""
    if not len(ordered):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    # Otherwise the long list would be copied into the type of the short one.
    wanted = wanted.astype(ordered.dtype, copy=False)
    places = ordered.searchsorted(wanted)
    np.minimum(places, len(ordered) - 1, out=places)
    return places, ordered.take(places) == wanted


def _beyond(some: IntArray, others: IntArray) -> int:
    return len(some) - int(np.count_nonzero(found_in(others, some)[1]))


def _continued(known: Standing, kept: int, tail: Standing) -> Standing:
    """Return the first ``kept`` rows of a list with another behind them; no head has rows in both."""
    heads = int(np.searchsorted(known.starts, kept))
    return Standing(
        np.concatenate([known.rows[:kept], tail.rows]),
        np.concatenate([known.counts[:kept], tail.counts]),
        np.concatenate([known.heads[:heads], tail.heads]),
        np.concatenate([known.starts[:heads], tail.starts + np.int32(kept)]),
    )
