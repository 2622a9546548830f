"""Where the units of a plan stand in the passages of the best heads, and how well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray
from indexer.lookup import Found
from indexer.matcher import Standing, found_in
from indexer.snapshot import Snapshot
from indexer.sums import Reals, Sums


@dataclass(frozen=True)
class Places:
    """Where each unit of the plan stands, and how well.

    ``rows`` are the passages of the best heads, ascending. Long documents have thousands of passages and most
    hold nothing of a query: only those that do have a column in ``values``, which has one line for each unit;
    ``columns`` tells which, 0 for all the others.
    """

    weights: Reals
    titles: Sums
    rows: IntArray
    columns: IntArray
    values: FloatArray

    def of_titles(self, places: IntArray) -> NDArray[np.float32]:
        """Return the columns of some of the scored heads, given by their places among them."""
        return self.titles.titles_of(places)

    def of_passages(self, rows: IntArray) -> NDArray[np.float32]:
        """Return the columns of some passages, zeros for those that were not looked at."""
        places, both = found_in(self.rows, rows)
        columns = self.columns.take(places) if len(self.rows) else places
        return self.values.take(columns * both, axis=1)

    def covered(self, total: float) -> FloatArray:
        """Return which share of the query, whose units weigh ``total``, each passage covers."""
        covered = np.zeros(self.values.shape[1], np.float32)
        for weight, line in zip(self.weights.tolist(), self.values, strict=True):
            covered += np.float32(weight / total) * line
        return covered.take(self.columns)


class Passages:
    """The passages of some heads, side by side.

    Args:
        snapshot: The open index.
        heads: The heads, ascending.
    """

    def __init__(self, snapshot: Snapshot, heads: IntArray) -> None:
        self.rows, self._counts = snapshot.passages_of(heads)
        self._narrow = self.rows.astype(np.int32)

    def holding(self, units: Sequence[Found], partial: float) -> tuple[IntArray, FloatArray]:
        """Return in which of the passages units or parts of them stand, and how well; see ``Places``."""
        parts = self._met([(number, gram) for number, gram in _grams(units)])
        wholes = self._met([(number, standing) for number, _factor, standing in _alternatives(units)])
        factors = np.array([factor for _number, factor, _standing in _alternatives(units)], np.float32)
        used = np.zeros(len(self.rows), np.bool_)
        for _numbers, _lists, at in (parts, wholes):
            used[at] = True
        columns = np.where(used, np.cumsum(used), 0)
        width = int(np.count_nonzero(used)) + 1
        shares = np.array([unit.share(partial) for unit in units], np.float32)
        owners, _lists, at = parts
        values = np.zeros(len(units) * width, np.float32)
        if len(at):
            counts = np.bincount(owners * width + columns.take(at), minlength=len(values))
            values = (counts.reshape(len(units), width) * shares[:, np.newaxis]).astype(np.float32).ravel()
        owners, lists, at = wholes
        np.maximum.at(values, owners * width + columns.take(at), factors.take(lists))
        return columns, values.reshape(len(units), width)

    def _met(self, lists: Sequence[tuple[int, Standing]]) -> tuple[IntArray, IntArray, IntArray]:
        """Return the entries of lists that concern the passages: unit, number of the list, place."""
        short, numbers, places = [], [], []
        for number, (_unit, standing) in enumerate(lists):
            if len(standing.rows) <= len(self.rows):
                short.append(number)
                continue
            at = np.flatnonzero(found_in(standing.rows, self._narrow)[1])
            numbers.append(np.full(len(at), number))
            places.append(at)
        if short:
            rows = np.concatenate([lists[number][1].rows for number in short])
            at, both = found_in(self._narrow, rows)
            numbers.append(np.repeat(short, [len(lists[number][1].rows) for number in short])[both])
            places.append(at[both])
        if not numbers:
            nothing = np.empty(0, np.int64)
            return nothing, nothing, nothing
        which = np.concatenate(numbers)
        return np.array([unit for unit, _standing in lists]).take(which), which, np.concatenate(places)

    def best(self, values: FloatArray) -> FloatArray:
        """Return the highest value among each head's passages, 0 for heads without any."""
        best, filled = np.zeros(len(self._counts), np.float32), self._counts > 0
        if filled.any():
            begins = np.cumsum(self._counts) - self._counts
            best[filled] = np.maximum.reduceat(values, begins[filled])
        return best


def _grams(units: Sequence[Found]) -> Iterator[tuple[int, Standing]]:
    for number, unit in enumerate(units):
        for name, listed in unit.grams.items():
            yield from ((number, gram) for gram in (listed if name != "title" else ()))


def _alternatives(units: Sequence[Found]) -> Iterator[tuple[int, float, Standing]]:
    for number, unit in enumerate(units):
        for name, listed in unit.alternatives.items():
            yield from ((number, item.factor, found) for item, found in (listed if name != "title" else ()))
