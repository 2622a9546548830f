"""What a plan's units are found as: who holds each of them, and the posting lists of every alternative and part."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from indexer.codec import IntArray
from indexer.holders import Held, Holders
from indexer.holders import union as union
from indexer.matcher import Matcher, Standing
from indexer.plan import Alternative, Plan, Unit
from indexer.snapshot import BoolArray
from kb.ports import Scope

TITLED = (Scope.ALL, Scope.TITLE, Scope.TITLE_CONTENT)


def passage_fields(scope: Scope) -> tuple[str, ...]:
    """Return the fields of passages that a scope looks at."""
    if scope is Scope.ALL:
        return ("body", "file")
    if scope in (Scope.CONTENT, Scope.TITLE_CONTENT):
        return ("body",)
    return ("file",) if scope is Scope.ATTACHMENT else ()


@dataclass(frozen=True)
class Found:
    """One unit: its weight, who holds it in one of some fields, and where its alternatives and parts are looked up."""

    unit: Unit
    weight: float
    held: Held
    fields: tuple[str, ...]
    matcher: Matcher

    @property
    def is_telling(self) -> bool:
        """Whether the unit has to be there for the query to be answered in full."""
        return self.unit.emphasis >= 0.5

    @property
    def is_parted(self) -> bool:
        """Whether parts of the unit are worth something, too."""
        return len(self.unit.text) > 2 and self.unit.text[0] not in "#§"

    def share(self, partial: float) -> np.float32:
        """Return what one part of the unit is worth if all of them are worth ``partial``."""
        return np.float32(partial / max(1, len(self.unit.text) - 1))

    @cached_property
    def alternatives(self) -> dict[str, list[tuple[Alternative, Standing]]]:
        """Field by field the lists of the alternatives that stand somewhere, weakest first."""
        ordered = sorted(self.unit.alternatives, key=lambda item: item.factor)
        listed = {
            name: [(item, self.matcher.standing(name, item.text)) for item in ordered] for name in self.fields
        }
        return {name: [pair for pair in found if len(pair[1])] for name, found in listed.items()}

    @cached_property
    def grams(self) -> dict[str, list[Standing]]:
        """Field by field the lists of the parts that stand somewhere."""
        parts = self.unit.grams if self.is_parted else ()
        listed = {name: [self.matcher.standing(name, gram) for gram in parts] for name in self.fields}
        return {name: [standing for standing in found if len(standing)] for name, found in listed.items()}


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
        each = sorted((found.held for found in self.units if found.is_telling), key=lambda held: held.count)
        if not each:
            return np.empty(0, np.int64)
        if each[0].heads is None:
            # All of them stand in many heads.
            inside = each[0].codes > 0
            for held in each[1:]:
                inside &= held.codes > 0
            return np.flatnonzero(inside)
        heads = each[0].heads
        for held in each[1:]:
            if not len(heads):
                break
            heads = heads[held.among(heads, self.size)]
        return heads

    def with_a_word(self) -> IntArray:
        """Return the heads in which at least one telling unit of more than a character stands."""
        loose = self.plan.is_loose
        return self.holding(
            [found for found in self.units if found.is_telling and (loose or len(found.unit.text) > 1)]
        )

    def any_part(self) -> IntArray:
        """Return the heads in which any unit or part of one stands."""
        lists = [gram.heads for found in self.units for listed in found.grams.values() for gram in listed]
        return union([self.holding(self.units), *lists], self.size)

    def holding(self, units: Sequence[Found]) -> IntArray:
        """Return the heads in which any of some units stands."""
        many = [found.held for found in units if found.held.heads is None]
        few = [found.held.heads for found in units if found.held.heads is not None]
        if not many:
            return union(few, self.size)
        inside = many[0].codes > 0
        for held in many[1:]:
            inside |= held.codes > 0
        for heads in few:
            inside[heads] = True
        return np.flatnonzero(inside)


def look_up(holders: Holders, plan: Plan, scope: Scope, weights: Sequence[float]) -> Lookup:
    """Find everything that a plan may be found by.

    Args:
        weights: The weight of each unit.
    """
    fields = (*(("title",) if scope in TITLED else ()), *passage_fields(scope))
    units = [
        Found(unit, weight, holders.of(unit, fields), fields, holders.matcher)
        for unit, weight in zip(plan.units, weights, strict=True)
    ]
    return Lookup(plan, scope, units, holders.matcher.snapshot.size)


def marked(heads: IntArray, size: int) -> BoolArray:
    """Return which of the numbers below ``size`` stand in a list."""
    inside = np.zeros(size, np.bool_)
    inside[heads] = True
    return inside
