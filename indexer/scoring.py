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
from indexer.matcher import FIELDS, Matcher, found_in
from indexer.plan import Plan, Rung, Unit
from indexer.schema import FILE_KIND
from indexer.slots import Passages, Slots
from indexer.snapshot import BoolArray, Snapshot
from indexer.weights import Weights
from kb.ports import Scope

Reals = NDArray[np.float64]
# The best passages of so many heads are compared; what is weaker is ordered by the rest.
MOST_PLACED = 400


@dataclass(frozen=True)
class Places:
    """Where each unit of the plan stands: one row for each unit, one column for each head or passage.

    ``titles`` tells how well in the titles of ``heads``, ``values`` in the passages ``rows`` of the best
    of these heads; all ascending.
    """

    weights: Reals
    heads: IntArray
    titles: NDArray[np.float32]
    rows: IntArray
    values: NDArray[np.float32]

    def of_titles(self, heads: IntArray) -> NDArray[np.float32]:
        """Return the columns of some of the scored heads."""
        return self.titles[:, np.searchsorted(self.heads, heads)]

    def of_passages(self, rows: IntArray) -> NDArray[np.float32]:
        """Return the columns of some passages, zeros for those that were not looked at."""
        places, both = found_in(self.rows, rows)
        if not len(self.rows):
            return np.zeros((len(self.weights), len(rows)), np.float32)
        return self.values[:, places] * both


@dataclass
class Scores:
    """What is known of the scored heads after the first stage; 0 for all others.

    Arrays are by head, ``passage`` is by passage. ``coverage`` counts what stands anywhere in an article,
    ``in_place`` what its title or best passage holds alone. ``verbatim`` counts passages from 1. ``rung`` is the farthest rung it needed;
    ``places`` keeps where each unit stands, for the second stage.
    """

    heads: IntArray
    stage1: Reals
    coverage: Reals
    title_coverage: Reals
    title_precision: Reals
    in_place: Reals
    combined: Reals
    passage: Reals
    rung: NDArray[np.int8]
    in_title: BoolArray
    in_body: BoolArray
    in_file: BoolArray
    verbatim: Rows
    total_weight: float = 0.0
    places: Places | None = None

    def verbatim_in(self, heads: IntArray) -> Rows:
        """Return the first passage of each head that may hold the whole query as typed, or -1."""
        return self.verbatim[heads] - np.int32(1)


def nothing_scored(snapshot: Snapshot) -> Scores:
    """Return scores of a snapshot in which nothing was looked for."""

    def zeros() -> Reals:
        return np.zeros(snapshot.size)

    def flags() -> BoolArray:
        return np.zeros(snapshot.size, np.bool_)

    return Scores(
        heads=np.empty(0, np.int64),
        stage1=zeros(),
        coverage=zeros(),
        title_coverage=zeros(),
        title_precision=zeros(),
        in_place=zeros(),
        combined=zeros(),
        passage=np.zeros(len(snapshot.places)),
        rung=np.zeros(snapshot.size, np.int8),
        in_title=flags(),
        in_body=flags(),
        in_file=flags(),
        verbatim=np.zeros(snapshot.size, np.int32),
    )


