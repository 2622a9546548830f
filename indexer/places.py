"""Where the units of a plan stand in the passages of the best heads, and how well."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray
from indexer.lookup import Found
from indexer.matcher import Standing, found_in
from indexer.slots import Slots
from indexer.snapshot import Snapshot
from indexer.sums import Reals, Sums


@dataclass(frozen=True)
class Entries:
    """What stands in some passages: unit, place among the passages, and how well; each pair once."""

    units: IntArray
    at: IntArray
    values: FloatArray


@dataclass(frozen=True)
class Places:
    """Where each unit of the plan stands, and how well.

    ``rows`` are the passages of the best heads, ascending. Long documents have thousands of passages and most
    hold nothing of a query, so what is kept is what was found.
    """

    weights: Reals
    titles: Sums
    rows: IntArray
    entries: Entries

    def of_titles(self, places: IntArray) -> NDArray[np.float32]:
        """Return the columns of some of the scored heads, given by their places among them."""
        return self.titles.titles_of(places)

    def of_passages(self, rows: IntArray) -> NDArray[np.float32]:
        """Return the columns of some passages, zeros for those that were not looked at."""
        places, both = found_in(self.rows, rows)
        columns = np.full(len(self.rows), -1, np.int32)
        columns[places[both]] = np.flatnonzero(both)
        here = columns.take(self.entries.at)
        chosen = np.flatnonzero(here >= 0)
        found = np.zeros((len(self.weights), len(rows)), np.float32)
        found[self.entries.units.take(chosen), here.take(chosen)] = self.entries.values.take(chosen)
        return found

    def covered(self, total: float) -> FloatArray:
        """Return which share of the query, whose units weigh ``total``, each passage covers."""
        shares = (self.weights / total).astype(np.float32).take(self.entries.units)
        return np.bincount(self.entries.at, shares * self.entries.values, len(self.rows)).astype(np.float32)


class Passages:
    """The passages of some heads, side by side.

    Args:
        snapshot: The open index.
        heads: The heads, ascending.
    """

    def __init__(self, snapshot: Snapshot, heads: IntArray) -> None:
        self.rows, self._counts = snapshot.passages_of(heads)
        self._slots = Slots(self.rows.astype(np.int32), len(snapshot.head_of))

    def holding(self, units: Sequence[Found], partial: float) -> Entries:
        """Return in which of the passages units or parts of them stand, and how well."""
        lists = [(number, *pair) for number, unit in enumerate(units) for pair in _wholes(unit)]
        plain = [not unit.is_parted and len(unit.unit.alternatives) == 1 for unit in units]
        alone = [entry for entry in lists if plain[entry[0]]]
        which, at = self._slots.many([(found.rows, found.row_bits) for _number, _factor, found in alone])
        numbers = np.array([number for number, _factor, _found in alone], np.int64)
        factors = np.array([factor for _number, factor, _found in alone], np.float32)
        entries = [Entries(numbers.take(which), at, factors.take(which))]
        line = np.zeros(len(self.rows), np.float32)
        entries += [
            self._several(number, unit, line, partial)
            for number, unit in enumerate(units)
            if not plain[number]
        ]
        if len(entries) == 1:
            return entries[0]
        columns = zip(*((found.units, found.at, found.values) for found in entries), strict=True)
        return Entries(*map(np.concatenate, columns))

    def _several(self, number: int, unit: Found, line: FloatArray, partial: float) -> Entries:
        """Return the entries of a unit of parts or of several alternatives; ``line`` is zero before and after."""
        parts = self._slots.many([(found.rows, found.row_bits) for found in _parts(unit)])[1]
        share = unit.share(partial)
        if len(parts):
            np.add.at(line, parts, share)
        wholes = list(_wholes(unit))
        which, at = self._slots.many([(found.rows, found.row_bits) for _factor, found in wholes])
        if len(at):
            np.maximum.at(line, at, np.array([factor for factor, _found in wholes], np.float32).take(which))
        touched = np.concatenate([parts, at])
        values = line.take(touched)
        line[touched] = 0
        # A passage of several lists is told once.
        line[touched] = np.arange(len(touched), dtype=np.float32)
        once = line.take(touched) == np.arange(len(touched))
        line[touched] = 0
        touched = touched[once]
        return Entries(np.full(len(touched), number), touched, values[once])

    def best(self, values: FloatArray) -> FloatArray:
        """Return the highest value among each head's passages, 0 for heads without any."""
        best, filled = np.zeros(len(self._counts), np.float32), self._counts > 0
        if filled.any():
            begins = np.cumsum(self._counts) - self._counts
            best[filled] = np.maximum.reduceat(values, begins[filled])
        return best


def _parts(unit: Found) -> list[Standing]:
    return [gram for name, listed in unit.grams.items() if name != "title" for gram in listed]


def _wholes(unit: Found) -> list[tuple[float, Standing]]:
    return [
        (item.factor, found)
        for name, listed in unit.alternatives.items()
        if name != "title"
        for item, found in listed
    ]
