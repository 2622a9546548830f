"""Where the units of a plan stand in given texts, and how close together."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from indexer.codec import IntArray
from indexer.matcher import Matcher, found_in
from indexer.plan import INSIDE, Plan, Unit
from indexer.snapshot import BoolArray

MOST_PLACES = 8
FAR = np.iinfo(np.int64).max >> 1


@dataclass(frozen=True)
class Occurrences:
    """Where units stand in some texts, each unit by its best alternative.

    ``texts`` is the number of the text of each occurrence, ``starts`` and ``ends`` places in all texts
    joined (``begins`` tells where each of them begins, ``size`` how long all are), ``units`` the number of
    the unit; in order of their place. ``words`` says by which word a unit stands in a text.
    """

    size: int
    begins: IntArray
    texts: IntArray
    starts: IntArray
    ends: IntArray
    units: IntArray
    words: dict[tuple[int, int], str] = field(default_factory=dict)

    def opening(self) -> BoolArray:
        """Return which texts begin with a unit."""
        opened = np.zeros(len(self.begins), np.bool_)
        opened[self.texts[self.starts == self.begins[self.texts]]] = True
        return opened

    @cached_property
    def covered_before(self) -> IntArray:
        """For every place of the joined texts how many characters before it belong to a unit."""
        steps = np.zeros(self.size + 1, np.int64)
        np.add.at(steps, self.starts, 1)
        np.add.at(steps, self.ends, -1)
        before: IntArray = np.append(0, np.cumsum(np.cumsum(steps)[:-1] > 0))
        return before

    def covered(self) -> IntArray:
        """Return how many characters of each text belong to a unit."""
        before = self.covered_before
        covered: IntArray = before[np.append(self.begins[1:], self.size)] - before[self.begins]
        return covered

    def order(self, wanted: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return which share of the query's neighbouring units each text has in this order, first places compared.

        Args:
            wanted: How many units there are to be found.
        """
        kept, before = np.zeros(len(self.begins)), np.full(len(self.begins), FAR)
        for unit in range(int(self.units.max(initial=-1)) + 1):
            first = np.full(len(self.begins), FAR)
            chosen = self.units == unit
            np.minimum.at(first, self.texts[chosen], self.starts[chosen])
            kept += (before < first) & (first < FAR)
            before = np.where(first < FAR, first, before)
        return kept / max(1, wanted - 1)

    def density(self, wanted: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return how close together the units stand in each text, from 0 (apart or absent) to 1 (side by side).

        Args:
            wanted: How many units there are to be found.
        """
        count = len(self.begins)
        if not self.words:
            return np.zeros(count)
        present = np.zeros((count, int(self.units.max()) + 1), np.bool_)
        lengths = np.zeros(count, np.int64)
        for (text, unit), word in self.words.items():
            present[text, unit] = True
            lengths[text] += len(word)
        kinds = present.sum(axis=1)
        shortest = np.maximum(1, self._shortest_windows(present))
        near = kinds / max(1, wanted) * np.minimum(1.0, lengths / shortest)
        return np.where(kinds > 1, near, 0.0)

    def _shortest_windows(self, present: BoolArray) -> IntArray:
        """Return the length of the shortest stretch of each text that holds an occurrence of every unit."""
        latest = np.full((len(self.starts), present.shape[1]), -1, np.int64)
        latest[np.arange(len(self.starts)), self.units] = self.starts
        np.maximum.accumulate(latest, axis=0, out=latest)
        # A unit that is nowhere in the text does not widen the stretch.
        latest[~present[self.texts]] = FAR
        first = latest.min(axis=1)
        complete = first >= self.begins[self.texts]
        shortest = np.full(len(self.begins), FAR)
        np.minimum.at(shortest, self.texts[complete], (self.ends - first)[complete])
        return shortest


def telling_units(plan: Plan) -> tuple[Unit, ...]:
    """Return the units that say something, without padding and seams."""
    return tuple(unit for unit in plan.units if unit.emphasis >= 0.5)


def occurrences(
    matcher: Matcher, units: Sequence[Unit], fields: Sequence[str], rows: IntArray, texts: Sequence[str]
) -> Occurrences:
    """Return where units stand in each of the texts.

    Args:
        matcher: Knows in which rows letters and digits stand as a word of their own.
        units: What is looked for.
        fields: The fields that the texts belong to.
        rows: The row of each text in these fields; -1 for none.
        texts: Squeezed texts.
    """
    joined = "\n".join(texts)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
    begins = np.cumsum(sizes) - sizes
    words: dict[tuple[int, int], str] = {}
    parts: list[tuple[IntArray, IntArray, int, int]] = []
    for number, unit in enumerate(units):
        free = np.ones(len(texts), np.bool_)
        for item in unit.alternatives:
            wanted = unit.text if item.text[0] in "#§" + INSIDE else item.text
            places = _places(joined, wanted)
            if not len(places):
                continue
            owners = np.searchsorted(begins, places, side="right") - 1
            kept = free[owners] & _among_first(owners)
            if item.text[0].isascii():
                kept &= _held(matcher, fields, item.text, rows)[owners]
            owners, places = owners[kept], places[kept]
            free[owners] = False
            words.update(dict.fromkeys(zip(owners.tolist(), [number] * len(owners), strict=True), wanted))
            parts.append((owners, places, len(wanted), number))
    return _in_order(len(joined) + 1, begins, parts, words)


def _places(joined: str, wanted: str) -> IntArray:
    if not wanted or wanted not in joined:
        return np.empty(0, np.int64)
    return np.array([found.start() for found in re.finditer(re.escape(wanted), joined)], np.int64)


def _among_first(owners: IntArray) -> BoolArray:
    """Return which occurrences are among the first few of their text."""
    firsts = np.searchsorted(owners, owners)
    among: BoolArray = np.arange(len(owners)) - firsts < MOST_PLACES
    return among


def _held(matcher: Matcher, fields: Sequence[str], text: str, rows: IntArray) -> BoolArray:
    held = np.zeros(len(rows), np.bool_)
    for name in fields:
        held |= found_in(matcher.rows(name, text), rows)[1]
    return held


def _in_order(
    size: int,
    begins: IntArray,
    parts: Sequence[tuple[IntArray, IntArray, int, int]],
    words: dict[tuple[int, int], str],
) -> Occurrences:
    if not parts:
        nothing = np.empty(0, np.int64)
        return Occurrences(size, begins, nothing, nothing, nothing, nothing)
    texts = np.concatenate([owners for owners, _places, _length, _number in parts])
    starts = np.concatenate([places for _owners, places, _length, _number in parts])
    ends = np.concatenate([places + length for _owners, places, length, _number in parts])
    units = np.concatenate([np.full(len(owners), number) for owners, _places, _length, number in parts])
    order = np.lexsort((ends, starts))
    return Occurrences(size, begins, texts[order], starts[order], ends[order], units[order], words)
