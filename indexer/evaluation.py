"""Measures ranked answers against judgements: reciprocal rank, recall, gain, empty answers, latency."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field

from indexer.fold import squeeze

DEPTH = 10
# Of a snippet no more counts than fits a card, and of a sentence this share has to be in it.
SHOWN_LETTERS = 240
SHOWN_SHARE = 0.6


@dataclass(frozen=True)
class JudgedQuery:
    """A query with what answers it; ``grades`` maps external ids to grades above 0.

    ``sentence`` is the sentence that answers it, empty where nobody judged that.
    """

    query_id: str
    kind: str
    text: str
    grades: Mapping[str, int]
    sentence: str = ""


@dataclass(frozen=True)
class Measures:
    """The quality of one answer, or the mean over several; every value is between 0 and 1.

    ``mrr`` and ``ndcg`` look at the first ten places, ``recall_N`` at the first N; ``zero`` is 1 for an
    answer without any article.
    """

    mrr: float
    recall_1: float
    recall_5: float
    recall_10: float
    ndcg: float
    zero: float


@dataclass(frozen=True)
class Latency:
    """Times of single searches, in milliseconds."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Passages:
    """Which share of the judged sentences the first snippet shows, and one of the first three."""

    queries: int
    first: float
    three: float


@dataclass(frozen=True)
class Evaluation:
    """What a run over a set of queries measured.

    ``kinds`` holds the mean of each kind of query and their number; ``overall`` the mean over all
    queries; ``macro`` the mean of the kinds, in which no kind outweighs another. ``passages`` is there if
    sentences were judged, by kind, with the mean of the kinds under the empty name.
    """

    overall: Measures
    macro: Measures
    kinds: Mapping[str, tuple[int, Measures]]
    latency: Latency
    passages: Mapping[str, Passages] = field(default_factory=dict)


def measure(ranked: Sequence[str], grades: Mapping[str, int]) -> Measures:
    """Return the measures of one answer.

    Args:
        ranked: External ids, best first; an id that repeats counts where it stands first.
        grades: What is wanted, by external id; 0 or absent means not wanted.

    Raises:
        ValueError: if nothing is wanted.
    """
    wanted = {name: grade for name, grade in grades.items() if grade > 0}
    if not wanted:
        raise ValueError("no article is judged to answer this query")
    gains = [wanted.get(name, 0) for name in dict.fromkeys(ranked)][:DEPTH]
    first = next((place for place, gain in enumerate(gains, start=1) if gain), 0)
    return Measures(
        mrr=1 / first if first else 0.0,
        recall_1=_recall(gains, len(wanted), 1),
        recall_5=_recall(gains, len(wanted), 5),
        recall_10=_recall(gains, len(wanted), 10),
        ndcg=_gain(gains) / _gain(sorted(wanted.values(), reverse=True)[:DEPTH]),
        zero=0.0 if ranked else 1.0,
    )


def _recall(gains: Sequence[int], wanted: int, depth: int) -> float:
    # One place can hold one article only, so a perfect answer reaches 1 also with many wanted.
    return sum(1 for gain in gains[:depth] if gain) / min(depth, wanted)


def _gain(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))


def mean(several: Iterable[Measures]) -> Measures:
    """Return the mean of measures, all 0 for none."""
    rows = [astuple(one) for one in several]
    if not rows:
        return Measures(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Measures(*(sum(column) / len(rows) for column in zip(*rows, strict=True)))


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not exceeded by ``share`` (0 to 1) of the values; 0 for none."""
    if not values:
        return 0.0
    place = max(1, math.ceil(share * len(values)))
    return sorted(values)[place - 1]


def shows(snippet: str, sentence: str) -> bool:
    """Return whether a snippet shows most of a sentence, counted in pairs of neighbouring characters."""
    wanted = _pairs(squeeze(sentence))
    return len(wanted & _pairs(squeeze(snippet)[:SHOWN_LETTERS])) >= SHOWN_SHARE * len(wanted)


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)} or {text}


def passages_shown(
    queries: Sequence[JudgedQuery], snippets: Sequence[Sequence[str]]
) -> Mapping[str, Passages]:
    """Return by kind, and under the empty name for all kinds alike, how often the right passage is shown.

    Args:
        queries: The judged queries; those without a sentence do not count.
        snippets: For each query, the snippets of the first hits, best first.
    """
    seen: dict[str, list[tuple[bool, bool]]] = {}
    for query, shown in zip(queries, snippets, strict=True):
        if query.sentence:
            found = [shows(snippet, query.sentence) for snippet in shown[:3]]
            seen.setdefault(query.kind, []).append((any(found[:1]), any(found)))
    kinds = {
        kind: Passages(
            len(rows),
            sum(first for first, _three in rows) / len(rows),
            sum(three for _first, three in rows) / len(rows),
        )
        for kind, rows in seen.items()
    }
    if not kinds:
        return {}
    count = len(kinds)
    everything = Passages(
        sum(one.queries for one in kinds.values()),
        sum(one.first for one in kinds.values()) / count,
        sum(one.three for one in kinds.values()) / count,
    )
    return {**kinds, "": everything}


def evaluate(
    queries: Sequence[JudgedQuery],
    answers: Sequence[Sequence[str]],
    seconds: Sequence[float],
    snippets: Sequence[Sequence[str]] = (),
) -> Evaluation:
    """Return what a run measured.

    Args:
        queries: The judged queries.
        answers: For each query, the external ids found, best first.
        seconds: For each query, the time its search took.
        snippets: For each query, the snippets of its first hits; without them no passages are measured.
    """
    measured: dict[str, list[Measures]] = {}
    for query, ranked in zip(queries, answers, strict=True):
        measured.setdefault(query.kind, []).append(measure(ranked, query.grades))
    kinds = {kind: (len(several), mean(several)) for kind, several in measured.items()}
    times = [1000 * value for value in seconds]
    return Evaluation(
        overall=mean(one for several in measured.values() for one in several),
        macro=mean(average for _count, average in kinds.values()),
        kinds=kinds,
        latency=Latency(*(percentile(times, share) for share in (0.5, 0.95, 0.99))),
        passages=passages_shown(queries, snippets) if snippets else {},
    )
