"""Makes corpora of any size from a real one: seeded recombination of its titles and sentences.

A made article has a title of two halves that open and close real titles, and as many sentences of real
bodies as one real article has, so that lengths, word frequencies and the number of distinct words grow as
they do in real text.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DAY = 86_400
# 2020-01-01 in UTC; made articles come into force on one of the days of the following five years.
FIRST = 1_577_836_800
DAYS = 5 * 365
NEVER = 4_102_444_800
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]*")


@dataclass(frozen=True)
class Made:
    """A made article; instants are seconds since 1970, ``shown_to`` far away where it is open."""

    number: int
    title: str
    body: str
    published: int
    shown_to: int


class Source:
    """The titles, sentences and lengths of a real corpus.

    Args:
        path: JSON Lines with ``title`` and ``body``.
    """

    def __init__(self, path: Path) -> None:
        self.titles: list[str] = []
        self.sentences: list[str] = []
        self.lengths: list[int] = []
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                self.titles.append(" ".join(row["title"].split()) or row["body"][:20])
                found = (match[0] for match in _SENTENCE.finditer(row["body"]))
                sentences = [sentence for sentence in found if len(sentence.strip()) > 1]
                self.sentences += sentences
                self.lengths.append(max(1, len(sentences)))

    def articles(self, count: int, seed: int) -> Iterator[Made]:
        """Yield ``count`` made articles, always the same ones for the same seed."""
        chance = random.Random(seed)
        for number in range(1, count + 1):
            opening, closing = chance.choice(self.titles), chance.choice(self.titles)
            title = opening[: max(2, len(opening) // 2)] + closing[len(closing) // 2 :]
            length = chance.choice(self.lengths)
            # A long document stays together: its sentences follow one another in the source.
            if length > 40:
                first = chance.randrange(max(1, len(self.sentences) - length))
                body = "".join(self.sentences[first : first + length])
            else:
                body = "".join(chance.choices(self.sentences, k=length))
            published = FIRST + chance.randrange(DAYS) * DAY
            shown_to = published + chance.randrange(30, 900) * DAY if chance.random() < 0.2 else NEVER
            yield Made(number, title[:100], body, published, shown_to)
