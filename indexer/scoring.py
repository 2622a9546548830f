"""Scores all heads for a plan with array operations over posting lists; see RELEVANCE in the docs.

Two stages: BM25 over titles and bodies picks candidates, scaled by how much of the query an article
covers at all; then coverage of the title and of the best passage, precision of the title, verbatim
and near occurrences order the best few hundred.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray
from indexer.fold import squeeze
from indexer.plan import INSIDE, Alternative, Plan, Rung, Unit
from indexer.schema import FILE_KIND
from indexer.snapshot import BoolArray, Snapshot
from indexer.weights import Weights
from kb.ports import Scope

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class UnitFindings:
    """Where one unit of the plan was found: how well in every title, and in which passages."""

    weight: float
    title: Reals
    rows: IntArray
    values: NDArray[np.float32]


@dataclass
class Scores:
    """What is known of every head after the first stage.

    ``coverage`` counts what stands anywhere in an article, ``in_place`` what its title or best passage
    holds alone. ``rung`` is the farthest rung it needed, ``has_word`` whether at least one whole word was
    found; ``units`` keeps what each unit contributed, for the second stage.
    """

    stage1: Reals
    coverage: Reals
    title_coverage: Reals
    title_precision: Reals
    passage: Reals
    rung: NDArray[np.int8]
    total_weight: float
    combined: Reals = field(default_factory=lambda: np.empty(0))
    verbatim: IntArray = field(default_factory=lambda: np.empty(0, np.int64))
    has_word: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))
    in_title: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))
    in_body: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))
    in_file: BoolArray = field(default_factory=lambda: np.empty(0, np.bool_))
    in_place: Reals = field(default_factory=lambda: np.empty(0))
    units: list[UnitFindings] = field(default_factory=list)


class Statistics:
    """Lengths of titles and bodies of a snapshot's heads, for BM25."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.title = snapshot.heads["title_length"].astype(np.float64)
        lengths = snapshot.places["length"].astype(np.float64)
        self.is_file: BoolArray = snapshot.places["kind"] == FILE_KIND
        heads = snapshot.size
        self.body = _by_head(snapshot, np.where(self.is_file, 0.0, lengths))
        self.file = _by_head(snapshot, np.where(self.is_file, lengths, 0.0))
        self.title_mean = max(1.0, float(self.title.mean())) if heads else 1.0
        self.body_mean = max(1.0, float(self.body.mean())) if heads else 1.0
        self.file_mean = max(1.0, float(self.file[self.file > 0].mean())) if (self.file > 0).any() else 1.0


def _by_head(snapshot: Snapshot, values: Reals) -> Reals:
    sums: Reals = np.bincount(snapshot.head_of, values, minlength=snapshot.size).astype(np.float64)
    return sums


