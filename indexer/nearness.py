"""Where the units of a plan stand in given texts, and how close together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import IntArray
from indexer.cut_titles import Codes, code_points
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
    the unit, ``spoken`` which of ``words`` stands there; in order of their place.
    """

    size: int
    begins: IntArray
    texts: IntArray
    starts: IntArray
    ends: IntArray
    units: IntArray
    spoken: IntArray
    words: Sequence[str]

    def said(self) -> Iterator[tuple[int, str, BoolArray]]:
        """Yield a unit, a word by which it stands somewhere, and in which of the texts it does."""
        for spoken, word in enumerate(self.words):
            chosen = self.spoken == spoken
            having = np.zeros(len(self.begins), np.bool_)
            having[self.texts[chosen]] = True
            # A word may be left without any place: a better one of its unit stands there.
            if chosen.any():
                yield int(self.units[chosen.argmax()]), word, having

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
        if not len(self.texts):
            return np.zeros(count)
        lengths = np.zeros((count, int(self.units.max()) + 1), np.int64)
        lengths[self.texts, self.units] = self.ends - self.starts
        present = lengths > 0
        kinds = present.sum(axis=1)
        shortest = np.maximum(1, self._shortest_windows(present))
        near = kinds / max(1, wanted) * np.minimum(1.0, lengths.sum(axis=1) / shortest)
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


def numbered(plan: Plan, held: NDArray[Any]) -> list[tuple[int, Unit]]:
    """Return the telling units that can stand in some texts at all, with their numbers among the telling ones.

    Args:
        held: A row for every unit of the plan: what posting lists tell of it for each text, 0 for nothing.
    """
    telling = (
        (unit, some) for unit, some in zip(plan.units, map(np.any, held), strict=True) if unit.emphasis >= 0.5
    )
    # What these are looked for as differs from what their posting lists say.
    return [(number, unit) for number, (unit, some) in enumerate(telling) if some or is_special(unit)]


def is_special(unit: Unit) -> bool:
    """Return whether a unit is looked for in a text as something else than in the posting lists."""
    return unit.alternatives[0].text[0] in "#§" + INSIDE


def occurrences(
    matcher: Matcher,
    units: Iterable[tuple[int, Unit]],
    fields: Sequence[str],
    rows: IntArray,
    joined: "Joined",
) -> Occurrences:
    """Return where units stand in each of some texts.

    Args:
        matcher: Knows in which rows letters and digits stand as a word of their own.
        units: What is looked for, with the number of each.
        fields: The fields that the texts belong to.
        rows: The row of each text in these fields; -1 for none.
        joined: The squeezed texts.
    """
    words: list[str] = []
    parts: list[tuple[IntArray, IntArray, int]] = []
    for number, unit in units:
        free = np.ones(len(joined.begins), np.bool_)
        for item in unit.alternatives:
            wanted = unit.text if item.text[0] in "#§" + INSIDE else item.text
            places = joined.places(wanted)
            if not len(places):
                continue
            owners = joined.owners(places)
            kept = free[owners] & _among_first(owners)
            if item.text[0].isascii():
                kept &= _held(matcher, fields, item.text, rows)[owners]
            owners, places = owners[kept], places[kept]
            free[owners] = False
            parts.append((owners, places, number))
            words.append(wanted)
    return _in_order(joined, parts, words)


class Joined:
    """Texts one behind the other as code points, in which looking for a word is a comparison of arrays.

    Args:
        codes: The texts; a line feed ends each of them.
        begins: Where each of them begins.
    """

    def __init__(self, codes: Codes, begins: IntArray) -> None:
        self.begins, self._codes, self.size = begins, codes, len(codes)
        self._opening: dict[int, IntArray] = {}

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Joined":
        """Put texts one behind the other."""
        sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1
        return cls(code_points("\n".join(texts) + "\n"), np.cumsum(sizes) - sizes)

    def owners(self, places: IntArray) -> IntArray:
        """Return in which text each place lies."""
        owners: IntArray = np.searchsorted(self.begins, places, side="right") - 1
        return owners

    def places(self, wanted: str) -> IntArray:
        """Return where a word begins, ascending; its occurrences may overlap."""
        codes = code_points(wanted).tolist()
        if not codes:
            return np.empty(0, np.int64)
        places = self._opening.get(codes[0])
        if places is None:
            places = self._opening[codes[0]] = np.flatnonzero(self._codes == codes[0])
        for further, code in enumerate(codes[1:], 1):
            places = places[: np.searchsorted(places, self.size - further)]
            places = places[self._codes[places + further] == code]
        return places


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
    joined: Joined, parts: Sequence[tuple[IntArray, IntArray, int]], words: Sequence[str]
) -> Occurrences:
    nothing = np.empty(0, np.int64)
    if not parts:
        return Occurrences(joined.size, joined.begins, nothing, nothing, nothing, nothing, nothing, ())
    counts = [len(owners) for owners, _places, _number in parts]
    spoken = np.repeat(np.arange(len(parts)), counts)
    texts = np.concatenate([owners for owners, _places, _number in parts])
    starts = np.concatenate([places for _owners, places, _number in parts])
    ends = starts + np.array([len(word) for word in words])[spoken]
    units = np.array([number for _owners, _places, number in parts])[spoken]
    order = np.lexsort((ends, starts))
    texts, starts, ends, units, spoken = (column[order] for column in (texts, starts, ends, units, spoken))
    return Occurrences(joined.size, joined.begins, texts, starts, ends, units, spoken, words)
