"""What the second stage asks of titles: their text, the words that stand in it, how much of it tells something."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from indexer.codec import IntArray, Rows
from indexer.cut_titles import CutTitles
from indexer.language import Language
from indexer.nearness import Joined
from indexer.snapshot import BoolArray, Snapshot
from indexer.vocabulary import Vocabulary, folded_titles

# What padding and single characters tell; a word of one title in a hundred tells about 4.6.
LOOSE = 0.3
SINGLE = 1.5


@dataclass(frozen=True)
class Titles:
    """Some titles side by side.

    ``texts`` are the squeezed titles, ``telling`` the numbers of their characters that are not mere framing. Each of
    their words has a number in ``words``, is in the title ``owners``, stands between ``starts`` and ``ends`` of the
    joined texts (the same if not in one piece) and tells ``tells``: the rarer in titles, the more.
    """

    cut: CutTitles
    texts: Joined
    telling: IntArray
    words: Rows
    owners: IntArray
    starts: IntArray
    ends: IntArray
    tells: NDArray[np.float64]

    @cached_property
    def told(self) -> NDArray[np.float64]:
        """What all words of each title tell."""
        placed = self.tells * (self.ends > self.starts)
        told = np.bincount(self.owners, placed, len(self.telling)).astype(np.float64)
        told[told == 0] = 1.0
        return told

    def with_word(self, word: str) -> BoolArray:
        """Return which titles have a word, by itself or as a part of a compound."""
        having = np.zeros(len(self.telling), np.bool_)
        numbers = self.cut.holding(word)
        if numbers:
            having[self.owners[np.isin(self.words, numbers)]] = True
        return having

    def with_text(self, text: str) -> BoolArray:
        """Return which titles hold a squeezed text."""
        if not text:
            return np.ones(len(self.telling), np.bool_)
        having = np.zeros(len(self.telling), np.bool_)
        having[self.texts.owners(self.texts.places(text))] = True
        return having


class TitleReader:
    """Reads the titles of a snapshot.

    Args:
        snapshot: The open index.
        language: Cuts titles into words and knows which of them only frame a question.
        vocabulary: Returns the present vocabulary, with the counts of words in titles.
    """

    def __init__(self, snapshot: Snapshot, language: Language, vocabulary: Callable[[], Vocabulary]) -> None:
        self._snapshot = snapshot
        self._vocabulary = vocabulary
        self._language = language
        self._numbered: tuple[CutTitles, Rows] | None = None
        self._told: tuple[Vocabulary, int, int, NDArray[np.float64]] | None = None

    def __call__(self, heads: IntArray) -> Titles:
        """Return the titles of some heads."""
        vocabulary = self._vocabulary()
        cut, numbers = self._numbers(vocabulary, heads)
        arrays = cut.arrays
        begins = arrays.begins[numbers]
        sizes = arrays.begins[numbers + 1] - begins
        places, _owners = spread(begins, sizes)
        texts = Joined(arrays.codes[places], np.cumsum(sizes) - sizes)
        firsts = arrays.firsts[numbers]
        at, owners = spread(firsts, arrays.firsts[numbers + 1] - firsts)
        words, base = arrays.words[at], texts.begins[owners]
        return Titles(
            cut,
            texts,
            arrays.telling[numbers].astype(np.int64),
            words,
            owners,
            base + arrays.starts[at],
            base + arrays.ends[at],
            self._tells(vocabulary, cut, words),
        )

    def _numbers(self, vocabulary: Vocabulary, heads: IntArray) -> tuple[CutTitles, Rows]:
        """Return how some titles are cut in this language, and their numbers there."""
        known = self._numbered
        cut = vocabulary.cut if vocabulary.cut.analyzer is self._language.analyzer else None
        if known is None or (cut is not None and known[0] is not cut):
            # The words of another language serve for looking up only: titles are cut anew.
            cut = cut or CutTitles(self._language.analyzer, self._language.lexicon)
            known = self._numbered = (cut, self._known_to(cut))
        cut, every = known
        numbers = every[heads]
        new = np.flatnonzero(numbers < 0)
        if len(new):
            numbers[new] = cut.number(folded_titles(map(self._snapshot.title, heads[new].tolist())))
            every[heads[new]] = numbers[new]
        return cut, numbers

    def _known_to(self, cut: CutTitles) -> Rows:
        parts = [
            leaf.title_numbers[1]
            if leaf.title_numbers is not None and leaf.title_numbers[0] is cut
            else np.full(len(leaf.heads), -1, np.int32)
            for leaf in self._snapshot.leaves
        ]
        return np.concatenate([np.empty(0, np.int32), *parts])

    def _tells(self, vocabulary: Vocabulary, cut: CutTitles, words: Rows) -> NDArray[np.float64]:
        """Return what words tell, counted at most once for each number of titles."""
        told = self._told
        size = len(cut.words)
        if told is None or told[:3] != (vocabulary, vocabulary.titles, size):
            told = self._told = (vocabulary, vocabulary.titles, size, np.full(size, np.nan))
        values = told[3]
        for number in np.unique(words[np.isnan(values[words])]).tolist():
            values[number] = _tells(cut.words[number], cut.loose, vocabulary)
        return values[words]


def _tells(word: str, loose: frozenset[str], vocabulary: Vocabulary) -> float:
    if word in loose:
        return LOOSE
    if len(word) == 1:
        return SINGLE
    return math.log(1 + vocabulary.titles / (1 + vocabulary.counts[word]))


def spread(firsts: IntArray, counts: IntArray) -> tuple[IntArray, IntArray]:
    """Return all numbers of some ranges, range by range, and of which range each is."""
    owners = np.repeat(np.arange(len(firsts)), counts)
    ends = np.cumsum(counts)
    return np.arange(len(owners)) + np.repeat(firsts - (ends - counts), counts), owners
