"""The words of the knowledge base's own titles, found again by sound, by one slip, or by letters typed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from indexer.analyzer import Analyzer, is_ideographic
from indexer.fold import fold, is_han, is_word_character
from indexer.lexicon import Lexicon
from indexer.pinyin import rough_key, sound_keys, syllables
from indexer.typed import spells

LONGEST_WORD = 8
SHORTEST_SLIP = 3
MOST_FOUND = 6
MOST_SPANS = 400
MOST_PHRASES = 12
LONGEST_LETTERS = 60
LONGEST_SPELLING = 24
MOST_WORDS = 4


class Vocabulary:
    """Look-ups from what was typed to what the titles and the lexicon call it.

    Args:
        titles: Folded titles of the living articles.
        lexicon: The bank's lexicon; its words count even if no title has them.
        analyzer: Cuts titles into words.
    """

    def __init__(self, titles: Iterable[str], lexicon: Lexicon, analyzer: Analyzer) -> None:
        self.counts: Counter[str] = Counter()
        for word in lexicon.words:
            self.counts[word] = 1
        self._titles = [title for title in titles if title]
        for title in self._titles:
            self.counts.update(word for word in analyzer.words(title) if 2 <= len(word) <= LONGEST_WORD)
        self._lookalikes = lexicon.lookalikes
        self._by_sound: dict[str, list[str]] = defaultdict(list)
        self._by_rough_sound: dict[str, list[str]] = defaultdict(list)
        self._by_slip: dict[str, list[str]] = defaultdict(list)
        self._by_initials: dict[str, list[str]] = defaultdict(list)
        self._analyzer = analyzer
        self._loose = lexicon.frames | lexicon.stopwords
        for word in self.counts:
            self._file(word)
        self._spell_titles()

    def _file(self, word: str) -> None:
        if is_ideographic(word):
            read = syllables(word)
            self._by_sound[" ".join(read)].append(word)
            self._by_rough_sound[rough_key(" ".join(read))].append(word)
            self._by_initials["".join(syllable[0] for syllable in read)].append(word)
        if len(word) >= SHORTEST_SLIP:
            for shorter in _deletions(word):
                self._by_slip[shorter].append(word)

    def _spell_titles(self) -> None:
        # One long string each: a substring search over it is as fast as memory, whatever is typed.
        letters, spelled, starts = [], [], [0]
        places: list[int] = []
        self._text = "\n".join(self._titles) + "\n"
        position = 0
        for title in self._titles:
            read = syllables(title)
            letters.append("".join(syllable[0] if syllable else " " for syllable in read))
            for syllable in read:
                places.append(position)
                spelled.append(syllable + " ")
                position += len(syllable) + 1
            spelled.append("\n ")
            places.append(position)
            position += 2
            starts.append(position)
        self._letters = "\n".join(letters) + "\n"
        self._spelled = " " + "".join(spelled)
        self._character_of = {place: number for number, place in enumerate(places)}

    @property
    def titles(self) -> int:
        """The number of titles that were read."""
        return len(self._titles)

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
            wanted = " " + " ".join(syllable_list) + " "
            for place in _occurrences(self._spelled, wanted, MOST_SPANS):
                first = self._character_of.get(place)
                if first is not None:
                    phrases[self._text[first : first + len(syllable_list)]] += 1
        key = " ".join(readings[0]) if readings else ""
        phrases.update({word: 1 for word in self._by_sound.get(key, ())})
        return self._weighted(phrases)

    def by_initials(self, letters: str) -> list[tuple[str, float]]:
        """Return phrases of titles whose initials are ``letters``, with a weight up to 1."""
        phrases: Counter[str] = Counter()
        for place in _occurrences(self._letters, letters, MOST_SPANS):
            phrases[self._text[place : place + len(letters)]] += 1
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
            for first, listed in self._by_initials.items():
                if first[0] == letters[0] and _is_inside(first, letters):
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
        # People abbreviate words that mean something, from the start of the first to the end of the last.
        words = self._analyzer.words(phrase)
        real = sum(
            len(word) for word in words if len(word) > 1 and word in self.counts and word not in self._loose
        )
        return (0.1 + real / len(phrase)) ** 3 * (2.0 if phrase in self.counts else 1.0)


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


_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw", "")
_FINALS = [
    "iang",
    "iong",
    "uang",
    "ang",
    "eng",
    "ing",
    "ong",
    "ian",
    "iao",
    "uai",
    "uan",
    "ai",
    "an",
    "ao",
    "ei",
    "en",
    "er",
    "ia",
    "ie",
    "in",
    "iu",
    "ou",
    "ua",
    "ue",
    "ui",
    "un",
    "uo",
    "ve",
    "a",
    "e",
    "i",
    "o",
    "u",
    "v",
]


def split_syllables(letters: str, most: int = 6) -> Iterator[list[str]]:
    """Yield the ways to read up to 60 letters as pinyin syllables, fewest syllables first."""
    if not letters or len(letters) > LONGEST_LETTERS:
        return
    # readings[place] holds the best ways to read what follows; working from the end keeps this linear.
    readings: list[list[list[str]]] = [[] for _ in letters] + [[[]]]
    for start in range(len(letters) - 1, -1, -1):
        found = [
            [letters[start:end], *rest]
            for end in range(start + 1, min(start + 6, len(letters)) + 1)
            if readings[end] and is_syllable(letters[start:end])
            for rest in readings[end]
        ]
        readings[start] = sorted(found, key=len)[:most]
    yield from readings[0]


def is_syllable(text: str) -> bool:
    """Return whether letters can be one pinyin syllable."""
    for initial in _INITIALS:
        if text.startswith(initial) and text[len(initial) :] in _FINALS:
            return not (initial == "" and text[0] in "iuv")
    return False


def folded_titles(titles: Iterable[str]) -> list[str]:
    """Return titles folded to one line each."""
    return [" ".join(fold(title).split()) for title in titles]
