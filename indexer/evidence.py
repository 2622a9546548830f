"""What speaks for each candidate of the second stage, as arrays; ranking.py says what it is worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.codec import IntArray
from indexer.fold import squeeze
from indexer.lookup import passage_fields
from indexer.nearness import Occurrences, occurrences, telling_units
from indexer.plan import Plan
from indexer.scoring import Reals, Scorer, Scores
from indexer.snapshot import BoolArray
from indexer.titles import Title, TitleReader
from kb.ports import Scope

# So many of the best passages of a candidate are read, to show the one where the words stand together.
READ = 3
CLOSE_CALL = 0.9
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


def gather(
    scorer: Scorer, title_of: TitleReader, found: Scores, plan: Plan, scope: Scope, heads: IntArray
) -> Evidence:
    """Return what speaks for the candidates ``heads``."""
    title = found.title_coverage[heads]
    flat, counts = scorer.snapshot.passages_of(heads)
    owners = np.repeat(np.arange(len(heads)), counts)
    best = _best_of(found.passage[flat], owners, len(heads))
    titles = [title_of(int(head)) for head in heads]
    at = _in_titles(scorer, plan, scope, heads, titles)
    passage, near, verbatim_body = _in_passages(scorer, found, plan, scope, heads, flat, owners)
    wanted = max(1, len(telling_units(plan)))
    return Evidence(
        heads=heads,
        first=found.stage1[heads],
        union=_union(found, heads, flat, owners),
        place=np.maximum(title, best),
        title=title,
        precision=found.title_precision[heads],
        telling=_telling(titles, at),
        words=_as_words(found, plan, titles, at),
        opens=at.opening().astype(np.float64),
        near=np.maximum(near, at.density(wanted)),
        informative=_informative(titles, at),
        order=at.order(wanted),
        verbatim_title=np.array([plan.compact in one.text for one in titles], np.bool_),
        meant_title=np.array([bool(plan.meant) and plan.meant in one.text for one in titles], np.bool_),
        verbatim_body=verbatim_body,
        all_in_title=_all_in(plan, titles),
        length=np.log1p(np.bincount(owners, minlength=len(heads))),
        rung=found.rung[heads].astype(np.int64),
        passage=passage,
    )


def _best_of(values: Reals, owners: IntArray, count: int) -> Reals:
    best = np.zeros(count)
    if len(values):
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        best[owners[starts]] = np.maximum.reduceat(values, starts)
    return best


def _union(found: Scores, heads: IntArray, flat: IntArray, owners: IntArray) -> Reals:
    title = found.title_coverage[heads]
    if found.places is None or not len(flat):
        return title
    # A passage adds at most what it covers, and at least that without what the title covers already.
    values = found.passage[flat]
    least = _best_of(values, owners, len(heads)) - title
    hopeful = _best_few(values, owners, values >= least[owners], HOPEFUL)
    flat, owners = flat[hopeful], owners[hopeful]
    beyond = found.places.of_passages(flat) - found.places.of_titles(heads)[:, owners]
    gain: Reals = found.places.weights @ np.maximum(0.0, beyond) / (found.total_weight or 1.0)
    return np.minimum(1.0, title + _best_of(gain, owners, len(heads)))


def _best_few(values: Reals, owners: IntArray, wanted: BoolArray, most: int) -> IntArray:
    """Return the places of the best wanted passages of every candidate, candidate by candidate."""
    good = np.flatnonzero(wanted & (values > 0))
    good = good[np.lexsort((-values[good], owners[good]))]
    starts = np.searchsorted(owners[good], owners[good])
    return good[np.arange(len(good)) - starts < most]


def _in_titles(
    scorer: Scorer, plan: Plan, scope: Scope, heads: IntArray, titles: Sequence[Title]
) -> Occurrences:
    units = () if scope in (Scope.CONTENT, Scope.ATTACHMENT) else telling_units(plan)
    return occurrences(scorer.matcher, units, ("title",), heads, [title.text for title in titles])


def _in_passages(
    scorer: Scorer,
    found: Scores,
    plan: Plan,
    scope: Scope,
    heads: IntArray,
    flat: IntArray,
    owners: IntArray,
) -> tuple[IntArray, Reals, BoolArray]:
    """Return the passage that shows most, how close the words stand in it, and whether the query is in it."""
    rows, candidates = _worth_reading(found, heads, flat, owners)
    texts = [scorer.snapshot.squeezed_passage(row) for row in rows.tolist()]
    units = telling_units(plan)
    density = occurrences(scorer.matcher, units, passage_fields(scope), rows, texts).density(len(units))
    whole = np.array([plan.compact in text for text in texts], np.bool_)
    worth = found.passage[rows] + 0.5 * density + 2.0 * whole
    order = np.lexsort((-worth, candidates))
    best = order[np.flatnonzero(np.diff(candidates[order], prepend=-1))]
    passage = np.full(len(heads), -1, np.int64)
    near, verbatim = np.zeros(len(heads)), np.zeros(len(heads), np.bool_)
    at = candidates[best]
    passage[at], near[at], verbatim[at] = rows[best], density[best], whole[best]
    return passage, near, verbatim


def _worth_reading(
    found: Scores, heads: IntArray, flat: IntArray, owners: IntArray
) -> tuple[IntArray, IntArray]:
    """Return, for every candidate, the passages nearly as good as its best, and one that may hold it all."""
    values = found.passage[flat]
    best = _best_of(values, owners, len(heads))[owners]
    good = _best_few(values, owners, values >= CLOSE_CALL * best, READ)
    rows, candidates = flat[good], owners[good]
    whole = found.verbatim_in(heads)
    extra = np.flatnonzero((whole >= 0) & ~np.isin(whole, rows))
    return np.concatenate([rows, whole[extra]]), np.concatenate([candidates, extra])


def _telling(titles: Sequence[Title], at: Occurrences) -> Reals:
    telling = np.fromiter((title.telling for title in titles), np.float64, len(titles))
    shares: Reals = np.minimum(1.0, at.covered() / np.maximum(1, telling))
    return np.where(telling > 0, shares, 0.0)


def _informative(titles: Sequence[Title], at: Occurrences) -> Reals:
    before, owners = at.covered_before, np.repeat(np.arange(len(titles)), [len(one.cut) for one in titles])
    if not len(owners):
        return np.zeros(len(titles))
    cut = np.concatenate([one.cut for one in titles])
    starts, ends = (at.begins[owners] + cut[:, number].astype(np.int64) for number in (0, 1))
    told = np.bincount(owners, cut[:, 2] * (before[ends] - before[starts]) / (ends - starts), len(titles))
    shares: Reals = np.minimum(1.0, told / np.array([one.told for one in titles]))
    return shares


def _as_words(found: Scores, plan: Plan, titles: Sequence[Title], at: Occurrences) -> Reals:
    every = found.places.weights.tolist() if found.places is not None else []
    weights = [weight for weight, unit in zip(every, plan.units, strict=False) if unit.emphasis >= 0.5]
    shares = np.zeros(len(titles))
    for (title, number), word in at.words.items():
        if word in titles[title].words:
            shares[title] += weights[number]
    return shares / (sum(weights) or 1.0)


def _all_in(plan: Plan, titles: Sequence[Title]) -> BoolArray:
    wanted = [squeeze(unit.text) for unit in telling_units(plan)]
    return np.array([all(word in title.text for word in wanted) for title in titles], np.bool_)
