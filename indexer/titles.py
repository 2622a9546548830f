"""What the second stage asks of titles: their text, the words that stand in it, how much of it tells something."""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.fold import fold, squeeze
from indexer.language import Language
from indexer.snapshot import Snapshot
from indexer.vocabulary import Vocabulary

MOST_KEPT = 30_000
# What padding and single characters tell; a word of one title in a hundred tells about 4.6.
LOOSE = 0.3
SINGLE = 1.5


@dataclass(frozen=True, slots=True)
class Title:
    """A title: squeezed text, its words, and the number of characters that are not mere framing.

    ``cut`` has a line of start, end and what it tells for each word of the text: the rarer in titles, the more;
    ``told`` is the sum of what they tell.
    """

    text: str
    words: frozenset[str]
    telling: int
    cut: NDArray[np.float64]
    told: float


class TitleReader:
    """Reads the titles of a snapshot once each.

    Args:
        snapshot: The open index.
        language: Cuts titles into words and knows which of them only frame a question.
        vocabulary: Returns the present counts of words in titles.
    """

    def __init__(self, snapshot: Snapshot, language: Language, vocabulary: Callable[[], Vocabulary]) -> None:
        self._snapshot = snapshot
        self._vocabulary = vocabulary
        self._analyzer = language.analyzer
        self._loose = language.lexicon.frames | language.lexicon.stopwords
        self._known: dict[int, Title] = {}

    def __call__(self, head: int) -> Title:
        """Return the title of a head."""
        known = self._known.get(head)
        if known is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            known = self._known[head] = self._read(head)
        return known

    def _read(self, head: int) -> Title:
        folded = fold(self._snapshot.title(head))
        words = self._analyzer.words(folded)
        telling = sum(len(word) for word in words if word not in self._loose)
        parts = [part for word in words for part in self._parts(word)]
        text = squeeze(folded)
        cut = np.array(list(self._cut(text, words)), np.float64).reshape(-1, 3)
        # The same words come in thousands of titles.
        held = frozenset(map(sys.intern, [*words, *parts]))
        return Title(text, held, telling, cut, float(cut[:, 2].sum()) or 1.0)

    def _cut(self, text: str, words: list[str]) -> Iterator[tuple[int, int, float]]:
        vocabulary = self._vocabulary()
        place = 0
        for word in words:
            piece = squeeze(word)
            start = text.find(piece, place)
            if piece and start >= 0:
                place = start + len(piece)
                yield start, place, self._tells(word, vocabulary)

    def _tells(self, word: str, vocabulary: Vocabulary) -> float:
        if word in self._loose:
            return LOOSE
        if len(word) == 1:
            return SINGLE
        return math.log(1 + vocabulary.titles / (1 + vocabulary.counts[word]))

    def _parts(self, word: str) -> Iterator[str]:
        """Yield what a compound is made of, if it divides into words: 学生 and 贷款, but not 学生 of 大学生."""
        for place in range(2, len(word) - 1):
            if self._analyzer.knows(word[:place]) and self._analyzer.knows(word[place:]):
                yield word[:place]
                yield word[place:]
