"""What people type: titles, fragments and spoken questions, and the same words misspelt, by sound or in letters."""

import itertools
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from opencc import OpenCC

from indexer.fold import is_han
from indexer.pinyin import initials, readings, syllables
from tests.bench.corpora import Made
from tests.bench.engines.cut import cut

LONGEST = 60
SPOKEN = ("请问{}怎么办", "客户问{}要多久", "我想咨询一下{}", "麻烦查一下{}的规定")
# Asked as they stand, and with a fault that only sounds, letters or other spellings explain.
PLAIN = ("title", "fragment of a body", "words of a title", "spoken question")
FAULTY = ("slip", "homophone", "pinyin", "initials", "mixed script", "traditional")


@dataclass
class Typist:
    """Draws from articles what people would type to find them, the same for the same seed.

    Args:
        articles: A sample of the articles.
        seed: Of all choices.
    """

    articles: Iterable[Made]
    seed: int
    _phrases: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._articles = list(self.articles)
        self._alike: dict[str, list[str]] = defaultdict(list)
        seen: set[str] = set()
        for made in self._articles:
            words = [word for word in cut(made.title) if all(map(is_han, word))]
            pairs = ("".join(pair) for pair in itertools.pairwise(words))
            self._phrases += [phrase for phrase in pairs if 4 <= len(phrase) <= 8 and phrase in made.title]
            seen.update(filter(is_han, made.title))
        for character in sorted(seen):
            self._alike[readings(character)[0]].append(character)
        self._traditional = OpenCC("s2t").convert

    def questions(self, each: int) -> dict[str, list[str]]:
        """Return ``each`` different texts of every kind."""
        ways: dict[str, Callable[[], str]] = {
            "title": lambda: self._article().title[:LONGEST],
            "fragment of a body": self._fragment,
            "words of a title": self._words,
            "spoken question": lambda: self._chance.choice(SPOKEN).format(self._phrase()),
            "slip": lambda: self._slipped(self._phrase()),
            "homophone": lambda: self._misheard(self._phrase()),
            "pinyin": lambda: "".join(syllables(self._phrase())),
            "initials": lambda: initials(self._phrase()),
            "mixed script": self._mixed,
            "traditional": lambda: self._traditional(self._article().title[:LONGEST]),
        }
        return {kind: _different(way, each) for kind, way in ways.items()}

    def _article(self) -> Made:
        return self._chance.choice(self._articles)

    def _phrase(self) -> str:
        return self._chance.choice(self._phrases)

    def _fragment(self) -> str:
        body = self._article().body
        start, length = self._chance.randrange(len(body)), self._chance.randint(4, 12)
        return " ".join(body[start : start + length].split())

    def _words(self) -> str:
        words = list(dict.fromkeys(word for word in cut(self._article().title) if len(word) > 1))
        return " ".join(self._chance.sample(words, min(len(words), self._chance.randint(2, 3))))

    def _slipped(self, phrase: str) -> str:
        """Swap two neighbours, leave one out or put a wrong one in its place."""
        place, way = self._chance.randrange(1, len(phrase) - 1), self._chance.randrange(3)
        if way == 0:
            return phrase[:place] + phrase[place + 1] + phrase[place] + phrase[place + 2 :]
        wrong = "" if way == 1 else self._chance.choice(self._chance.choice(self._phrases))
        return phrase[:place] + wrong + phrase[place + 1 :]

    def _misheard(self, phrase: str) -> str:
        """Write one or two characters as others that sound the same."""
        written = list(phrase)
        for place in self._chance.sample(range(len(phrase)), 2):
            others = [other for other in self._alike[readings(phrase[place])[0]] if other != phrase[place]]
            written[place] = self._chance.choice(others or [phrase[place]])
        return "".join(written)

    def _mixed(self) -> str:
        phrase = self._phrase()
        half = len(phrase) // 2
        return phrase[:half] + "".join(syllables(phrase[half:]))


def _different(way: Callable[[], str], each: int) -> list[str]:
    found: dict[str, None] = {}
    for _attempt in range(50 * each):
        text = way().strip()
        if len(text) > 1:
            found[text] = None
        if len(found) == each:
            break
    return list(found)


def beginnings(texts: Sequence[str]) -> list[str]:
    """Return what stands in the box while texts are typed: two characters, four, and so on."""
    return [text[:length] for text in texts for length in range(2, min(len(text), 16) + 1, 2)]
