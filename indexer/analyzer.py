"""One analysis for index and queries: jieba words, n-grams, whole numbers and document numbers."""

import operator
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.fold import fold, is_han, is_kana, is_word_character, without_signs
from indexer.segmenter import Segmenter, pieces

ANALYZER_VERSION = "4"
LONGEST_WORD = 12
# 银发〔2016〕302号, 人民银行令2010第1号, 公告[2019]第3号: year and number in any bracket style.
_DOCUMENT_NUMBER = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\s{0,2}年?\s{0,2}[)\]}〕】>》」]?\s{0,2}第?\s{0,2}0{0,4}(\d{1,5})\s{0,2}号"
)
_ARTICLE_NUMBER = re.compile(r"第\s*([零〇一二三四五六七八九十百千\d]{1,7})\s*([条章])")
_LATIN_RUN = re.compile(r"[a-z0-9]+(?:[.\-_/&@'+%][a-z0-9]+)*|[a-z0-9]+")
_DIGITS = {character: number for number, character in enumerate("零一二三四五六七八九")} | {"〇": 0}
_TENS = {"十": 10, "百": 100, "千": 1000}


@dataclass(frozen=True)
class Chunk:
    """A stretch of folded text without blanks or punctuation, and where it starts."""

    text: str
    start: int


def chunks(folded: str) -> Iterator[Chunk]:
    """Yield the stretches of word characters of a folded text."""
    start = -1
    for place, character in enumerate(folded):
        if is_word_character(character):
            if start < 0:
                start = place
        elif start >= 0:
            yield Chunk(folded[start:place], start)
            start = -1
    if start >= 0:
        yield Chunk(folded[start:], start)


def chinese_number(text: str) -> int | None:
    """Return the value of a number below ten thousand in Chinese or Arabic digits."""
    if text.isdigit():
        return int(text)
    total = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = digit * 10 + _DIGITS[character] if digit and "十" not in text else _DIGITS[character]
        elif character in _TENS:
            total += (digit or 1) * _TENS[character]
            digit = 0
        else:
            return None
    return total + digit


def document_numbers(folded: str) -> list[tuple[str, int, int]]:
    """Return (term, start, end) of every document number; the term is ``#2016-302``."""
    return [
        (f"#{match[1]}-{int(match[2])}", match.start(), match.end())
        for match in _DOCUMENT_NUMBER.finditer(folded)
    ]


def article_numbers(folded: str) -> list[tuple[str, int, int]]:
    """Return (term, start, end) of every ``第十五条``; the term is ``§15条`` however it is written."""
    found = []
    for match in _ARTICLE_NUMBER.finditer(folded):
        value = chinese_number(match[1])
        if value is not None:
            found.append((f"§{value}{match[2]}", match.start(), match.end()))
    return found


def latin_runs(folded: str) -> list[tuple[str, int, int]]:
    """Return (run, start, end) of Latin words, codes and numbers such as ``1.5`` or ``msvcr110``."""
    return [(match[0], match.start(), match.end()) for match in _LATIN_RUN.finditer(folded)]


class Analyzer:
    """Turns text into index terms.

    Args:
        segmenter: Cuts Chinese text into words.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter

    def terms(self, text: str) -> Counter[str]:
        """Return the index terms of a text and how often each occurs.

        Characters and pairs of neighbours make any substring findable; words of three or more
        characters, Latin runs, document numbers and article numbers are terms of their own.
        """
        folded = fold(text)
        found = grams(folded)
        found.update(self.longer_terms(folded, "\n".join(pieces(folded))))
        return found

    def longer_terms(self, folded: str, apart: str) -> list[str]:
        """Return the terms of more than two characters of a folded text, as often as they occur.

        Args:
            apart: The same text with its pieces on lines of their own; see ``indexer.segmenter``.
        """
        found = [
            word
            for word in self._segmenter.cut_apart(apart)
            if len(word) > 2 and len(word) <= LONGEST_WORD and not word.isascii()
        ]
        found += [run for run in _LATIN_RUN.findall(folded) if len(run) >= 3]
        # Most texts have neither: looking for the sign that ends them is quicker than for the pattern.
        if "号" in folded:
            found += [term for term, _start, _end in document_numbers(folded)]
        if "第" in folded:
            found += [term for term, _start, _end in article_numbers(folded)]
        return found

    def knows(self, word: str) -> bool:
        """Return whether a folded text is a word of the dictionaries."""
        return self._segmenter.knows(word)

    def words(self, folded: str) -> list[str]:
        """Return the jieba words of a folded text, in order, without blanks and punctuation."""
        return [word for word in self._segmenter.cut(folded) if is_word_character(word[0])]


def grams(folded: str) -> Counter[str]:
    """Return the characters and the pairs of neighbours of a folded text, and how often each occurs."""
    compact = without_signs(folded)
    found: Counter[str] = Counter(compact)
    found.update(map(operator.add, compact, compact[1:]))
    return found


def is_ideographic(text: str) -> bool:
    """Return whether every character of a folded text is written without spaces between words."""
    return all(is_han(character) or is_kana(character) for character in text)
