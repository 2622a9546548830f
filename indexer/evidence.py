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
    flat, owners = _passages_of(scorer, heads)
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
        telling=np.array([_telling(one, seen) for one, seen in zip(titles, at, strict=True)]),
        words=_as_words(found, plan, titles, at),
        opens=np.array([float(any(start == 0 for start, _end, _number in seen.found)) for seen in at]),
        near=np.maximum(near, [seen.density(wanted) for seen in at]),
        informative=np.array([_informative(one, seen) for one, seen in zip(titles, at, strict=True)]),
        order=np.array([seen.order(wanted) for seen in at]),
        verbatim_title=np.array([plan.compact in one.text for one in titles], np.bool_),
        meant_title=np.array([bool(plan.meant) and plan.meant in one.text for one in titles], np.bool_),
        verbatim_body=verbatim_body,
        all_in_title=_all_in(plan, titles),
        length=np.log1p(np.bincount(owners, minlength=len(heads))),
        rung=found.rung[heads].astype(np.int64),
        passage=passage,
    )


def _passages_of(scorer: Scorer, heads: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows of all passages of the candidates, and the number of the candidate of each."""
    firsts = scorer.snapshot.first_passage[heads]
    counts = scorer.snapshot.first_passage[heads + 1] - firsts
    owners = np.repeat(np.arange(len(heads)), counts)
    ends = np.cumsum(counts)
    return np.arange(len(owners)) - np.repeat(ends - counts, counts) + np.repeat(firsts, counts), owners


def _best_of(values: Reals, owners: IntArray, count: int) -> Reals:
    best = np.zeros(count)
    if len(values):
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        best[owners[starts]] = np.maximum.reduceat(values, starts)
    return best


def _union(found: Scores, heads: IntArray, flat: IntArray, owners: IntArray) -> Reals:
    total = found.total_weight or 1.0
    scratch = np.zeros(len(found.passage), np.float32)
    gain = np.zeros(len(flat))
    for unit in found.units:
        scratch[unit.rows] = unit.values
        gain += unit.weight * np.maximum(0.0, scratch[flat] - unit.title[heads][owners])
        scratch[unit.rows] = 0
    return np.minimum(1.0, found.title_coverage[heads] + _best_of(gain, owners, len(heads)) / total)


def _in_titles(
    scorer: Scorer, plan: Plan, scope: Scope, heads: IntArray, titles: Sequence[Title]
) -> list[Occurrences]:
    if scope in (Scope.CONTENT, Scope.ATTACHMENT):
        return [Occurrences() for _ in titles]
    texts = [title.text for title in titles]
    units = telling_units(plan)
    return occurrences(scorer.matcher, units, ("title",), heads, texts, scorer.snapshot.size)


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
    texts = [scorer.snapshot.squeezed_passage(int(row)) for row in rows]
    units = telling_units(plan)
    seen = occurrences(scorer.matcher, units, passage_fields(scope), rows, texts, len(scorer.snapshot.places))
    passage = np.full(len(heads), -1, np.int64)
    near, verbatim = np.zeros(len(heads)), np.zeros(len(heads), np.bool_)
    value = np.full(len(heads), -1.0)
    for row, candidate, text, at in zip(rows.tolist(), candidates.tolist(), texts, seen, strict=True):
        density, whole = at.density(len(units)), plan.compact in text
        worth = found.passage[row] + 0.5 * density + 2.0 * whole
        if worth > value[candidate]:
            passage[candidate], value[candidate] = row, worth
            near[candidate], verbatim[candidate] = density, whole
    return passage, near, verbatim


def _worth_reading(
    found: Scores, heads: IntArray, flat: IntArray, owners: IntArray
) -> tuple[IntArray, IntArray]:
    """Return, for every candidate, the passages nearly as good as its best, and one that may hold it all."""
    values = found.passage[flat]
    best = _best_of(values, owners, len(heads))[owners]
    good = np.flatnonzero((values > 0) & (values >= CLOSE_CALL * best))
    good = good[np.lexsort((-values[good], owners[good]))]
    starts = np.searchsorted(owners[good], owners[good])
    good = good[np.arange(len(good)) - starts < READ]
    rows, candidates = flat[good], owners[good]
    whole = found.verbatim[heads]
    extra = np.flatnonzero((whole >= 0) & ~np.isin(whole, rows))
    return np.concatenate([rows, whole[extra]]), np.concatenate([candidates, extra])


def _telling(title: Title, seen: Occurrences) -> float:
    if not seen.found or not title.telling:
        return 0.0
    covered = {place for start, end, _number in seen.found for place in range(start, end)}
    return min(1.0, len(covered) / title.telling)


def _informative(title: Title, seen: Occurrences) -> float:
    if not seen.found:
        return 0.0
    covered = bytearray(len(title.text))
    for start, end, _number in seen.found:
        covered[start:end] = b"\1" * (end - start)
    told = sum(tells * sum(covered[start:end]) / (end - start) for start, end, tells in title.cut)
    return min(1.0, told / title.told)


def _as_words(found: Scores, plan: Plan, titles: Sequence[Title], at: Sequence[Occurrences]) -> Reals:
    weights = [
        unit.weight for unit, meant in zip(found.units, plan.units, strict=True) if meant.emphasis >= 0.5
    ]
    total = sum(weights) or 1.0
    shares = [
        sum(weights[number] for number, word in seen.words.items() if word in title.words)
        for title, seen in zip(titles, at, strict=True)
    ]
    return np.array(shares) / total


def _all_in(plan: Plan, titles: Sequence[Title]) -> BoolArray:
    wanted = [squeeze(unit.text) for unit in telling_units(plan)]
    return np.array([all(word in title.text for word in wanted) for title in titles], np.bool_)
