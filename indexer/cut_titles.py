"""Titles cut into words, each different one once, side by side in arrays."""

import threading
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexer.analyzer import Analyzer
from indexer.codec import IntArray, Rows
from indexer.fold import without_signs
from indexer.lexicon import Lexicon

Codes = NDArray[np.uint32]
Places = NDArray[np.uint16]
LONGEST_TITLE = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class TitleArrays:
    """The titles that have been cut, by number.

    ``codes`` are the code points of the squeezed titles, each followed by a line feed; that of a number begins at
    ``begins``. Its words are ``words`` from ``firsts`` on, by number of the word; they stand between ``starts``
    and ``ends`` of the title, which are the same for a word that it does not hold in one piece. ``telling``
    counts the characters of the words that are not mere framing.
    """

    codes: Codes
    begins: IntArray
    words: Rows
    starts: Places
    ends: Places
    firsts: IntArray
    telling: Rows


class _Word(NamedTuple):
    """A word: its number, how it stands in squeezed titles, how many of its characters tell something."""

    number: int
    piece: str
    telling: int


class CutTitles:
    """Cuts titles and numbers them and their words; others may read meanwhile.

    Args:
        analyzer: Cuts titles into words and knows which words there are.
        lexicon: Knows which words only frame a question.
    """

    def __init__(self, analyzer: Analyzer, lexicon: Lexicon) -> None:
        self.analyzer = analyzer
        self.loose = lexicon.frames | lexicon.stopwords
        self.words: list[str] = []
        self._known: dict[str, _Word] = {}
        self._holding: dict[str, list[int]] = defaultdict(list)
        self._numbers: dict[str, int] = {}
        self._adding = threading.Lock()
        self._codes, self._begins = _Column(np.uint32), _Column(np.int64, (0,))
        self._words, self._firsts = _Column(np.int32), _Column(np.int64, (0,))
        self._starts, self._ends, self._telling = _Column(np.uint16), _Column(np.uint16), _Column(np.int32)
        self.arrays = self._arrays()

    def number(self, titles: Sequence[str]) -> Rows:
        """Return the numbers of folded titles; those that were never seen are cut now."""
        if not all(title in self._numbers for title in titles):
            self._add(titles)
        return np.fromiter((self._numbers[title] for title in titles), np.int32, len(titles))

    def cut(self, number: int) -> list[str]:
        """Return the words of a title in order."""
        arrays = self.arrays
        words = arrays.words[arrays.firsts[number] : arrays.firsts[number + 1]]
        return [self.words[word] for word in words.tolist()]

    def holding(self, word: str) -> Sequence[int]:
        """Return the numbers of the words that are this one or are made of it and others."""
        return self._holding.get(word, ())

    def _add(self, titles: Iterable[str]) -> None:
        with self._adding:
            new = [title for title in dict.fromkeys(titles) if title not in self._numbers]
            batch = _Batch()
            for title in new:
                self._cut(title, batch)
            self._extend(batch)
            self.arrays = self._arrays()
            # Only now: whoever finds a number reads the arrays.
            first = len(self._numbers)
            self._numbers.update(zip(new, range(first, first + len(new)), strict=True))

    def _cut(self, title: str, batch: "_Batch") -> None:
        text = without_signs(title)[:LONGEST_TITLE]
        words = self.analyzer.words(title)
        place = telling = 0
        for word in words:
            known = self._known.get(word) or self._learn(word)
            start = text.find(known.piece, place)
            if start >= 0:
                place = start + len(known.piece)
            batch.starts.append(start if start >= 0 else place)
            batch.ends.append(place)
            batch.words.append(known.number)
            telling += known.telling
        batch.texts.append(text)
        batch.counts.append(len(words))
        batch.telling.append(telling)

    def _extend(self, batch: "_Batch") -> None:
        sizes = np.fromiter(map(len, batch.texts), np.int64, len(batch.texts)) + 1
        self._codes.extend(code_points("".join([text + "\n" for text in batch.texts])))
        self._begins.extend(self._begins.whole[-1] + np.cumsum(sizes))
        self._words.extend(np.array(batch.words, np.int32))
        self._starts.extend(np.array(batch.starts, np.uint16))
        self._ends.extend(np.array(batch.ends, np.uint16))
        self._firsts.extend(self._firsts.whole[-1] + np.cumsum(np.array(batch.counts, np.int64)))
        self._telling.extend(np.array(batch.telling, np.int32))

    def _arrays(self) -> TitleArrays:
        return TitleArrays(
            codes=self._codes.whole,
            begins=self._begins.whole,
            words=self._words.whole,
            starts=self._starts.whole,
            ends=self._ends.whole,
            firsts=self._firsts.whole,
            telling=self._telling.whole,
        )

    def _learn(self, word: str) -> _Word:
        number = len(self.words)
        self.words.append(word)
        for held in dict.fromkeys((word, *self._parts(word))):
            self._holding[held].append(number)
        telling = 0 if word in self.loose else len(word)
        known = self._known[word] = _Word(number, without_signs(word), telling)
        return known

    def _parts(self, word: str) -> Iterator[str]:
        """Yield what a compound is made of, if it divides into words: 学生 and 贷款, but not 学生 of 大学生."""
        for place in range(2, len(word) - 1):
            if self.analyzer.knows(word[:place]) and self.analyzer.knows(word[place:]):
                yield word[:place]
                yield word[place:]


class _Batch:
    """New titles on their way into the arrays."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.words, self.starts, self.ends = array("i"), array("H"), array("H")
        self.counts, self.telling = array("i"), array("i")


class _Column:
    """An array that grows at its end; what was handed out stays as it is."""

    def __init__(self, dtype: type[np.generic], first: Sequence[int] = ()) -> None:
        self._room = np.array(first, dtype)
        self.whole = self._room

    def extend(self, more: NDArray[Any]) -> None:
        """Put numbers at the end."""
        size, wanted = len(self.whole), len(self.whole) + len(more)
        if wanted > len(self._room):
            room = np.empty(wanted + (wanted >> 1), self._room.dtype)
            room[:size] = self.whole
            self._room = room
        self._room[size:wanted] = more
        self.whole = self._room[:wanted]


def code_points(text: str) -> Codes:
    """Return the code points of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
