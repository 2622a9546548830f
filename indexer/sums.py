"""What adds up over the units of a plan, one entry for each scored head, touching only heads that hold a unit."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray, Rows
from indexer.matcher import FIELDS
from indexer.plan import Rung

Reals = NDArray[np.float64]
Part = tuple[IntArray, FloatArray]
MANY = 8


class Sums:
    """Sums of a number of heads; ``titles`` has for each unit where titles hold it, and how well.

    A unit is described list by list (``add_parts`` before ``add_holders``) in scratch arrays that are all
    zero between units; ``close_unit`` adds it up and clears what was touched, and nothing else.
    """

    def __init__(self, size: int) -> None:
        self.titles: list[list[Part]] = []
        self.stage1, self.coverage = np.zeros(size), np.zeros(size)
        self.title_coverage, self.title_precision = np.zeros(size), np.zeros(size)
        self.inside = {name: np.zeros(size, np.bool_) for name in FIELDS}
        self._needed = np.zeros(size, np.int8)
        self._answered = np.zeros(size, np.int16)
        self._telling = 0
        self._cover, self._title = np.zeros(size, np.float32), np.zeros(size, np.float32)
        self._dense = np.zeros(size, np.float32)
        self._rung = np.full(size, Rung.PARTIAL, np.int8)
        self._touched: list[IntArray] = []
        self._touched_titles: list[IntArray] = []
        self._held: list[IntArray] = []

    def add_parts(self, name: str, lists: Sequence[IntArray], share: np.float32) -> None:
        """Note that a field of some heads holds parts of the unit, each worth ``share``."""
        part = self._title if name == "title" else self._dense
        for at in lists:
            part[at] += share
        for at in lists:
            self._cover[at] = np.maximum(self._cover[at], part[at])
        if name == "title":
            self._touched_titles += lists
        else:
            for at in lists:
                part[at] = 0
        self._touched += lists

    def add_holders(self, name: str, at: IntArray, factor: float, rung: Rung) -> None:
        """Note that a field of some heads holds the unit, by an alternative of this factor and rung."""
        if self._touched:
            self._cover[at] = np.maximum(self._cover[at], factor)
            self._rung[at] = np.minimum(self._rung[at], rung)
        else:
            self._cover[at], self._rung[at] = factor, rung
        self.inside[name][at] = True
        if name == "title":
            self._title[at] = np.maximum(self._title[at], factor)
            self._touched_titles.append(at)
        self._touched.append(at)
        self._held.append(at)

    def saturate(self, parts: Sequence[Part], best: bool, factor: float, norm: FloatArray) -> None:
        """Add BM25 of one field: a head of several lists counts its best frequency or their sum, once."""
        lists = [at for at, _frequency in parts]
        if len(parts) == 1 and not self._are_many(lists):
            self._add_saturated(parts, factor, norm)
            return
        for number, (at, frequency) in enumerate(parts):
            if number:
                before = self._dense[at]
                frequency = np.maximum(before, frequency) if best else before + frequency
            self._dense[at] = frequency
        if self._are_many(lists):
            self.stage1 += factor * (self._dense / (self._dense + norm))
            self._dense.fill(0)
        else:
            self._add_saturated(taken(self._dense, lists), factor, norm)

    def _add_saturated(self, parts: Iterable[Part], factor: float, norm: FloatArray) -> None:
        for at, frequency in parts:
            self.stage1[at] += factor * (frequency / (frequency + norm[at]))

    def close_unit(self, weight: float, length: int, is_telling: bool) -> None:
        """Add the unit up and make room for the next one."""
        if self._are_many(self._touched):
            self.coverage += weight * self._cover
            self._cover.fill(0)
        else:
            for at, values in taken(self._cover, self._touched):
                self.coverage[at] += weight * values
        titles = list(taken(self._title, self._touched_titles))
        for at, values in titles:
            self.title_coverage[at] += weight * values
            self.title_precision[at] += length * values
        self.titles.append(titles)
        self._close_rungs(is_telling)
        self._telling += is_telling
        self._touched, self._touched_titles, self._held = [], [], []

    def _close_rungs(self, is_telling: bool) -> None:
        if self._are_many(self._held):
            if is_telling:
                new = self._rung < Rung.PARTIAL
                self._answered += new
                np.maximum(self._needed, self._rung * new, out=self._needed)
            self._rung.fill(Rung.PARTIAL)
            return
        for at in self._held:
            rung = self._rung[at]
            self._rung[at] = Rung.PARTIAL
            if is_telling:
                new = rung < Rung.PARTIAL
                self._answered[at] += new
                self._needed[at] = np.maximum(self._needed[at], rung * new)

    def _are_many(self, lists: Sequence[IntArray]) -> bool:
        # From here on it is quicker to go over all heads in order than over these one by one.
        return MANY * sum(map(len, lists)) > len(self.coverage)

    def rungs(self) -> NDArray[np.int8]:
        """Return the farthest rung that each head needed, the last one if it lacks a telling unit."""
        rungs: NDArray[np.int8] = np.where(
            self._answered < self._telling, np.int8(Rung.PARTIAL), self._needed
        )
        return rungs

    def part(self, places: IntArray) -> "Sums":
        """Return the sums of some of the heads, given by ascending places."""
        part = Sums(0)
        part.stage1, part.coverage = self.stage1[places], self.coverage[places]
        part.title_coverage, part.title_precision = self.title_coverage[places], self.title_precision[places]
        part.inside = {name: flags[places] for name, flags in self.inside.items()}
        part._needed, part._answered, part._telling = (
            self._needed[places],
            self._answered[places],
            self._telling,
        )
        slots = np.full(len(self.coverage), -1, np.int32)
        slots[places] = np.arange(len(places), dtype=np.int32)
        part.titles = [[_among(slots, found) for found in parts] for parts in self.titles]
        return part


def taken(scratch: FloatArray, lists: Sequence[IntArray]) -> Iterator[Part]:
    """Yield what stands in a scratch array at some lists of places, list by list, and clear it there.

    A place of several lists is told with the first of them; the others have zero for it.
    """
    for at in lists:
        values = scratch[at]
        scratch[at] = 0
        yield at, values


def _among(slots: Rows, found: Part) -> Part:
    here = slots[found[0]]
    kept = here >= 0
    return here[kept].astype(np.int64), found[1][kept]
