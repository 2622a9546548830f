"""The second stage: orders the best few hundred candidates by what their titles and passages say."""

from dataclasses import dataclass

import numpy as np

from indexer.codec import IntArray
from indexer.fold import fold, is_word_character
from indexer.planner import Plan, Rung
from indexer.scoring import Reals, Scorer, Scores
from indexer.snapshot import BoolArray

CANDIDATES = 200


@dataclass(frozen=True)
class Ranked:
    """A candidate after the second stage; ``passage`` is its best passage's row, or -1."""

    head: int
    score: float
    rung: Rung
    verbatim: bool
    passage: int


def best_passage(scorer: Scorer, found: Scores, head: int, want_file: bool | None = None) -> int:
    """Return the row of a head's best matching passage, or -1.

    Args:
        want_file: ``True`` for attachments only, ``False`` for everything else, ``None`` for any.
    """
    first, last = scorer.snapshot.first_passage[head], scorer.snapshot.first_passage[head + 1]
    values = found.passage[first:last]
    if want_file is not None:
        values = np.where(scorer.statistics.is_file[first:last] == want_file, values, 0.0)
    if not len(values):
        return -1
    place = int(values.argmax())
    return int(first + place) if values[place] > 0 else -1


def rank(scorer: Scorer, found: Scores, plan: Plan, allowed: BoolArray) -> list[Ranked]:
    """Return the candidates among the allowed heads, best first."""
    heads = _candidates(found.combined, allowed)
    ranked = [_refine(scorer, found, plan, int(head)) for head in heads]
    ranked.sort(key=lambda item: (item.rung > Rung.SYNONYM or not item.verbatim, -item.score, item.head))
    return sorted(ranked, key=lambda item: (-item.score, item.head))


def _candidates(combined: Reals, allowed: BoolArray) -> IntArray:
    scores = np.where(allowed, combined, 0.0)
    count = min(CANDIDATES, int((scores > 0).sum()))
    if not count:
        return np.empty(0, np.int64)
    best = np.argpartition(-scores, count - 1)[:count]
    return best[np.lexsort((best, -scores[best]))]


def _refine(scorer: Scorer, found: Scores, plan: Plan, head: int) -> Ranked:
    dials = scorer.weights
    passage = best_passage(scorer, found, head)
    title = _compact(scorer.snapshot.title(head))
    body = _compact(scorer.snapshot.passage(passage)) if passage >= 0 else ""
    in_title, in_body = plan.compact in title, plan.compact in body
    precision = found.title_precision[head] * found.title_coverage[head]
    bonus = (
        dials.title_coverage * found.title_coverage[head]
        + dials.passage_coverage * (found.passage[passage] if passage >= 0 else 0.0)
        + dials.title_precision * precision
        + dials.verbatim_title * in_title
        + dials.verbatim_body * in_body
        + dials.proximity * _nearness(plan, title, body)
    )
    return Ranked(
        head,
        float(found.combined[head] * (1 + bonus)),
        Rung(int(found.rung[head])),
        in_title or in_body,
        passage,
    )


def _compact(text: str) -> str:
    return "".join(filter(is_word_character, fold(text)))


def _nearness(plan: Plan, title: str, body: str) -> float:
    """Return how close together the units stand, from 0 (apart or absent) to 1 (side by side)."""
    return max(_span_density(plan, title), _span_density(plan, body))


def _span_density(plan: Plan, text: str) -> float:
    places = []
    length = 0
    units = [unit for unit in plan.units if unit.emphasis >= 0.5]
    if len(units) < 2:
        return 0.0
    for unit in units:
        for item in unit.alternatives:
            place = text.find(item.text)
            if place >= 0:
                places.append((place, place + len(item.text)))
                length += len(item.text)
                break
    if len(places) < 2:
        return 0.0
    span = max(end for _start, end in places) - min(start for start, _end in places)
    return len(places) / len(units) * min(1.0, length / max(1, span))
