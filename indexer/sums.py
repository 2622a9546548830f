"""What adds up over the units of a plan, one entry for each scored head."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray
from indexer.holders import BITS, Codes
from indexer.lookup import Found
from indexer.plan import Rung
from indexer.slots import Met, Slots
from indexer.snapshot import BoolArray

Reals = NDArray[np.float64]
# From so many heads on, a unit that many of all heads hold is worked through head by head.
MANY = 4_096
# So many entries are added up at once.
AT_ONCE = 1 << 20
# Telling units are counted rung by rung in the digits of one number, to this power of two.
DIGIT = 10


@dataclass(frozen=True)
class _Tables:
    """What each kind of each unit is worth: coverage in terms of weight, value in a title, rung as a digit, fields.

    Coverage and titles leave out the units that are looked for part by part.
    """

    cover: FloatArray
    title: FloatArray
    rung: Reals
    inside: NDArray[np.uint8]


class Sums:
    """Sums of the heads of a set; each column is worked out when it is first asked for.

    Args:
        units: What was found for the plan.
        slots: The heads.
        partial: What all parts of a unit are worth together.
    """

    def __init__(self, units: Sequence[Found], slots: Slots, partial: float) -> None:
        self._units, self._slots, self._partial = units, slots, partial
        self._size = len(slots)
        # Held by so many heads that there is a place for each of them.
        self._dense = [
            number for number, unit in enumerate(units) if unit.held.heads is None and self._size >= MANY
        ]
        # In single precision like the values that they stand before.
        self._weights = np.array([unit.weight for unit in units], np.float32)

    @cached_property
    def stage1(self) -> Reals:
        """BM25 of every head."""
        weights = self._weights
        total = self._added((met.at, met.first * weights.take(met.owners)) for met in self._met)
        for number in self._dense:
            total += weights[number] * self._spread(self._units[number].held.first)
        return total

    @cached_property
    def coverage(self) -> Reals:
        """The weight of what each head holds of the units, in whatever field."""
        covers = self._tables.cover
        total = self._added(
            (met.at, covers.take(kinds)) for met, kinds in zip(self._met, self._kinds, strict=True)
        )
        for number, codes in self._spread_codes:
            total += self._of(covers, number).take(codes)
        for number, (cover, _title) in self._parted.items():
            total += self._weights[number] * cover
        return total

    @cached_property
    def _in_titles(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Units, places and values of what stands in titles."""
        titles = self._tables.title
        found = []
        for met, kinds in zip(self._met, self._kinds, strict=True):
            values = titles.take(kinds)
            held = np.flatnonzero(values)
            found.append((met.owners.take(held), met.at.take(held), values.take(held)))
        for number, codes in self._spread_codes:
            values = self._of(titles, number).take(codes)
            at = np.flatnonzero(values)
            found.append((np.full(len(at), number), at, values.take(at)))
        for number, (_cover, title) in self._parted.items():
            at = np.flatnonzero(title)
            found.append((np.full(len(at), number), at, title.take(at)))
        if len(found) == 1:
            return found[0]
        units, places, all_values = (np.concatenate(column) for column in zip(*found, strict=True))
        return units, places, all_values

    @cached_property
    def title_coverage(self) -> Reals:
        """The weight of what each title holds of the units."""
        units, at, values = self._in_titles
        return _counted(at, self._weights.take(units) * values, self._size)

    @cached_property
    def title_precision(self) -> Reals:
        """The length of what each title holds of the units."""
        units, at, values = self._in_titles
        lengths = np.array([len(unit.unit.text) for unit in self._units], np.float32)
        return _counted(at, lengths.take(units) * values, self._size)

    def titles_of(self, places: IntArray) -> NDArray[np.float32]:
        """Return how well each unit stands in the titles of some of the heads, given by their places."""
        units, at, values = self._in_titles
        columns = np.full(self._size, -1, np.int32)
        columns[places] = np.arange(len(places), dtype=np.int32)
        here = columns.take(at)
        chosen = np.flatnonzero(here >= 0)
        found = np.zeros((len(self._units), len(places)), np.float32)
        found[units.take(chosen), here.take(chosen)] = values.take(chosen)
        return found

    @cached_property
    def rungs(self) -> NDArray[np.int8]:
        """The farthest rung that each head needed, the last one if it lacks a telling unit."""
        worth = self._tables.rung
        total = self._added(
            (met.at, worth.take(kinds)) for met, kinds in zip(self._met, self._kinds, strict=True)
        )
        for number, codes in self._spread_codes:
            total += self._of(worth, number).take(codes)
        counts = total.astype(np.int64)
        needed, answered = np.zeros(self._size, np.int8), counts & ((1 << DIGIT) - 1)
        for rung in range(1, Rung.PARTIAL):
            of_rung = counts >> DIGIT * rung
            if not of_rung.any():
                break
            needed[of_rung > 0] = rung
            answered += of_rung & ((1 << DIGIT) - 1)
        needed[answered < sum(unit.is_telling for unit in self._units)] = Rung.PARTIAL
        return needed

    def inside(self, name: str) -> BoolArray:
        """Return in which heads a field holds any unit."""
        found = np.zeros(self._size, np.bool_)
        if not self._units:
            return found
        inside = self._tables.inside & BITS[name] > 0
        for met, kinds in zip(self._met, self._kinds, strict=True):
            found[met.at[inside.take(kinds)]] = True
        for number, codes in self._spread_codes:
            found |= self._of(inside, number).take(codes)
        return found

    @cached_property
    def _met(self) -> list[Met]:
        """The entries of all units but the dense ones, in groups of not too many."""
        groups: list[list[int]] = [[]]
        count = 0
        for number, unit in enumerate(self._units):
            if number in self._dense:
                continue
            count += min(unit.held.count, self._size)
            if count > AT_ONCE and groups[-1]:
                groups.append([])
                count = min(unit.held.count, self._size)
            groups[-1].append(number)
        return [
            self._slots.entries({number: self._units[number].held for number in group}) for group in groups
        ]

    @cached_property
    def _kinds(self) -> list[IntArray]:
        """The kinds of these entries, by their place in the tables."""
        return [self._bases.take(met.owners) + met.codes for met in self._met]

    @cached_property
    def _spread_codes(self) -> list[tuple[int, Codes]]:
        return [(number, self._spread(self._units[number].held.codes)) for number in self._dense]

    def _spread(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the values of the set's heads out of those of all heads."""
        return values if self._size == self._slots.size else values.take(self._slots.heads)

    def _added(self, parts: Iterable[tuple[IntArray, NDArray[Any]]]) -> Reals:
        total: Reals | None = None
        for at, values in parts:
            added = _counted(at, values, self._size)
            total = added if total is None else total + added
        return np.zeros(self._size) if total is None else total

    @cached_property
    def _bases(self) -> IntArray:
        """Where the kinds of each unit begin in the tables, and where the last ones end."""
        return np.cumsum([0, *(len(unit.held.kinds.cover) for unit in self._units)])

    @cached_property
    def _tables(self) -> _Tables:
        kinds = [unit.held.kinds for unit in self._units]
        sizes = np.diff(self._bases)
        whole = np.array([not unit.is_parted for unit in self._units])
        telling = np.array([unit.is_telling for unit in self._units])
        cover, title, rung, inside = (
            np.concatenate([getattr(kind, name) for kind in kinds])
            for name in ("cover", "title", "rung", "inside")
        )
        return _Tables(
            cover * np.repeat(self._weights * whole, sizes),
            title * np.repeat(whole, sizes),
            np.where(inside > 0, np.exp2(DIGIT * rung.astype(np.float64)), 0.0) * np.repeat(telling, sizes),
            inside,
        )

    def _of(self, table: NDArray[Any], number: int) -> NDArray[Any]:
        """Return the part of a table that belongs to a unit."""
        return table[self._bases[number] : self._bases[number + 1]]

    @cached_property
    def _parted(self) -> dict[int, tuple[FloatArray, FloatArray]]:
        """How well each head and its title hold the units that are looked for part by part as well."""
        return {number: self._with_parts(unit) for number, unit in enumerate(self._units) if unit.is_parted}

    def _with_parts(self, unit: Found) -> tuple[FloatArray, FloatArray]:
        codes = self._codes(unit)
        cover, title = unit.held.kinds.cover.take(codes), unit.held.kinds.title.take(codes)
        np.maximum(title, self._parts(unit, "title"), out=title)
        np.maximum(cover, title, out=cover)
        for name in unit.grams:
            # Where all of the unit stands its parts add nothing.
            if name != "title" and cover.min(initial=1) < self._partial:
                np.maximum(cover, self._parts(unit, name), out=cover)
        return cover, title

    def _codes(self, unit: Found) -> Codes:
        held = unit.held
        if held.heads is None:
            return self._spread(held.codes)
        codes = np.zeros(self._size, held.codes.dtype)
        met = self._slots.entries({0: held})
        codes[met.at] = met.codes
        return codes

    def _parts(self, unit: Found, name: str) -> FloatArray:
        found = self._slots.many([(gram.heads, gram.head_bits) for gram in unit.grams.get(name, ())])[1]
        return np.bincount(found, minlength=self._size) * unit.share(self._partial)


def _counted(at: IntArray, values: NDArray[Any], size: int) -> Reals:
    """Return the sums of values place by place."""
    # Of no values at all NumPy returns whole numbers.
    return np.bincount(at, values, size).astype(np.float64, copy=False)