class Matcher:
    """Finds texts in a snapshot: posting lists of characters, pairs and whole runs, intersected.

    Args:
        snapshot: The open index.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._found: dict[tuple[str, str], tuple[IntArray, FloatArray]] = {}
        self._articles: dict[str, int] = {}

    def rows(self, fieldname: str, text: str) -> tuple[IntArray, FloatArray]:
        """Return the rows of a field in which a folded text stands, and how often at least."""
        key = (fieldname, text)
        found = self._found.get(key)
        if found is None:
            if len(self._found) > 4000:
                self._found.clear()
            found = self._found[key] = self._look_up(fieldname, text)
        return found

    def _look_up(self, fieldname: str, text: str) -> tuple[IntArray, FloatArray]:
        postings = self.snapshot.postings
        if text[0] == INSIDE:
            text = squeeze(text)
            if len(text) < 3:
                return postings(fieldname, text)
        elif len(text) <= 2 or text[0] in "#§" or (text[0].isascii() and text[-1].isascii()):
            return postings(fieldname, text)
        grams = [text[place : place + 2] for place in range(len(text) - 1)]
        lists = sorted(
            (postings(fieldname, gram) for gram in dict.fromkeys(grams)), key=lambda pair: len(pair[0])
        )
        rows, counts = lists[0]
        for other, other_counts in lists[1:]:
            if not len(rows):
                break
            places = np.searchsorted(other, rows)
            places[places == len(other)] = 0
            both = other[places] == rows if len(other) else np.zeros(len(rows), np.bool_)
            rows, counts = rows[both], np.minimum(counts[both], other_counts[places[both]])
        return rows, counts

    def is_run(self, run: str) -> bool:
        """Return whether letters and digits stand somewhere as a word of their own, not inside another."""
        return any(len(self.snapshot.postings(name, run)[0]) for name in ("title", "body", "file"))

    def occurs(self, text: str, readable: BoolArray) -> bool:
        """Return whether a text stands in any of the readable heads or their passages."""
        if readable[self.rows("title", text)[0]].any():
            return True
        head_of = self.snapshot.head_of
        return any(bool(readable[head_of[self.rows(name, text)[0]]].any()) for name in ("body", "file"))

    def articles(self, text: str) -> int:
        """Return in how many heads a text stands, in any field."""
        known = self._articles.get(text)
        if known is None:
            if len(self._articles) > 50_000:
                self._articles.clear()
            head_of = self.snapshot.head_of
            seen = np.zeros(self.snapshot.size, np.bool_)
            seen[self.rows("title", text)[0]] = True
            for fieldname in ("body", "file"):
                seen[head_of[self.rows(fieldname, text)[0]]] = True
            known = self._articles[text] = int(seen.sum())
        return known


class Scorer:
    """Scores plans over one snapshot.

    Args:
        snapshot: The open index.
        weights: The dials.
    """

    def __init__(self, snapshot: Snapshot, weights: Weights) -> None:
        self.snapshot = snapshot
        self.matcher = Matcher(snapshot)
        self.weights = weights

    @cached_property
    def statistics(self) -> Statistics:
        """Lengths for BM25."""
        return Statistics(self.snapshot)

    def idf(self, unit: Unit) -> float:
        """Return the weight of a unit: rarer is heavier; something unknown weighs as what it may mean."""
        counts = [self.matcher.articles(item.text) for item in unit.alternatives]
        literal = self.matcher.articles(unit.text)
        known = literal or max((count for count in counts if count), default=0)
        if not known and len(unit.text) > 2:
            known = min((self.matcher.articles(gram) for gram in unit.grams), default=0)
        total = self.snapshot.size
        idf = np.log(1 + (total - known + 0.5) / (known + 0.5))
        return float(idf) * unit.emphasis

    def score(self, plan: Plan, scope: Scope) -> Scores:
        """Return the first stage's findings for every head, before any filter."""
        heads, passages = self.snapshot.size, len(self.snapshot.places)
        found = Scores(
            np.zeros(heads),
            np.zeros(heads),
            np.zeros(heads),
            np.zeros(heads),
            np.zeros(passages),
            np.zeros(heads, np.int8),
            0.0,
        )
        found.has_word = np.zeros(heads, np.bool_)
        found.in_title = np.zeros(heads, np.bool_)
        found.in_body = np.zeros(heads, np.bool_)
        found.in_file = np.zeros(heads, np.bool_)
        scratch = np.zeros(passages, np.float32)
        for unit in plan.units:
            self._add_unit(found, plan, unit, scope, scratch)
        total = found.total_weight or 1.0
        found.coverage /= total
        found.title_coverage /= total
        found.passage /= total
        found.title_precision /= np.maximum(self.statistics.title, 1)
        np.minimum(found.title_precision, 1, out=found.title_precision)
        dials = self.weights
        found.in_place = np.maximum(found.title_coverage, self._best_passages(found.passage))
        found.combined = (
            found.stage1
            * found.coverage**dials.gamma
            * (1 + dials.place_coverage * found.in_place**dials.place_power)
        )
        found.verbatim = self._verbatim(plan, scope)
        return found

    def _best_passages(self, values: Reals) -> Reals:
        """Return the highest value among each head's passages, 0 for heads without any."""
        firsts = self.snapshot.first_passage
        best = np.zeros(self.snapshot.size)
        filled = firsts[:-1] < firsts[1:]
        if filled.any():
            best[filled] = np.maximum.reduceat(values, firsts[:-1][filled])
        return best

    def _verbatim(self, plan: Plan, scope: Scope) -> IntArray:
        """Return, for every head, the first passage that may hold the whole query as typed, -1 for none."""
        rows = np.full(self.snapshot.size, -1, np.int64)
        if len(plan.compact) > 1:
            for fieldname in passage_fields(scope):
                found = self.matcher.rows(fieldname, plan.compact)[0][::-1]
                rows[self.snapshot.head_of[found]] = found
        return rows

    def _add_unit(
        self, found: Scores, plan: Plan, unit: Unit, scope: Scope, scratch: NDArray[np.float32]
    ) -> None:
        weight = self.idf(unit)
        found.total_weight += weight
        heads = self.snapshot.size
        cover = np.zeros(heads)
        rung = np.full(heads, Rung.PARTIAL, np.int8)
        title_cover = np.zeros(heads)
        alternatives = sorted(unit.alternatives, key=lambda item: item.factor)
        if len(unit.text) > 2 and unit.text[0] not in "#§":
            self._partial(found, unit, weight, scope, cover, title_cover)
        if scope in (Scope.ALL, Scope.TITLE, Scope.TITLE_CONTENT):
            self._title(found, alternatives, weight, cover, title_cover, rung)
        for fieldname in passage_fields(scope):
            self._passages(found, fieldname, alternatives, weight, cover, rung)
        rows, values = self._places(unit, alternatives, passage_fields(scope), scratch)
        found.passage[rows] += weight * values
        found.units.append(UnitFindings(weight, title_cover, rows, values))
        found.coverage += weight * cover
        found.title_coverage += weight * title_cover
        found.title_precision += len(unit.text) * title_cover
        if unit.emphasis >= 0.5:
            np.maximum(found.rung, rung, out=found.rung)
            if len(unit.text) > 1 or plan.is_loose:
                found.has_word |= rung < Rung.PARTIAL

    def _title(
        self,
        found: Scores,
        alternatives: Sequence[Alternative],
        weight: float,
        cover: Reals,
        title_cover: Reals,
        rung: NDArray[np.int8],
    ) -> None:
        frequency = np.zeros(self.snapshot.size)
        for item in alternatives:
            rows, counts = self.matcher.rows("title", item.text)
            cover[rows] = np.maximum(cover[rows], item.factor)
            title_cover[rows] = np.maximum(title_cover[rows], item.factor)
            rung[rows] = np.minimum(rung[rows], item.rung)
            found.in_title[rows] = True
            frequency[rows] = np.maximum(frequency[rows], counts * item.factor)
        stats, dials = self.statistics, self.weights
        norm = dials.k1 * (1 - dials.title_b + dials.title_b * stats.title / stats.title_mean)
        found.stage1 += dials.title_boost * weight * frequency * (dials.k1 + 1) / (frequency + norm)

    def _passages(
        self,
        found: Scores,
        fieldname: str,
        alternatives: Sequence[Alternative],
        weight: float,
        cover: Reals,
        rung: NDArray[np.int8],
    ) -> None:
        head_of = self.snapshot.head_of
        frequency = np.zeros(self.snapshot.size)
        for item in alternatives:
            rows, counts = self.matcher.rows(fieldname, item.text)
            if not len(rows):
                continue
            owners = head_of[rows]
            # A head with several passages is written several times, each time with the same value.
            cover[owners] = np.maximum(cover[owners], item.factor)
            rung[owners] = np.minimum(rung[owners], item.rung)
            (found.in_body if fieldname == "body" else found.in_file)[owners] = True
            frequency += np.bincount(owners, counts, minlength=len(frequency)) * item.factor
        stats, dials = self.statistics, self.weights
        lengths, mean, boost = (
            (stats.body, stats.body_mean, 1.0)
            if fieldname == "body"
            else (stats.file, stats.file_mean, dials.file_boost)
        )
        norm = dials.k1 * (1 - dials.body_b + dials.body_b * lengths / mean)
        found.stage1 += boost * weight * frequency * (dials.k1 + 1) / (frequency + norm)

    def _places(
        self,
        unit: Unit,
        alternatives: Sequence[Alternative],
        fields: Sequence[str],
        scratch: NDArray[np.float32],
    ) -> tuple[IntArray, NDArray[np.float32]]:
        """Return the passages in which a unit or part of it stands, and how well; leaves ``scratch`` zero."""
        touched: list[IntArray] = []
        if len(unit.text) > 2 and unit.text[0] not in "#§":
            share = self.weights.partial / len(unit.grams)
            for fieldname in fields:
                for gram in unit.grams:
                    rows = self.matcher.rows(fieldname, gram)[0]
                    scratch[rows] += share
                    touched.append(rows)
        for fieldname in fields:
            for item in alternatives:
                rows = self.matcher.rows(fieldname, item.text)[0]
                scratch[rows] = np.maximum(scratch[rows], item.factor)
                touched.append(rows)
        touched = [rows for rows in touched if len(rows)]
        if not touched:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        rows = touched[0] if len(touched) == 1 else np.flatnonzero(scratch)
        values = scratch[rows]
        scratch[rows] = 0
        return rows, values

    def _partial(
        self, found: Scores, unit: Unit, weight: float, scope: Scope, cover: Reals, title_cover: Reals
    ) -> None:
        share = self.weights.partial / len(unit.grams)
        if scope in (Scope.ALL, Scope.TITLE, Scope.TITLE_CONTENT):
            for gram in unit.grams:
                rows = self.matcher.rows("title", gram)[0]
                title_cover[rows] += share
            np.maximum(cover, title_cover, out=cover)
        for fieldname in passage_fields(scope):
            part = np.zeros(self.snapshot.size)
            for gram in unit.grams:
                part[self.snapshot.head_of[self.matcher.rows(fieldname, gram)[0]]] += share
            np.maximum(cover, part, out=cover)


def passage_fields(scope: Scope) -> tuple[str, ...]:
    if scope is Scope.ALL:
        return ("body", "file")
    if scope in (Scope.CONTENT, Scope.TITLE_CONTENT):
        return ("body",)
    return ("file",) if scope is Scope.ATTACHMENT else ()
