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


@dataclass(frozen=True, slots=True)
class _Cut:
    """What of a title depends on nothing but its text and the language; ``words`` stand at ``places`` of the text."""

    text: str
    held: frozenset[str]
    telling: int
    words: tuple[str, ...]
    places: NDArray[np.uint16]


class TitleReader:
    """Reads the titles of a snapshot once each.

    Args:
        snapshot: The open index.
        language: Cuts titles into words and knows which of them only frame a question.
        vocabulary: Returns the present counts of words in titles.
        earlier: The reader of an earlier commit in the same language: what it cut is not cut again.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        language: Language,
        vocabulary: Callable[[], Vocabulary],
        earlier: "TitleReader | None" = None,
    ) -> None:
        self._snapshot = snapshot
        self._vocabulary = vocabulary
        self._analyzer = language.analyzer
        self._loose = language.lexicon.frames | language.lexicon.stopwords
        self._known: dict[int, Title] = {}
        self._cuts: dict[str, _Cut] = earlier._cuts if earlier is not None else {}

    def __call__(self, head: int) -> Title:
        """Return the title of a head."""
        known = self._known.get(head)
        if known is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            known = self._known[head] = self._read(head)
        return known

    def _read(self, head: int) -> Title:
        title = self._snapshot.title(head)
        cut = self._cuts.get(title)
        if cut is None:
            if len(self._cuts) >= MOST_KEPT:
                self._cuts.clear()
            cut = self._cuts[title] = self._cut(title)
        # How much a word tells is counted anew: it changes with the titles of a commit.
        vocabulary = self._vocabulary()
        rows = np.empty((len(cut.words), 3), np.float64)
        rows[:, :2] = cut.places
        rows[:, 2] = [self._tells(word, vocabulary) for word in cut.words]
        return Title(cut.text, cut.held, cut.telling, rows, float(rows[:, 2].sum()) or 1.0)

    def _cut(self, title: str) -> _Cut:
        folded = fold(title)
        words = self._analyzer.words(folded)
        telling = sum(len(word) for word in words if word not in self._loose)
        parts = [part for word in words for part in self._parts(word)]
        text = squeeze(folded)
        placed: list[str] = []
        places: list[tuple[int, int]] = []
        place = 0
        for word in words:
            piece = squeeze(word)
            start = text.find(piece, place)
            if piece and start >= 0:
                place = start + len(piece)
                # The same words come in thousands of titles.
                placed.append(sys.intern(word))
                places.append((start, place))
        held = frozenset(map(sys.intern, [*words, *parts]))
        return _Cut(text, held, telling, tuple(placed), np.array(places, np.uint16).reshape(-1, 2))

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
