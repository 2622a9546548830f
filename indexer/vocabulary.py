"""The words of the knowledge base's own titles, found again by sound, by one slip, or by letters typed."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.analyzer import Analyzer, is_ideographic
from indexer.cut_titles import CutTitles
from indexer.fold import fold, is_han, is_word_character
from indexer.lexicon import Lexicon
from indexer.pinyin import rough_key, sound_keys, syllables
from indexer.readings import split_syllables
from indexer.typed import spells

LONGEST_WORD = 8
SHORTEST_SLIP = 3
MOST_FOUND = 6
MOST_SPANS = 400
MOST_PHRASES = 12
LONGEST_SPELLING = 24
MOST_WORDS = 4
MOST_LIKELIHOODS = 20_000
GROWING = 2_000


class Spelling:
    """How some titles are read, syllable by syllable, with the places of each syllable.

    Args:
        titles: Folded titles.
        readings: The syllables of each, one for each character.
    """

    def __init__(self, titles: Sequence[str], readings: Sequence[Sequence[str]]) -> None:
        self.titles = titles
        short = len(titles) < GROWING
        self.readings = readings if short else ()
        self._text = "\n".join(titles) + "\n"
        read = [syllable for reading in readings for syllable in (*reading, "\n")]
        self._letters = "".join([syllable[:1] or " " for syllable in read])
        self._numbers = {syllable: number for number, syllable in enumerate(dict.fromkeys(read))}
        self._read = np.fromiter(map(self._numbers.__getitem__, read), np.int32, len(read))
        self._places = np.argsort(self._read, kind="stable").astype(np.int32)
        counts = np.bincount(self._read, minlength=len(self._numbers))
        self._ends = np.cumsum(counts).tolist()

    def read_as(self, wanted: Sequence[str]) -> Iterator[str]:
        """Yield phrases whose syllables these are."""
        numbers = [self._numbers.get(syllable, -1) for syllable in wanted]
        if not numbers or min(numbers) < 0:
            return
        rarest = min(range(len(numbers)), key=lambda place: len(self._standing(numbers[place])))
        firsts = self._standing(numbers[rarest]) - rarest
        firsts = firsts[(firsts >= 0) & (firsts <= len(self._read) - len(numbers))]
        for further, number in enumerate(numbers):
            if further != rarest:
                firsts = firsts[self._read[firsts + further] == number]
        for first in firsts[:MOST_SPANS].tolist():
            yield self._text[first : first + len(numbers)]

    def _standing(self, number: int) -> NDArray[np.int32]:
        return self._places[self._ends[number - 1] if number else 0 : self._ends[number]]

    def beginning_with(self, letters: str) -> Iterator[str]:
        """Yield phrases whose syllables begin with these letters."""
        for place in _occurrences(self._letters, letters, MOST_SPANS):
            yield self._text[place : place + len(letters)]


class Vocabulary:
    """Look-ups from what was typed to what the titles and the lexicon call it.

    Args:
        titles: Folded titles of the living articles.
        lexicon: The bank's lexicon; its words count even if no title has them.
        analyzer: Cuts titles into words.
    """

    def __init__(self, titles: Iterable[str], lexicon: Lexicon, analyzer: Analyzer) -> None:
        self.counts: Counter[str] = Counter()
        self._lookalikes = lexicon.lookalikes
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        self._by_rough_sound: dict[str, list[str]] = defaultdict(list)
        self._by_slip: dict[str, list[str]] = defaultdict(list)
        self._by_initials: dict[str, list[str]] = defaultdict(list)
        self._initials_from: dict[str, list[str]] = defaultdict(list)
        self._analyzer = analyzer
        self.cut = CutTitles(analyzer, lexicon)
        self._loose = self.cut.loose
        self._known: set[int] = set()
        self._spellings: tuple[Spelling, ...] = ()
        # Of phrases that letters may spell, until another title is learnt.
        self._likelihoods: dict[str, float] = {}
        self._learning = threading.Lock()
        for word in lexicon.words:
            self._count(word)
        self.learn(titles)

    def learn(self, titles: Iterable[str]) -> None:
        """Add the words and the spelling of titles; others may ask meanwhile.

        Words of titles that are gone stay known until the vocabulary is built anew: whoever asks
        looks for them in the articles before offering them.
        """
        with self._learning:
            different = [title for title in dict.fromkeys(titles) if title]
            numbers = self.cut.number(different).tolist()
            new = []
            readings = []
            for title, number in zip(different, numbers, strict=True):
                if number in self._known:
                    continue
                new.append(title)
                words = self.cut.cut(number)
                readings.append(_read(title, words))
                for word in words:
                    if 2 <= len(word) <= LONGEST_WORD:
                        self._count(word)
            self._known.update(numbers)
            if not new:
                return
            self._likelihoods = {}
            # A short one grows with every commit, a long one stays as it is.
            last = self._spellings[-1] if self._spellings else None
            if last is not None and len(last.titles) < GROWING:
                grown = Spelling([*last.titles, *new], [*last.readings, *readings])
                self._spellings = (*self._spellings[:-1], grown)
            else:
                self._spellings = (*self._spellings, Spelling(new, readings))

    def _count(self, word: str) -> None:
        if word not in self.counts:
            self._file(word)
        self.counts[word] += 1

    def _file(self, word: str) -> None:
        if is_ideographic(word):
            read = syllables(word)
            self._by_sound[" ".join(read)].append(word)
            self._by_rough_sound[rough_key(" ".join(read))].append(word)
            initials = "".join(syllable[0] for syllable in read)
            if initials not in self._by_initials:
                self._initials_from[initials[0]].append(initials)
            self._by_initials[initials].append(word)
        if len(word) >= SHORTEST_SLIP:
            for shorter in _deletions(word):
                self._by_slip[shorter].append(word)

    @property
    def titles(self) -> int:
        """The number of different titles that were read."""
        return len(self._known)

    def __contains__(self, word: str) -> bool:
        return word in self.counts

    def sounds_like(self, text: str) -> list[str]:
        """Return other words read like ``text``, commonest first."""
        found = {word for key in sound_keys(text) for word in self._by_sound.get(key, ()) if word != text}
        return sorted(found, key=lambda word: (-self.counts[word], word))[:MOST_FOUND]

    def sounds_nearly_like(self, text: str) -> list[str]:
        """Return words that are read like ``text`` by those who confuse zh and z, l and n, in and ing."""
        key = " ".join(syllables(text))
        found = {word for word in self._by_rough_sound.get(rough_key(key), ()) if word != text}
        return sorted(found, key=lambda word: (-self.counts[word], word))[:MOST_FOUND]

    def slips_of(self, text: str) -> list[str]:
        """Return words that differ from ``text`` by one character missing, added, changed or swapped."""
        found: set[str] = set(self._by_slip.get(text, ()))
        for shorter in _deletions(text):
            found.update(self._by_slip.get(shorter, ()))
            if shorter in self.counts and len(shorter) >= SHORTEST_SLIP:
                found.add(shorter)
        found.discard(text)
        near = (word for word in found if _one_slip(text, word))
        return sorted(near, key=lambda word: (-self.counts[word], word))[:MOST_FOUND]

    def looks_like(self, text: str) -> list[str]:
        """Return words in which one character was replaced by one that looks alike."""
        found = []
        for place, character in enumerate(text):
            for other in self._lookalikes.get(character, ""):
                word = text[:place] + other + text[place + 1 :]
                if word in self.counts:
                    found.append(word)
        return found[:MOST_FOUND]

    def spelled(self, letters: str, separated: bool = False) -> list[tuple[str, float]]:
        """Return phrases of titles whose full pinyin is ``letters``, with a weight up to 1.

        Args:
            letters: Lower-case letters; syllables separated by blanks if ``separated``.
            separated: Whether the person separated the syllables.
        """
        phrases: Counter[str] = Counter()
        readings = [letters.split()] if separated else list(split_syllables(letters))
        for syllable_list in readings:
            for spelling in self._spellings:
                phrases.update(spelling.read_as(syllable_list))
        key = " ".join(readings[0]) if readings else ""
        phrases.update({word: 1 for word in self._by_sound.get(key, ())})
        return self._weighted(phrases)

    def by_initials(self, letters: str) -> list[tuple[str, float]]:
        """Return phrases of titles whose initials are ``letters``, with a weight up to 1."""
        phrases: Counter[str] = Counter()
        for spelling in self._spellings:
            phrases.update(spelling.beginning_with(letters))
        phrases.update({word: 1 for word in self._by_initials.get(letters, ())})
        return self._weighted(phrases)

    def nearly_spelled(self, letters: str) -> list[tuple[str, float]]:
        """Return words that letters spell partly in full and partly by initials, or with confused sounds."""
        words: Counter[str] = Counter()
        for reading in split_syllables(letters):
            if len(reading) > 1:
                found = self._by_rough_sound.get(rough_key(" ".join(reading)), ())
                words.update({word: self.counts[word] for word in found})
        if not words and len(letters) > 2:
            for first in self._initials_from.get(letters[0], ()):
                if _is_inside(first, letters):
                    listed = self._by_initials[first]
                    words.update({word: self.counts[word] for word in listed if spells(letters, word)})
        return self._weighted(words)

    def words_of_letters(self, letters: str) -> list[tuple[str, list[tuple[str, float]]]]:
        """Return the fewest words that letters may spell one after another, by pinyin or by initials.

        Returns:
            For each word its letters and what it may be, with weights up to 1; empty if the letters
            cannot be read to the end.
        """
        ways: list[list[tuple[str, list[tuple[str, float]]]] | None] = [[]] + [None] * len(letters)
        for start in range(len(letters) - 1):
            before = ways[start]
            if before is None or len(before) >= MOST_WORDS:
                continue
            for end in range(start + 2, min(len(letters), start + LONGEST_SPELLING) + 1):
                piece = letters[start:end]
                meant = self._words_spelled(piece)
                known = ways[end]
                if meant and (known is None or len(before) + 1 < len(known)):
                    ways[end] = [*before, (piece, meant)]
        return ways[-1] or []

    def _words_spelled(self, letters: str) -> list[tuple[str, float]]:
        keys = [" ".join(reading) for reading in split_syllables(letters) if len(reading) > 1]
        words: Counter[str] = Counter()
        for key in keys:
            words.update({word: self.counts[word] for word in self._by_sound.get(key, ())})
        if not words:
            words.update({word: self.counts[word] for word in self._by_initials.get(letters, ())})
        return self._weighted(words)

    def _weighted(self, phrases: Counter[str]) -> list[tuple[str, float]]:
        scored = [
            (phrase, count * self._likelihood(phrase))
            for phrase, count in phrases.items()
            if "\n" not in phrase
            and any(is_han(character) for character in phrase)
            and all(is_word_character(character) for character in phrase)
        ]
        scored.sort(key=lambda entry: (-entry[1], entry[0]))
        best = scored[0][1] if scored else 1.0
        return [(phrase, (score / best) ** 0.25) for phrase, score in scored[:MOST_PHRASES]]

    def _likelihood(self, phrase: str) -> float:
        known = self._likelihoods.get(phrase)
        if known is None:
            if len(self._likelihoods) >= MOST_LIKELIHOODS:
                self._likelihoods.clear()
            known = self._likelihoods[phrase] = self._how_likely(phrase)
        return known

    def _how_likely(self, phrase: str) -> float:
        # People abbreviate words that mean something, from the start of the first to the end of the last.
        words = self._analyzer.words(phrase)
        real = sum(
            len(word) for word in words if len(word) > 1 and word in self.counts and word not in self._loose
        )
        return (0.1 + real / len(phrase)) ** 3 * (2.0 if phrase in self.counts else 1.0)


def _read(title: str, words: Sequence[str]) -> list[str]:
    """Return the syllables of a title, word by word: words come again, so each is looked up once."""
    read: list[str] = []
    for word in words:
        place = title.find(word, len(read))
        if place >= 0:
            read.extend(title[len(read) : place])
            read.extend(syllables(word))
    read.extend(title[len(read) :])
    return [syllable if len(syllable) > 1 else syllables(syllable)[0] for syllable in read]


def _occurrences(text: str, wanted: str, limit: int) -> Iterator[int]:
    place = text.find(wanted)
    while place >= 0 and limit:
        yield place
        limit -= 1
        place = text.find(wanted, place + 1)


def _is_inside(initials: str, letters: str) -> bool:
    """Return whether initials stand among letters in their order; quick, and true more often than needed."""
    rest = iter(letters)
    return len(initials) < len(letters) and all(letter in rest for letter in initials)


def _deletions(word: str) -> Iterator[str]:
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def _one_slip(first: str, second: str) -> bool:
    if abs(len(first) - len(second)) > 1:
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    end = 0
    while end < min(len(first), len(second)) - start and first[-1 - end] == second[-1 - end]:
        end += 1
    rest = first[start : len(first) - end], second[start : len(second) - end]
    if len(rest[0]) == 2 and len(rest[1]) == 2:
        return rest[0] == rest[1][::-1]
    return len(rest[0]) <= 1 and len(rest[1]) <= 1


def folded_titles(titles: Iterable[str]) -> list[str]:
    """Return titles folded to one line each."""
    return [" ".join(fold(title).split()) for title in titles]
