"""Scores heads for a plan with array operations over posting lists; see RELEVANCE in the docs.

Two stages: BM25 over titles and bodies picks candidates, scaled by how much of the query an article
covers at all; then coverage of the title and of the best passage, precision of the title, verbatim
and near occurrences order the best few hundred. Only heads that can be part of the answer are scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray, Rows
from indexer.lookup import Found, Lookup, look_up, passage_fields
from indexer.matcher import Matcher, found_in
from indexer.plan import Plan, Unit
from indexer.slots import Passages, Slots
from indexer.snapshot import BoolArray, Snapshot
from indexer.sums import Part, Reals, Sums, taken
from indexer.weights import Weights
from kb.ports import Scope

# The best passages of so many heads are compared, or of all if it is not many more; what is weaker is ordered
# by the rest.
MOST_PLACED, NOT_MANY_MORE = 400, 600
# So many heads are enough to find a few titles among.
MOST_LEADING = 1_000
# From this share of all heads on all are scored.
DENSE = 0.3


@dataclass(frozen=True)
class Places:
    """Where each unit of the plan stands, and how well.

    ``titles`` tells for each unit in which of the scored heads' titles, ``passages`` in which of the passages
    ``rows`` of the best of these heads: places in the heads or rows, in ascending parts. Long documents have
    thousands of passages and most hold nothing of a query, so what is kept is what was found.
    """

    weights: Reals
    titles: Sequence[Sequence[Part]]
    rows: IntArray
    passages: Sequence[Sequence[Part]]

    def of_titles(self, places: IntArray) -> NDArray[np.float32]:
        """Return the columns of some of the scored heads, given by their places among them."""
        found = np.zeros((len(self.titles), len(places)), np.float32)
        for line, parts in zip(found, self.titles, strict=True):
            for at, values in parts:
                here, both = found_in(at, places)
                line[both] += values[here[both]]
        return found

    def of_passages(self, rows: IntArray) -> NDArray[np.float32]:
        """Return the columns of some passages, zeros for those that were not looked at."""
        found = np.zeros((len(self.passages), len(rows)), np.float32)
        places, both = found_in(self.rows, rows)
        columns = np.full(len(self.rows), -1, np.int32)
        columns[places[both]] = np.flatnonzero(both)
        for line, parts in zip(found, self.passages, strict=True):
            for at, values in parts:
                here = columns[at]
                line[here[here >= 0]] += values[here >= 0]
        return found

    def covered(self, total: float) -> FloatArray:
        """Return which share of the query, whose units weigh ``total``, each passage covers."""
        covered = np.zeros(len(self.rows), np.float32)
        for weight, parts in zip(self.weights, self.passages, strict=True):
            share = np.float32(weight / total)
            for at, values in parts:
                covered[at] += share * values
        return covered


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
    in_title: BoolArray
    in_body: BoolArray
    in_file: BoolArray
    verbatim: Rows
    places: Places
    covered: FloatArray
    total_weight: float = 0.0

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
    unmarked = np.zeros(len(heads), np.bool_)
    no_rows, no_values = np.empty(0, np.int64), np.empty(0, np.float32)
    return Scores(
        heads=heads,
        stage1=nothing,
        coverage=nothing,
        title_coverage=nothing,
        title_precision=nothing,
        in_place=nothing,
        combined=nothing,
        rung=np.zeros(len(heads), np.int8),
        in_title=unmarked,
        in_body=unmarked,
        in_file=unmarked,
        verbatim=np.full(len(heads), -1, np.int32),
        places=Places(np.empty(0), [], no_rows, []),
        covered=no_values,
    )


class Statistics:
    """Lengths of titles and bodies of a snapshot's heads, for BM25."""

    def __init__(self, snapshot: Snapshot, weights: Weights) -> None:
        self.title = snapshot.column("title_length").astype(np.float32)
        body, file = snapshot.column("body_length"), snapshot.column("file_length")
        # Empty attachments are the rule: they must not make every other one look long.
        held = file[file > 0]
        self.norms = {
            "title": _norms(self.title, weights.title_b, self.title, weights.k1),
            "body": _norms(body, weights.body_b, body, weights.k1),
            "file": _norms(file, weights.body_b, held, weights.k1),
        }


