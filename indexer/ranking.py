"""The second stage: orders the best few hundred candidates by what their titles and passages say."""

from typing import Literal, NamedTuple

import numpy as np

from indexer.codec import IntArray
from indexer.evidence import Candidates, Evidence, gather
from indexer.nearness import telling_units
from indexer.plan import Plan, Rung
from indexer.reading import Reading
from indexer.schema import FILE_KIND, TAGS_KIND
from indexer.scoring import Scorer, Scores
from indexer.snapshot import BoolArray, Snapshot
from indexer.sums import Reals
from indexer.titles import TitleReader
from indexer.weights import Weights
from kb.ports import Scope

CANDIDATES = 200
RUNGS = tuple(Rung)


class Ranked(NamedTuple):
    """A candidate after the second stage; ``passage`` is its best passage's row, or -1.

    ``place`` is 0 for a long phrase found as typed, 1 for every word as typed in the title, 2 for
    every word as typed or by a synonym, 3 for sounds, slips and parts. Places 0 and 1 always come
    first; 3 stays below 2 as soon as anything holds the query as typed.
    """

    head: int
    score: float
    rung: Rung
    verbatim: bool
    passage: int
    place: int = 3


def best_passage(
    snapshot: Snapshot, found: Scores, head: int, only: Literal["any", "text", "file"] = "any"
) -> int:
    """Return the row of a head's best matching passage, or -1.

    Args:
        only: ``text`` for what can be read as an answer, without attachments, tags and numbers.
    """
    first, last = snapshot.first_passage[head], snapshot.first_passage[head + 1]
    values = found.of_passages(np.arange(first, last))
    kinds = snapshot.places["kind"][first:last]
    if only == "file":
        values = np.where(kinds == FILE_KIND, values, 0.0)
    elif only == "text":
        values = np.where((kinds != FILE_KIND) & (kinds != TAGS_KIND), values, 0.0)
    if not len(values):
        return -1
    place = int(values.argmax())
    return int(first + place) if values[place] > 0 else -1


def rank(
    scorer: Scorer,
    title_of: TitleReader,
    found: Scores,
    plan: Plan,
    scope: Scope,
    allowed: IntArray,
    first: int | None = None,
    preferred: BoolArray | None = None,
) -> list[Ranked]:
    """Return the candidates among the allowed heads, best first.

    Args:
        allowed: Places among the scored heads, ascending.
        first: So many have to be in their final order; those behind them may be in any. All if not given.
        preferred: The heads that come before all others, if some do.
    """
    combined = found.combined[allowed]
    # Whoever may hold the whole phrase is a candidate, however weak it is otherwise.
    raised = combined + np.where(found.verbatim[allowed] >= 0, combined.max(initial=0.0), 0.0)
    at = allowed[_candidates(raised)]
    if not len(at):
        return []
    late = np.zeros(len(at), np.bool_) if preferred is None else ~preferred[found.heads[at]]
    if first is None or np.count_nonzero(~late) < first:
        # Revisions that are not in force are folded into their articles: all have to be known.
        first = len(at)
    candidates = Candidates.of(scorer, found, at)
    known = gather(scorer, title_of, found, plan, scope, candidates)

    def judged(evidence: Evidence) -> tuple[IntArray, Reals, IntArray]:
        values, places = scores(evidence, plan, scorer.weights), _places(evidence, plan, scorer.weights)
        return np.lexsort((evidence.heads, -values, places, late)), values, places

    reading = Reading(scorer, found, plan, scope, candidates, known)
    evidence = reading.until_settled(lambda known: judged(known)[0], first)
    order, values, places = judged(evidence)
    verbatim = evidence.verbatim_title | evidence.verbatim_body
    columns = (evidence.heads, values, evidence.rung, verbatim, evidence.passage, places)
    return [
        Ranked(head, value, RUNGS[rung], whole, passage, place)
        for head, value, rung, whole, passage, place in zip(
            *(column[order].tolist() for column in columns), strict=True
        )
    ]


def _candidates(values: Reals) -> IntArray:
    count = min(CANDIDATES, int(np.count_nonzero(values > 0)))
    if not count:
        return np.empty(0, np.int64)
    best = np.argpartition(-values, count - 1)[:count]
    return best[np.lexsort((best, -values[best]))]


def scores(evidence: Evidence, plan: Plan, dials: Weights) -> Reals:
    """Return what the evidence is worth; see ``Weights`` for the formula in words."""
    words = len(telling_units(plan))
    longness = min(1.0, max(0.0, (words - dials.short) / (dials.long - dials.short)))
    title_coverage = _between(dials.title_coverage, dials.title_coverage_long, longness)
    union_power = _between(dials.union_power, dials.union_power_long, longness)
    bonus = (
        title_coverage * evidence.title**dials.place_power
        + dials.title_precision * evidence.precision * evidence.title
        + dials.telling_precision * evidence.telling * evidence.title
        + dials.informative * evidence.informative * evidence.title
        + dials.order * evidence.order * evidence.title
        + dials.title_words * evidence.words
        + dials.title_opens * evidence.opens
        + dials.verbatim_title * evidence.verbatim_title
        + dials.meant_title * evidence.meant_title
        + dials.verbatim_body * evidence.verbatim_body
        + _between(dials.proximity, dials.proximity_long, longness) * evidence.near
    )
    value: Reals = (
        evidence.first**dials.first_power
        * evidence.union**union_power
        * (1 + dials.place_coverage * evidence.place**dials.place_power)
        * (1 + bonus)
        * np.exp(-dials.length_discount * longness * evidence.length)
    )
    return value


def _between(short: float, long: float, longness: float) -> float:
    return short + (long - short) * longness


def _places(evidence: Evidence, plan: Plan, dials: Weights) -> IntArray:
    verbatim = (evidence.verbatim_title | evidence.verbatim_body) & plan.is_phrase
    places = np.full(len(evidence.heads), 3, np.int64)
    places[(evidence.rung <= Rung.SYNONYM) | verbatim] = 2
    if len(telling_units(plan)) == 1:
        # What was said in one word is never answered with another word for it while the word itself is there.
        places[(evidence.rung == Rung.SYNONYM) & ~verbatim] = 3
    if dials.title_first:
        places[evidence.all_in_title & (evidence.rung == Rung.EXACT)] = 1
    if len(plan.compact) >= dials.long_phrase:
        places[verbatim] = 0
    exact = plan.is_phrase and bool((evidence.verbatim_title | evidence.verbatim_body).any())
    return np.minimum(places, 3 if exact else 2)
