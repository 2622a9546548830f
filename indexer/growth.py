"""Finds words of a knowledge base that no dictionary has: characters that keep together and stand freely."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from indexer.fold import fold
from indexer.lexicon import Lexicon

LONGEST = 6
_HAN = re.compile(r"[\u4e00-\u9fff]+")
# How much oftener the parts must stand together than chance would have it, and how many different
# neighbours (as entropy) a word must have on both sides.
COHESION = 60.0
FREEDOM = 1.2


@dataclass(frozen=True)
class NewWord:
    """A word found, how often it stands in the texts, and a stretch of text around one of its places."""

    text: str
    count: int
    example: str


def new_words(
    texts: Sequence[str], lexicon: Lexicon, knows: Callable[[str], bool], least: int, limit: int
) -> list[NewWord]:
    """Return the likeliest new words of folded or raw texts, most frequent first.

    Args:
        texts: The texts of the knowledge base.
        lexicon: Its stop words and padding neither begin nor end a word.
        knows: Tells whether a dictionary has a word already.
        least: How often a word must occur.
        limit: How many words to return at most.
    """
    stretches = Counter(run for text in texts for run in _HAN.findall(fold(text)))
    counts = _counts(stretches, least)
    total = sum(len(run) * times for run, times in stretches.items())
    loose = lexicon.frames | lexicon.stopwords
    kept = {
        word
        for word in counts
        if len(word) > 1
        and word not in lexicon.words
        and not knows(word)
        and not _is_framed(word, loose)
        and _cohesion(word, counts, total) >= COHESION
    }
    found = sorted(
        (word for word in _free(kept, stretches) if not _is_part(word, kept, counts)),
        key=lambda word: (-counts[word], word),
    )
    return [NewWord(word, counts[word], _example(word, stretches)) for word in found[:limit]]


def _counts(stretches: Counter[str], least: int) -> Counter[str]:
    """Return how often every run of up to six characters occurs, for those that occur often enough.

    A longer run is counted only where both runs that are one shorter are frequent: memory stays small.
    """
    counts: Counter[str] = Counter()
    for length in range(1, LONGEST + 1):
        layer: Counter[str] = Counter()
        for run, times in stretches.items():
            for place in range(len(run) - length + 1):
                piece = run[place : place + length]
                if length == 1 or (piece[:-1] in counts and piece[1:] in counts):
                    layer[piece] += times
        counts.update({piece: count for piece, count in layer.items() if count >= least})
    return counts


def _cohesion(word: str, counts: Counter[str], total: int) -> float:
    """Return how much oftener a word occurs than its weakest division into two would by chance."""
    return min(
        counts[word] * total / (counts[word[:place]] * counts[word[place:]]) for place in range(1, len(word))
    )


def _free(words: set[str], stretches: Counter[str]) -> Iterable[str]:
    """Yield the words whose neighbours vary on both sides; the end of a stretch is always a new one."""
    before: dict[str, Counter[str]] = {word: Counter() for word in words}
    after: dict[str, Counter[str]] = {word: Counter() for word in words}
    for number, (run, times) in enumerate(stretches.items()):
        for place in range(len(run)):
            for end in range(place + 2, min(len(run), place + LONGEST) + 1):
                word = run[place:end]
                if word in before:
                    before[word][run[place - 1] if place else f"#{number}"] += times
                    after[word][run[end] if end < len(run) else f"#{number}"] += times
    for word in words:
        if min(_entropy(before[word]), _entropy(after[word])) >= FREEDOM:
            yield word


def _entropy(neighbours: Counter[str]) -> float:
    total = sum(neighbours.values())
    return -sum(count / total * math.log(count / total) for count in neighbours.values())


def _is_framed(word: str, loose: frozenset[str]) -> bool:
    return any(word[:length] in loose or word[-length:] in loose for length in range(1, len(word)))


def _is_part(word: str, kept: set[str], counts: Counter[str]) -> bool:
    """Return whether a word hardly ever stands outside of one longer new word."""
    return any(word != other and word in other and counts[other] > 0.7 * counts[word] for other in kept)


def _example(word: str, stretches: Counter[str]) -> str:
    run = next(run for run in stretches if word in run)
    place = run.index(word)
    return run[max(0, place - 8) : place + len(word) + 8]
