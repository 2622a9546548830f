"""The second stage: orders the best few hundred candidates by what their titles and passages say."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from indexer.codec import IntArray
from indexer.fold import squeeze
from indexer.plan import Plan, Rung
from indexer.schema import FILE_KIND, TAGS_KIND
from indexer.scoring import Reals, Scorer, Scores
from indexer.snapshot import BoolArray

CANDIDATES = 200


@dataclass(frozen=True)
class Ranked:
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
    scorer: Scorer, found: Scores, head: int, only: Literal["any", "text", "file"] = "any"
) -> int:
    """Return the row of a head's best matching passage, or -1.

    Args:
        only: ``text`` for what can be read as an answer, without attachments, tags and numbers.
    """
    first, last = scorer.snapshot.first_passage[head], scorer.snapshot.first_passage[head + 1]
    values = found.passage[first:last]
    kinds = scorer.snapshot.places["kind"][first:last]
    if only == "file":
        values = np.where(kinds == FILE_KIND, values, 0.0)
    elif only == "text":
        values = np.where((kinds != FILE_KIND) & (kinds != TAGS_KIND), values, 0.0)
    if not len(values):
        return -1
    place = int(values.argmax())
    return int(first + place) if values[place] > 0 else -1


def rank(scorer: Scorer, found: Scores, plan: Plan, allowed: BoolArray) -> list[Ranked]:
    """Return the candidates among the allowed heads, best first."""
    # Whoever may hold the whole phrase is a candidate, however weak it is otherwise.
    preferred = found.combined + np.where(found.verbatim >= 0, found.combined.max(initial=0.0), 0.0)
    heads = _candidates(preferred, allowed)
    ranked = [_refine(scorer, found, plan, int(head)) for head in heads]
    exact = plan.is_phrase and any(item.verbatim for item in ranked)
    lowest = 3 if exact else 2
    return sorted(ranked, key=lambda item: (min(item.place, lowest), -item.score, item.head))


def _candidates(combined: Reals, allowed: BoolArray) -> IntArray:
    scores = np.where(allowed, combined, 0.0)
    count = min(CANDIDATES, int((scores > 0).sum()))
    if not count:
        return np.empty(0, np.int64)
    best = np.argpartition(-scores, count - 1)[:count]
    return best[np.lexsort((best, -scores[best]))]


def _refine(scorer: Scorer, found: Scores, plan: Plan, head: int) -> Ranked:
    dials = scorer.weights
    passage = int(found.verbatim[head])
    if passage < 0 or plan.compact not in scorer.snapshot.squeezed_passage(passage):
        passage = best_passage(scorer, found, head)
    title = scorer.snapshot.squeezed_title(head)
    body = scorer.snapshot.squeezed_passage(passage) if passage >= 0 else ""
    in_title, in_body = plan.compact in title, plan.compact in body
    precision = found.title_precision[head] * found.title_coverage[head]
    bonus = (
        dials.title_coverage * found.title_coverage[head] ** dials.place_power
        + dials.title_precision * precision
        + dials.verbatim_title * in_title
        + dials.verbatim_body * in_body
        + dials.proximity * _nearness(plan, title, body)
    )
    rung = Rung(int(found.rung[head]))
    place = 3
    if (in_title or in_body) and plan.is_phrase and len(plan.compact) >= dials.long_phrase:
        place = 0
    elif dials.title_first and rung is Rung.EXACT and _all_in(plan, title):
        place = 1
    elif rung <= Rung.SYNONYM or (plan.is_phrase and (in_title or in_body)):
        place = 2
    return Ranked(head, float(found.combined[head] * (1 + bonus)), rung, in_title or in_body, passage, place)


def _all_in(plan: Plan, text: str) -> bool:
    return all(squeeze(unit.text) in text for unit in plan.units if unit.emphasis >= 0.5)


def _nearness(plan: Plan, title: str, body: str) -> float:
    """Return how close together the units stand, from 0 (apart or absent) to 1 (side by side)."""
    return max(_span_density(plan, title), _span_density(plan, body))


def _span_density(plan: Plan, text: str) -> float:
    units = [unit for unit in plan.units if unit.emphasis >= 0.5]
    if len(units) < 2 or not text:
        return 0.0
    found: list[tuple[int, int, int]] = []
    lengths: dict[int, int] = {}
    for number, unit in enumerate(units):
        for item in unit.alternatives:
            places = _places(text, item.text)
            if places:
                lengths[number] = len(item.text)
                found.extend((place, place + len(item.text), number) for place in places)
                break
    if len(lengths) < 2:
        return 0.0
    shortest = _shortest_window(sorted(found), len(lengths))
    return len(lengths) / len(units) * min(1.0, sum(lengths.values()) / max(1, shortest))


def _places(text: str, wanted: str, most: int = 8) -> list[int]:
    places: list[int] = []
    place = text.find(wanted)
    while place >= 0 and len(places) < most:
        places.append(place)
        place = text.find(wanted, place + 1)
    return places


def _shortest_window(found: list[tuple[int, int, int]], kinds: int) -> int:
    """Return the length of the shortest stretch that holds an occurrence of every unit."""
    counts: dict[int, int] = {}
    first = 0
    best = found[-1][1] - found[0][0]
    for _start, end, number in found:
        counts[number] = counts.get(number, 0) + 1
        while counts[found[first][2]] > 1:
            counts[found[first][2]] -= 1
            first += 1
        if len(counts) == kinds:
            best = min(best, end - found[first][0])
    return best
