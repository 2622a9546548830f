"""Where posting lists meet a chosen set of heads."""

from functools import cached_property

import numpy as np

from indexer.codec import FloatArray, IntArray, Rows
from indexer.lookup import Found
from indexer.matcher import Standing, found_in
from indexer.snapshot import Snapshot
from indexer.sums import Part, taken

# A list so many times longer than the set is searched, not gone through.
LONGER = 6


class Slots:
    """A set of heads, ascending; finds the part of a posting list that concerns them.

    Args:
        heads: Row numbers of heads, ascending.
        size: How many heads there are at all.
    """

    def __init__(self, heads: IntArray, size: int) -> None:
        self.heads = heads
        self._size = size
        self._known: dict[int, tuple[IntArray, IntArray]] = {}
        self._whole: tuple[Slots, Rows] | None = None

    def part(self, at: IntArray) -> "Slots":
        """Return a part of the set, by ascending places; it need not search what was searched for the whole."""
        if len(at) == len(self.heads):
            return self
        part = Slots(self.heads[at], self._size)
        among = np.full(len(self.heads), -1, np.int32)
        among[at] = np.arange(len(at), dtype=np.int32)
        part._whole = (self, among)
        return part

    @cached_property
    def _slot_of(self) -> Rows:
        slots = np.full(self._size, -1, np.int32)
        slots[self.heads] = np.arange(len(self.heads), dtype=np.int32)
        return slots

    def of(self, standing: Standing) -> tuple[IntArray, IntArray]:
        """Return places in the set and, for each, the place in the list of the same head."""
        known = self._known.get(id(standing))
        if known is None:
            known = self._known[id(standing)] = self._from_whole(standing) or self._meet(standing.heads)
        return known

    def _from_whole(self, standing: Standing) -> tuple[IntArray, IntArray] | None:
        found = self._whole[0]._known.get(id(standing)) if self._whole else None
        if found is None or self._whole is None:
            return None
        slots = self._whole[1][found[0]]
        kept = np.flatnonzero(slots >= 0)
        return slots[kept].astype(np.int64), found[1][kept]

    def _meet(self, listed: IntArray) -> tuple[IntArray, IntArray]:
        if len(self.heads) == self._size:
            return listed, np.arange(len(listed))
        if len(listed) > LONGER * len(self.heads):
            places, both = found_in(listed, self.heads)
            at = np.flatnonzero(both)
            return at, places[at]
        slots = self._slot_of[listed]
        places = np.flatnonzero(slots >= 0)
        return slots[places].astype(np.int64), places


class Passages:
    """The passages of some heads, side by side.

    Args:
        snapshot: The open index.
        slots: The heads.
    """

    def __init__(self, snapshot: Snapshot, slots: Slots) -> None:
        self._slots = slots
        self.rows, self._counts = snapshot.passages_of(slots.heads)
        self._begins = np.cumsum(self._counts) - self._counts
        self._shift = self._begins - snapshot.first_passage[slots.heads]
        self._line = np.zeros(len(self.rows), np.float32)

    def parts(self, found: Found, partial: float) -> list[Part]:
        """Return in which of the passages a unit or part of it stands, and how well."""
        share = found.share(partial)
        touched = []
        for name, listed in found.grams.items():
            for gram in listed if name != "title" else ():
                places = self._places(gram)
                self._line[places] += share
                touched.append(places)
        for name, standings in found.alternatives.items():
            for item, standing in standings if name != "title" else ():
                places = self._places(standing)
                self._line[places] = np.maximum(self._line[places], np.float32(item.factor))
                touched.append(places)
        return list(taken(self._line, touched))

    def _places(self, standing: Standing) -> IntArray:
        at, places = self._slots.of(standing)
        begins = standing.starts[places]
        counts = standing.starts[places + 1] - begins
        ends = np.cumsum(counts)
        if not len(ends):
            return ends
        rows = standing.rows[np.arange(ends[-1]) + np.repeat(begins - (ends - counts), counts)]
        placed: IntArray = rows + np.repeat(self._shift[at], counts)
        return placed

    def best(self, values: FloatArray) -> FloatArray:
        """Return the highest value among each head's passages, 0 for heads without any."""
        best = np.zeros(len(self._counts), np.float32)
        filled = self._counts > 0
        if filled.any():
            best[filled] = np.maximum.reduceat(values, self._begins[filled])
        return best
