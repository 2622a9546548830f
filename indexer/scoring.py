"""Scores heads for a plan with array operations over posting lists; see RELEVANCE in the docs.

Two stages: BM25 over titles and bodies picks candidates, scaled by how much of the query an article
covers at all; then coverage of the title and of the best passage, precision of the title, verbatim
and near occurrences order the best few hundred. Only heads that can be part of the answer are scored.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray, Rows
from indexer.holders import Holders, Statistics
from indexer.lookup import Lookup, look_up, passage_fields
from indexer.matcher import Matcher, found_in
from indexer.places import Entries, Passages, Places
from indexer.plan import Plan, Unit
from indexer.slots import Slots
from indexer.snapshot import BoolArray, Snapshot
from indexer.sums import Reals, Sums
from indexer.weights import Weights
from kb.ports import Scope

# The best passages of so many heads are compared, or of all if it is not many more; what is weaker is ordered
# by the rest.
MOST_PLACED, NOT_MANY_MORE = 400, 600
# So many heads are enough to find a few titles among.
MOST_LEADING = 1_000


@dataclass
class Scores:
    """What is known of the scored heads after the first stage; ``heads`` ascend, all else is by place in them.

    ``coverage`` counts what stands anywhere in an article, ``in_place`` what its title or best passage holds
    alone. ``verbatim`` is the first passage that may hold the whole query as typed, or -1. ``rung`` is the
    farthest rung it needed; ``places`` keeps where each unit stands, for the second stage, and ``covered``
    what each of its passages covers.
    """

    heads: IntArray
    stage1: Reals
    coverage: Reals
    title_coverage: Reals
    title_precision: Reals
    in_place: Reals
    combined: Reals
    rung: NDArray[np.int8]
    sums: Sums
    verbatim: Rows
    places: Places
    covered: FloatArray
    total_weight: float = 0.0

    @cached_property
    def in_title(self) -> BoolArray:
        """Which heads hold a unit in the title."""
        return self.sums.inside("title")

    @cached_property
    def in_body(self) -> BoolArray:
        """Which heads hold a unit in their own text."""
        return self.sums.inside("body")

    @cached_property
    def in_file(self) -> BoolArray:
        """Which heads hold a unit in an attachment."""
        return self.sums.inside("file")

    def at(self, heads: IntArray) -> IntArray:
        """Return the places of some of the scored heads."""
        return np.searchsorted(self.heads, heads)

    def of_passages(self, rows: IntArray) -> FloatArray:
        """Return what passages cover of the query, 0 for those that were not looked at."""
        covered = np.zeros(len(rows), np.float32)
        places, both = found_in(self.places.rows, rows)
        covered[both] = self.covered[places[both]]
        return covered

    def of_heads(self, firsts: IntArray, counts: IntArray) -> FloatArray:
        """Return what all passages of some heads cover, head by head.

        Args:
            firsts: The first row of each head; its further ones follow.
            counts: How many rows each head has.
        """
        places, both = found_in(self.places.rows, firsts)
        covered = np.zeros(int(counts.sum()), np.float32)
        ends = np.cumsum(counts)
        # The passages of a head were looked at together or not at all.
        known = np.repeat(both & (counts > 0), counts)
        at = np.arange(len(covered)) + np.repeat(places - (ends - counts), counts)
        covered[known] = self.covered[at[known]]
        return covered


def nothing_scored(heads: IntArray) -> Scores:
    """Return scores of heads in which nothing was looked for."""
    nothing = np.zeros(len(heads))
    no_rows, no_values = np.empty(0, np.int64), np.empty(0, np.float32)
    sums = Sums((), Slots(heads, len(heads)), 0.0)
    return Scores(
        heads=heads,
        stage1=nothing,
        coverage=nothing,
        title_coverage=nothing,
        title_precision=nothing,
        in_place=nothing,
        combined=nothing,
        rung=np.zeros(len(heads), np.int8),
        sums=sums,
        verbatim=np.full(len(heads), -1, np.int32),
        places=Places(np.empty(0), sums, no_rows, Entries(no_rows, no_rows, no_values)),
        covered=no_values,
    )


class Scorer:
    """Scores plans over one snapshot.

    Args:
        snapshot: The open index.
        weights: The dials.
        before: The scorer of an earlier commit, whose findings may still hold.
    """

    def __init__(self, snapshot: Snapshot, weights: Weights, before: "Scorer | None" = None) -> None:
        self.snapshot = snapshot
        self.matcher: Matcher = Matcher(snapshot, before.matcher if before else None)
        self.weights = weights

    @cached_property
    def statistics(self) -> Statistics:
        """Lengths for BM25."""
        return Statistics(self.snapshot, self.weights)

    @cached_property
    def holders(self) -> Holders:
        """Who holds whole units."""
        return Holders(self.matcher, self.statistics, self.weights)

    def idf(self, unit: Unit, in_titles: bool = False) -> float:
        """Return the weight of a unit: rarer is heavier; something unknown weighs as what it may mean.

        Args:
            in_titles: Count titles instead of articles: no posting lists but theirs are asked for.
        """
        count = self.matcher.titles if in_titles else self.matcher.articles
        known = count(unit.text)
        if not known or unit.mended:
            known = max(known, *(count(item.text) for item in unit.alternatives), 0)
        if not known and len(unit.text) > 2:
            known = min((count(gram) for gram in unit.grams), default=0)
        total = self.snapshot.size
        return math.log(1 + (total - known + 0.5) / (known + 0.5)) * unit.emphasis

    def look_up(self, plan: Plan, scope: Scope, in_titles: bool = False) -> Lookup:
        """Find everything that a plan may be found by.

        Args:
            in_titles: Whether what is rare in titles weighs most, not what is rare in articles.
        """
        return look_up(self.holders, plan, scope, [self.idf(unit, in_titles) for unit in plan.units])

    def score(self, lookup: Lookup, heads: IntArray) -> Scores:
        """Return the first stage's findings for some heads, given in ascending order."""
        dials = self.weights
        total = lookup.total_weight or 1.0
        sums = self.weigh(lookup, heads)
        coverage, title_coverage = sums.coverage / total, sums.title_coverage / total
        value = sums.stage1 * _raised(coverage, dials.gamma)
        chosen = _best_places(value * (1 + title_coverage))
        passages = Passages(self.snapshot, heads[chosen])
        weights = np.array([unit.weight for unit in lookup.units])
        places = Places(weights, sums, passages.rows, passages.holding(lookup.units, dials.partial))
        covered = places.covered(total)
        in_place = title_coverage.copy()
        in_place[chosen] = np.maximum(title_coverage[chosen], passages.best(covered))
        return Scores(
            heads=heads,
            stage1=sums.stage1,
            coverage=coverage,
            title_coverage=title_coverage,
            title_precision=np.minimum(sums.title_precision / np.maximum(self.statistics.title[heads], 1), 1),
            in_place=in_place,
            combined=value * (1 + dials.place_coverage * _raised(in_place, dials.place_power)),
            rung=sums.rungs,
            sums=sums,
            verbatim=self._verbatim(lookup, heads),
            places=places,
            covered=covered,
            total_weight=lookup.total_weight,
        )

    def leading(self, lookup: Lookup, allowed: BoolArray) -> IntArray:
        """Return the allowed heads that cover most of a plan, all that cover as much as the last one included."""
        heads = lookup.any_part()
        heads = heads[allowed[heads]]
        if len(heads) <= MOST_LEADING:
            return heads
        values = self.weigh(lookup, heads).coverage
        most: IntArray = heads[values >= np.partition(values, -MOST_LEADING)[-MOST_LEADING]]
        return most

    def weigh(self, lookup: Lookup, heads: IntArray) -> Sums:
        """Return BM25 and coverage of some heads, without a look at their passages."""
        return Sums(lookup.units, Slots(heads, lookup.size), self.weights.partial)

    def _verbatim(self, lookup: Lookup, heads: IntArray) -> Rows:
        """Return for every head the first passage that may hold the whole query as typed, or -1."""
        first = np.full(len(heads), -1, np.int32)
        if len(lookup.plan.compact) > 1:
            for name in passage_fields(lookup.scope):
                standing = self.matcher.standing(name, lookup.plan.compact)
                at, places = Slots(heads, lookup.size).meet(standing.heads)
                first[at] = standing.rows[standing.starts[places]]
        return first


def _best_places(values: Reals) -> IntArray:
    """Return the places of the highest values, ascending."""
    if len(values) <= NOT_MANY_MORE:
        return np.arange(len(values))
    best: IntArray = np.sort(np.argpartition(-values, MOST_PLACED)[:MOST_PLACED])
    return best


def _raised(values: Reals, power: float) -> Reals:
    """Return values between 0 and 1 to a power; single precision is enough and four times as quick."""
    with np.errstate(divide="ignore"):
        raised: Reals = np.exp(np.float32(power) * np.log(values.astype(np.float32))).astype(np.float64)
    return raised
