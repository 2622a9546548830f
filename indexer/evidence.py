"""What speaks for each candidate of the second stage, as arrays; ranking.py says what it is worth."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray
from indexer.fold import squeeze
from indexer.nearness import Occurrences, numbered, occurrences, telling_units
from indexer.plan import Plan
from indexer.scoring import Scorer, Scores
from indexer.snapshot import BoolArray
from indexer.sums import Reals
from indexer.titles import TitleReader, Titles
from kb.ports import Scope

HOPEFUL = 8


@dataclass(frozen=True)
class Evidence:
    """One entry for each candidate; shares are between 0 and 1.

    ``union`` is the share of the query that the title and one passage cover together, ``place`` what the
    best place alone covers; ``passage`` the row of the passage that shows most, or -1; ``precision`` and
    ``telling`` how much of the title the query accounts for, by characters and by telling characters;
    ``words`` the share of the query that stands in the title as words; ``opens`` that the title begins
    with the query's first word; ``informative`` the share of what the title tells, rare words first, that
    the query accounts for; ``order`` the share of neighbouring words of the query that the title has in
    this order; ``near`` how close together the words stand; ``length`` the logarithm of
    the number of passages; ``all_in_title`` that the title holds every word as typed.
    """

    heads: IntArray
    first: Reals
    union: Reals
    place: Reals
    title: Reals
    precision: Reals
    telling: Reals
    words: Reals
    opens: Reals
    informative: Reals
    order: Reals
    near: Reals
    verbatim_title: BoolArray
    meant_title: BoolArray
    verbatim_body: BoolArray
    all_in_title: BoolArray
    length: Reals
    rung: IntArray
    passage: IntArray


@dataclass(frozen=True)
class Candidates:
    """The heads that the second stage looks at, their places among the scored ones, and their passages.

    ``counts`` tells how many passages each has; ``rows`` are all of them, ``owners`` the candidate of each,
    ``covered`` what each covers of the query.
    """

    heads: IntArray
    at: IntArray
    counts: IntArray
    rows: IntArray
    owners: IntArray
    covered: FloatArray

    @classmethod
    def of(cls, scorer: Scorer, found: Scores, at: IntArray) -> "Candidates":
        """Return candidates by their places among the scored heads."""
        heads = found.heads[at]
        rows, counts = scorer.snapshot.passages_of(heads)
        covered = found.of_heads(scorer.snapshot.first_passage[heads], counts)
        return cls(heads, at, counts, rows, np.repeat(np.arange(len(heads)), counts), covered)

    def best(self, values: NDArray[np.floating[Any]]) -> Reals:
        """Return the highest of the values of each candidate's passages, at least 0."""
        best, filled = np.zeros(len(self.heads)), self.counts > 0
        if len(values):
            begins = np.cumsum(self.counts) - self.counts
            best[filled] = np.maximum.reduceat(values, begins[filled])
        return best

    def best_few(self, wanted: BoolArray, most: int) -> IntArray:
        """Return the places of the best wanted passages of every candidate, candidate by candidate."""
        good = np.flatnonzero(wanted & (self.covered > 0))
        good = good[np.lexsort((-self.covered[good], self.owners[good]))]
        starts = np.searchsorted(self.owners[good], self.owners[good])
        return good[np.arange(len(good)) - starts < most]


def gather(
    scorer: Scorer, title_of: TitleReader, found: Scores, plan: Plan, scope: Scope, candidates: Candidates
) -> Evidence:
    """Return what speaks for the candidates before any of their passages is read."""
    heads, at_heads = candidates.heads, candidates.at
    title = found.title_coverage[at_heads]
    titles = title_of(heads)
    in_titles = found.places.of_titles(at_heads)
    at = _in_titles(scorer, plan, scope, heads, titles, in_titles)
    wanted = max(1, len(telling_units(plan)))
    return Evidence(
        heads=heads,
        first=found.stage1[at_heads],
        union=_union(found, candidates, in_titles),
        place=np.maximum(title, candidates.best(candidates.covered)),
        title=title,
        precision=found.title_precision[at_heads],
        telling=_telling(titles, at),
        words=_as_words(found, plan, titles, at),
        opens=at.opening().astype(np.float64),
        near=at.density(wanted),
        informative=_informative(titles, at),
        order=at.order(wanted),
        verbatim_title=titles.with_text(plan.compact),
        meant_title=titles.with_text(plan.meant) if plan.meant else np.zeros(len(heads), np.bool_),
        verbatim_body=np.zeros(len(heads), np.bool_),
        all_in_title=_all_in(plan, titles),
        length=np.log1p(candidates.counts),
        rung=found.rung[at_heads].astype(np.int64),
        passage=np.full(len(heads), -1, np.int64),
    )


def _union(found: Scores, candidates: Candidates, in_titles: FloatArray) -> Reals:
    title, owners, covered = found.title_coverage[candidates.at], candidates.owners, candidates.covered
    if not len(candidates.rows):
        return title
    # A passage adds at most what it covers, and at least that without what the title covers already.
    least = candidates.best(covered) - title
    hopeful = candidates.best_few(covered >= least[owners], HOPEFUL)
    owners = owners[hopeful]
    beyond = found.places.of_passages(candidates.rows[hopeful])
    beyond -= in_titles[:, owners]
    gain: Reals = np.zeros(len(candidates.rows))
    gain[hopeful] = found.places.weights @ np.maximum(0.0, beyond) / (found.total_weight or 1.0)
    return np.minimum(1.0, title + candidates.best(gain))


def _in_titles(
    scorer: Scorer,
    plan: Plan,
    scope: Scope,
    heads: IntArray,
    titles: Titles,
    in_titles: FloatArray,
) -> Occurrences:
    looked_at = scope not in (Scope.CONTENT, Scope.ATTACHMENT)
    units = numbered(plan, in_titles) if looked_at else []
    return occurrences(scorer.matcher, units, ("title",), heads, titles.texts)


def _telling(titles: Titles, at: Occurrences) -> Reals:
    shares: Reals = np.minimum(1.0, at.covered() / np.maximum(1, titles.telling))
    return np.where(titles.telling > 0, shares, 0.0)


def _informative(titles: Titles, at: Occurrences) -> Reals:
    covered = at.covered_before[titles.ends] - at.covered_before[titles.starts]
    told = titles.tells * (covered / np.maximum(1, titles.ends - titles.starts))
    shares: Reals = np.minimum(1.0, np.bincount(titles.owners, told, len(titles.telling)) / titles.told)
    return shares


def _as_words(found: Scores, plan: Plan, titles: Titles, at: Occurrences) -> Reals:
    every = found.places.weights.tolist()
    weights = [weight for weight, unit in zip(every, plan.units, strict=True) if unit.emphasis >= 0.5]
    shares = np.zeros(len(titles.telling))
    for number, word, having in at.said():
        having &= titles.with_word(word)
        shares[having] += weights[number]
    return shares / (sum(weights) or 1.0)


def _all_in(plan: Plan, titles: Titles) -> BoolArray:
    all_in = np.ones(len(titles.telling), np.bool_)
    for unit in telling_units(plan):
        all_in &= titles.with_text(squeeze(unit.text))
    return all_in