class Statistics:
    """Lengths of titles and bodies of a snapshot's heads, for BM25."""

    def __init__(self, snapshot: Snapshot, weights: Weights) -> None:
        self.title = snapshot.column("title_length").astype(np.float32)
        lengths = snapshot.places["length"].astype(np.float64)
        is_file = snapshot.places["kind"] == FILE_KIND

        def by_head(values: Reals) -> FloatArray:
            sums = np.bincount(snapshot.head_of, values, minlength=snapshot.size)
            return sums.astype(np.float32)

        body, file = by_head(np.where(is_file, 0.0, lengths)), by_head(np.where(is_file, lengths, 0.0))
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
        found = nothing_scored(self.snapshot)
        found.heads, found.total_weight = heads, lookup.total_weight
        total = found.total_weight or 1.0
        slots = Slots(heads, self.snapshot.size)
        sums = self.weigh(lookup, slots)
        coverage, title_coverage = sums.coverage / total, sums.title_coverage / total
        in_place = self._place(found, lookup, slots, sums, title_coverage)
        dials = self.weights
        found.stage1[heads], found.coverage[heads] = sums.stage1, coverage
        found.title_coverage[heads], found.in_place[heads] = title_coverage, in_place
        found.title_precision[heads] = np.minimum(
            sums.title_precision / np.maximum(self.statistics.title[heads], 1), 1
        )
        found.rung[heads] = sums.rung
        for name, flags in (("title", found.in_title), ("body", found.in_body), ("file", found.in_file)):
            flags[heads] = sums.inside[name]
        found.combined[heads] = (
            sums.stage1 * coverage**dials.gamma * (1 + dials.place_coverage * in_place**dials.place_power)
        )
        self._verbatim(found, lookup)
        return found

    def weigh(self, lookup: Lookup, slots: Slots) -> "Sums":
        """Return BM25 and coverage of some heads, without a look at their passages."""
        sums = Sums(len(slots.heads))
        norms = {name: norm[slots.heads] for name, norm in self.statistics.norms.items()}
        for unit in lookup.units:
            sums.titles.append(self._add_unit(sums, unit, slots, norms))
        return sums

    def _verbatim(self, found: Scores, lookup: Lookup) -> None:
        """Note for every head the first passage that may hold the whole query as typed."""
        if len(lookup.plan.compact) > 1:
            for name in passage_fields(lookup.scope):
                standing = self.matcher.standing(name, lookup.plan.compact)
                found.verbatim[standing.heads] = standing.rows[standing.starts[:-1]] + 1

    def _add_unit(self, sums: "Sums", found: Found, slots: Slots, norms: dict[str, FloatArray]) -> FloatArray:
        """Add what one unit contributes; return how well it stands in every title."""
        size = len(slots.heads)
        cover, title_cover = np.zeros(size, np.float32), np.zeros(size, np.float32)
        rung = np.full(size, Rung.PARTIAL, np.int8)
        share = self.weights.partial / max(1, len(found.unit.text) - 1)
        for name, listed in found.grams.items():
            if listed:
                part = title_cover if name == "title" else np.zeros(size, np.float32)
                for gram in listed:
                    part[slots.of(gram)[0]] += share
                np.maximum(cover, part, out=cover)
        for name, standings in found.alternatives.items():
            parts = []
            for item, standing in standings:
                at, places = slots.of(standing)
                cover[at] = np.maximum(cover[at], item.factor)
                rung[at] = np.minimum(rung[at], item.rung)
                sums.inside[name][at] = True
                if name == "title":
                    title_cover[at] = np.maximum(title_cover[at], item.factor)
                parts.append((at, standing.sums[places] * np.float32(item.factor)))
            if parts:
                self._saturate(sums.stage1, name, parts, norms[name], found.weight)
        sums.coverage += found.weight * cover
        sums.title_coverage += found.weight * title_cover
        sums.title_precision += len(found.unit.text) * title_cover
        if found.is_telling:
            np.maximum(sums.rung, rung, out=sums.rung)
        return title_cover

    def _saturate(
        self,
        stage1: Reals,
        name: str,
        parts: Sequence[tuple[IntArray, FloatArray]],
        norm: FloatArray,
        weight: float,
    ) -> None:
        """Add BM25 of one field: alternatives in a passage add up, in a title the best one counts."""
        if len(parts) == 1:
            at, frequency = parts[0]
        else:
            dense = np.zeros(len(norm), np.float32)
            for at, values in parts:
                dense[at] = np.maximum(dense[at], values) if name == "title" else dense[at] + values
            at = np.flatnonzero(dense)
            frequency = dense[at]
        k1 = self.weights.k1
        stage1[at] += self._boosts[name] * weight * (k1 + 1) * (frequency / (frequency + norm[at]))

    def _place(
        self,
        found: Scores,
        lookup: Lookup,
        slots: Slots,
        sums: "Sums",
        title_coverage: Reals,
    ) -> Reals:
        """Fill in the passages of the best heads; return what each head's title or best passage covers."""
        chosen = np.arange(len(slots.heads))
        if len(chosen) > MOST_PLACED:
            value = sums.stage1 * sums.coverage**self.weights.gamma * (1 + title_coverage)
            chosen = np.sort(np.argpartition(-value, MOST_PLACED)[:MOST_PLACED])
        chosen_slots = slots if len(chosen) == len(slots.heads) else Slots(slots.heads[chosen], lookup.size)
        passages = Passages(self.snapshot, chosen_slots)
        values = np.zeros((len(lookup.units), len(passages.rows)), np.float32)
        for unit, line in zip(lookup.units, values, strict=True):
            passages.fill(line, unit, self.weights.partial)
        weights = np.array([unit.weight for unit in lookup.units])
        found.places = Places(weights, slots.heads, np.array(sums.titles), passages.rows, values)
        summed = weights.astype(np.float32) @ values / np.float32(found.total_weight or 1.0)
        found.passage[passages.rows] = summed
        in_place = title_coverage.copy()
        in_place[chosen] = np.maximum(title_coverage[chosen], passages.best(summed))
        return in_place


class Sums:
    """What adds up over the units, one entry for each scored head; ``titles`` has an array for each unit."""

    def __init__(self, size: int) -> None:
        self.titles: list[FloatArray] = []
        self.stage1, self.coverage = np.zeros(size), np.zeros(size)
        self.title_coverage, self.title_precision = np.zeros(size), np.zeros(size)
        self.rung = np.zeros(size, np.int8)
        self.inside = {name: np.zeros(size, np.bool_) for name in FIELDS}
