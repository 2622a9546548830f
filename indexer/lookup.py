"""What a plan's units are found as: the posting lists of every alternative and part, and who holds all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from indexer.codec import IntArray
from indexer.matcher import Matcher, Standing, found_in
from indexer.plan import Alternative, Plan, Unit
from indexer.snapshot import BoolArray
from kb.ports import Scope

TITLED = (Scope.ALL, Scope.TITLE, Scope.TITLE_CONTENT)
# Below this share of all heads sorting a few is quicker than going over all of them.
FEW = 0.02


def passage_fields(scope: Scope) -> tuple[str, ...]:
    """Return the fields of passages that a scope looks at."""
    if scope is Scope.ALL:
        return ("body", "file")
    if scope in (Scope.CONTENT, Scope.TITLE_CONTENT):
        return ("body",)
    return ("file",) if scope is Scope.ATTACHMENT else ()


@dataclass(frozen=True)
class Found:
    """One unit: its weight and, field by field, who holds its alternatives (weakest first) and its parts."""

    unit: Unit
    weight: float
    alternatives: dict[str, list[tuple[Alternative, Standing]]]
    grams: dict[str, list[Standing]]

    @property
    def is_telling(self) -> bool:
        """Whether the unit has to be there for the query to be answered in full."""
        return self.unit.emphasis >= 0.5

    def share(self, partial: float) -> np.float32:
        """Return what one part of the unit is worth if all of them are worth ``partial``."""
        return np.float32(partial / max(1, len(self.unit.text) - 1))

    @cached_property
    def holders(self) -> list[IntArray]:
        """The heads of every list of an alternative."""
        return [found.heads for listed in self.alternatives.values() for _item, found in listed]


@dataclass(frozen=True)
class Lookup:
    """Everything that was found for a plan, for all heads of a snapshot and before any condition."""

    plan: Plan
    scope: Scope
    units: Sequence[Found]
    size: int

    @property
    def total_weight(self) -> float:
        """The weight of the whole query."""
        return sum(found.weight for found in self.units)

    def full(self) -> IntArray:
        """Return the heads in which every telling unit stands, by whichever alternative."""
        each = sorted(
            (found.holders for found in self.units if found.is_telling),
            key=lambda lists: sum(map(len, lists)),
        )
        heads = union(each[0], self.size) if each else np.empty(0, np.int64)
        for lists in each[1:]:
            if not len(heads):
                break
            heads = heads[_in_any(lists, heads, self.size)]
        return heads

    def with_a_word(self) -> IntArray:
        """Return the heads in which at least one telling unit of more than a character stands."""
        loose = self.plan.is_loose
        lists = [
            heads
            for found in self.units
            if found.is_telling and (loose or len(found.unit.text) > 1)
            for heads in found.holders
        ]
        return union(lists, self.size)

    def any_part(self) -> IntArray:
        """Return the heads in which any unit or part of one stands."""
        lists = [heads for found in self.units for heads in found.holders]
        lists += [gram.heads for found in self.units for listed in found.grams.values() for gram in listed]
        return union(lists, self.size)


def look_up(matcher: Matcher, plan: Plan, scope: Scope, weights: Sequence[float]) -> Lookup:
    """Find everything that a plan may be found by.

    Args:
        weights: The weight of each unit.
    """
    fields = (*(("title",) if scope in TITLED else ()), *passage_fields(scope))
    units = []
    for unit, weight in zip(plan.units, weights, strict=True):
        ordered = sorted(unit.alternatives, key=lambda item: item.factor)
        alternatives, grams = {}, {}
        for name in fields:
            listed = [(item, matcher.standing(name, item.text)) for item in ordered]
            alternatives[name] = [(item, found) for item, found in listed if len(found)]
            parted = len(unit.text) > 2 and unit.text[0] not in "#§"
            parts = [matcher.standing(name, gram) for gram in unit.grams] if parted else []
            grams[name] = [found for found in parts if len(found)]
        units.append(Found(unit, weight, alternatives, grams))
    return Lookup(plan, scope, units, matcher.snapshot.size)


def union(lists: Sequence[IntArray], size: int) -> IntArray:
    """Return the numbers below ``size`` that stand in any of some ascending lists, ascending."""
    if len(lists) <= 1:
        return lists[0] if lists else np.empty(0, np.int64)
    if sum(map(len, lists)) < FEW * size:
        return np.unique(np.concatenate(lists))
    return np.flatnonzero(_marked(lists, size))


def marked(heads: IntArray, size: int) -> BoolArray:
    """Return which of the numbers below ``size`` stand in a list."""
    return _marked([heads], size)


def _marked(lists: Sequence[IntArray], size: int) -> BoolArray:
    marked = np.zeros(size, np.bool_)
    for heads in lists:
        marked[heads] = True
    return marked


def _in_any(lists: Sequence[IntArray], heads: IntArray, size: int) -> BoolArray:
    if sum(map(len, lists)) < 4 * len(heads):
        return _marked(lists, size)[heads]
    inside = np.zeros(len(heads), np.bool_)
    for listed in lists:
        inside |= found_in(listed, heads)[1]
    return inside