def _norms(lengths: FloatArray, b: float, counted: FloatArray, k1: float) -> FloatArray:
    mean = max(1.0, float(counted.mean())) if len(counted) else 1.0
    return (k1 * (1 - b + b * lengths / mean)).astype(np.float32)


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
        self._boosts = {"title": weights.title_boost, "body": 1.0, "file": weights.file_boost}

    @cached_property
    def statistics(self) -> Statistics:
        """Lengths for BM25."""
        return Statistics(self.snapshot, self.weights)

    def idf(self, unit: Unit) -> float:
        """Return the weight of a unit: rarer is heavier; something unknown weighs as what it may mean."""
        counts = [self.matcher.articles(item.text) for item in unit.alternatives]
        literal = self.matcher.articles(unit.text)
        known = literal or max(counts, default=0)
        if unit.mended:
            known = max(known, *counts)
        if not known and len(unit.text) > 2:
            known = min((self.matcher.articles(gram) for gram in unit.grams), default=0)
        total = self.snapshot.size
        idf = np.log(1 + (total - known + 0.5) / (known + 0.5))
        return float(idf) * unit.emphasis

    def look_up(self, plan: Plan, scope: Scope) -> Lookup:
        """Find everything that a plan may be found by."""
        return look_up(self.matcher, plan, scope, [self.idf(unit) for unit in plan.units])

    def score(self, lookup: Lookup, heads: IntArray) -> Scores:
        """Return the first stage's findings for some heads, given in ascending order."""
        slots, dials = Slots(heads, self.snapshot.size), self.weights
        total = lookup.total_weight or 1.0
        sums = self.weigh(lookup, slots)
        coverage, title_coverage = sums.coverage / total, sums.title_coverage / total
        value = sums.stage1 * _raised(coverage, dials.gamma)
        chosen = _best_places(value * (1 + title_coverage))
        passages, places = self._place(lookup, slots, sums, chosen)
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
            rung=sums.rungs(),
            in_title=sums.inside["title"],
            in_body=sums.inside["body"],
            in_file=sums.inside["file"],
            verbatim=self._verbatim(lookup, slots),
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
        cover, line = np.zeros(lookup.size, np.float32), np.zeros(lookup.size, np.float32)
        for found in lookup.units:
            share = found.share(self.weights.partial)
            parts = [gram.heads for listed in found.grams.values() for gram in listed]
            for at in parts:
                line[at] = np.minimum(line[at] + share, np.float32(self.weights.partial))
            for listed in found.alternatives.values():
                for item, standing in listed:
                    line[standing.heads] = np.maximum(line[standing.heads], np.float32(item.factor))
            for at, values in taken(line, parts + found.holders):
                cover[at] += np.float32(found.weight) * values
        values = cover[heads]
        most: IntArray = heads[values >= np.partition(values, -MOST_LEADING)[-MOST_LEADING]]
        return most

    def weigh(self, lookup: Lookup, slots: Slots) -> Sums:
        """Return BM25 and coverage of some heads, without a look at their passages."""
        if len(slots.heads) < DENSE * lookup.size:
            norms = {name: norm[slots.heads] for name, norm in self.statistics.norms.items()}
            return self._weigh(lookup, slots, norms)
        # With most heads at hand it is quicker to score all than to look up the place of each.
        everything = Slots(np.arange(lookup.size), lookup.size)
        return self._weigh(lookup, everything, self.statistics.norms).part(slots.heads)

    def _weigh(self, lookup: Lookup, slots: Slots, norms: dict[str, FloatArray]) -> Sums:
        sums = Sums(len(slots.heads))
        for unit in lookup.units:
            self._add_unit(sums, unit, slots, norms)
        return sums

    def _verbatim(self, lookup: Lookup, slots: Slots) -> Rows:
        """Return for every head the first passage that may hold the whole query as typed, or -1."""
        first = np.full(len(slots.heads), -1, np.int32)
        if len(lookup.plan.compact) > 1:
            for name in passage_fields(lookup.scope):
                standing = self.matcher.standing(name, lookup.plan.compact)
                at, places = slots.of(standing)
                first[at] = standing.rows[standing.starts[places]]
        return first

    def _add_unit(self, sums: Sums, found: Found, slots: Slots, norms: dict[str, FloatArray]) -> None:
        """Add what one unit contributes."""
        share = found.share(self.weights.partial)
        for name, listed in found.grams.items():
            if not listed:
                continue
            sums.add_parts(name, [slots.of(gram)[0] for gram in listed], share)
        for name, standings in found.alternatives.items():
            parts = []
            for item, standing in standings:
                at, places = slots.of(standing)
                sums.add_holders(name, at, item.factor, item.rung)
                parts.append((at, standing.sums[places] * np.float32(item.factor)))
            if parts:
                factor = self._boosts[name] * found.weight * (self.weights.k1 + 1)
                sums.saturate(parts, name == "title", factor, norms[name])
        sums.close_unit(found.weight, len(found.unit.text), found.is_telling)

    def _place(self, lookup: Lookup, slots: Slots, sums: Sums, chosen: IntArray) -> tuple[Passages, Places]:
        """Return the passages of the chosen heads and where the units stand in them."""
        passages = Passages(self.snapshot, slots.part(chosen))
        found = [passages.parts(unit, self.weights.partial) for unit in lookup.units]
        weights = np.array([unit.weight for unit in lookup.units])
        return passages, Places(weights, sums.titles, passages.rows, found)


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
