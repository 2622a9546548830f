"""What the engines are asked: the same questions to all of them, drawn from the corpus itself."""

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.bench.corpora import DAY, DAYS, FIRST, Made

KINDS = (
    "one word",
    "several words, any",
    "several words, all",
    "phrase",
    "filter by date",
    "title only",
    "as of a day",
    "fuzzy",
    "prefix",
    "deep page",
    "64 rare terms",
    "12 most common terms",
)
# What every engine answers; the postings of these questions are those of the words they name.
WORDED = tuple(kind for kind in KINDS if kind not in ("fuzzy", "prefix"))
PAGE = 10
DEEP = 1_000


@dataclass(frozen=True)
class Question:
    """One question: its kind, its words, the range of days (seconds) or the instant, and where to begin."""

    kind: str
    words: tuple[str, ...]
    first: int = 0
    last: int = 0
    instant: int = FIRST + DAYS * DAY
    offset: int = 0


class Engine(Protocol):
    """An engine under comparison."""

    name: str

    def build(self, articles: Iterable[Made]) -> None:
        """Index the articles; called in a process of its own."""

    def open(self) -> None:
        """Open what ``build`` left behind."""

    def ask(self, question: Question) -> Sequence[int] | None:
        """Return the numbers of up to ten articles, best first; ``None`` if it cannot be asked this."""


@dataclass
class Words:
    """The words of a sample of articles, with the share of articles that hold each."""

    texts: list[list[str]] = field(default_factory=list)
    articles: Counter[str] = field(default_factory=Counter)

    def add(self, words: list[str]) -> None:
        """Take one article's words, in order."""
        self.texts.append(words)
        self.articles.update(set(words))

    def between(self, least: float, most: float) -> list[str]:
        """Return the Chinese words of two or more characters whose share of articles lies in a range."""
        count = len(self.texts)
        return sorted(
            word
            for word, found in self.articles.items()
            if len(word) > 1 and not word.isascii() and least * count <= found <= most * count
        )


def questions(words: Words, each: int, seed: int) -> list[Question]:
    """Return ``each`` questions of every kind, the same ones for the same seed."""
    chance = random.Random(seed)
    usual = words.between(0.0005, 0.1)
    rare = words.between(0, 0.001)
    common = [word for word, _count in words.articles.most_common(400) if len(word) > 1][:12]
    found: list[Question] = []
    for _number in range(each):
        text = _long_text(words, chance)
        several = tuple(chance.sample([word for word in text if len(word) > 1], 3))
        start = chance.randrange(len(text) - 3)
        word = chance.choice(usual)
        first = FIRST + chance.randrange(DAYS - 200) * DAY
        found += [
            Question("one word", (word,)),
            Question("several words, any", several),
            Question("several words, all", several[:2]),
            Question("phrase", tuple(text[start : start + 3])),
            Question("filter by date", several[:2], first, first + 180 * DAY),
            Question("title only", several[:2]),
            Question("as of a day", several[:2], instant=FIRST + chance.randrange(DAYS) * DAY),
            Question("fuzzy", (_slipped(chance.choice(usual + rare), chance),)),
            Question("prefix", (word[:2],)),
            Question("deep page", several, offset=DEEP),
            Question("64 rare terms", tuple(chance.sample(rare, min(64, len(rare))))),
            Question("12 most common terms", tuple(common)),
        ]
    return found


def _long_text(words: Words, chance: random.Random) -> list[str]:
    while True:
        text = chance.choice(words.texts)
        if len({word for word in text if len(word) > 1}) >= 6:
            return text


def _slipped(word: str, chance: random.Random) -> str:
    """Return a word with two neighbours swapped, as hurried typing leaves it."""
    place = chance.randrange(len(word) - 1)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
