"""Finds words that a bank must not say, such as promises of profit, in what people write."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from importlib.resources import files

Range = tuple[int, int]


class SensitiveWords:
    """A set of words, found also with blanks between their characters and in other widths or cases.

    Args:
        words: Words as they are listed; empty ones are left out.
    """

    def __init__(self, words: Iterable[str]) -> None:
        known = sorted({_folded(word) for word in words} - {""}, key=lambda word: (-len(word), word))
        parts = (r"\s*".join(re.escape(character) for character in word) for word in known)
        self._pattern = re.compile("|".join(parts)) if known else None

    def ranges(self, text: str) -> Sequence[Range]:
        """Return where the words stand in ``text``, in order and without overlap."""
        if self._pattern is None:
            return ()
        # One character for one, so that a place in the folded text is the same place in the text.
        folded = "".join(_one_for_one(character) for character in text)
        return [match.span() for match in self._pattern.finditer(folded)]

    def are_in(self, text: str) -> bool:
        """Return whether any of the words stands in ``text``."""
        return bool(self.ranges(text))


def shipped_list() -> list[str]:
    """Return the words of the shipped lexicon as they are listed."""
    lines = (files("data") / "lexicon" / "sensitive.txt").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if not line.startswith("#")]


def shipped_words() -> SensitiveWords:
    """Return the words of the shipped lexicon, ready to be looked for."""
    return SensitiveWords(shipped_list())


def _folded(word: str) -> str:
    return "".join(_one_for_one(character) for character in word if not character.isspace())


def _one_for_one(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).lower()
    return plain if len(plain) == 1 else character
