"""Folds text to the one form that index and queries share, and maps places back to the original."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from opencc import OpenCC

# Characters that mean the same thing in a bank's texts although no conversion table joins them.
VARIANTS = dict(zip("帐佔裏著妳祂牠甚麽", "账占里着你他它什么", strict=True))

# From these lengths on a text is worth looking through with patterns, and is worth an array.
LONG, VERY_LONG = 60, 240
# What a character becomes: nothing but signs, or something else than one character that carries meaning.
NOTHING, ELSE = 0, 0xFFFFFFFF
Codes = npt.NDArray[np.uint32]
Places = npt.NDArray[np.intp]
# The same as ``is_word_character``, for whole texts: what \w takes for part of a word is what
# ``str.isalnum`` does, and the underscore.
_SIGNS = re.compile(r"(?:[^\w\U00020000-\U0003ffff]|_)+")


class CharacterFolder(dict[int, str]):
    """A ``str.translate`` table that works out each character once: NFKC, lower case, simplified."""

    def __init__(self) -> None:
        super().__init__()
        self._converter: Any = OpenCC("t2s")

    def __missing__(self, code: int) -> str:
        self[code] = folded = self._fold(chr(code))
        return folded

    def _fold(self, character: str) -> str:
        # Neither can be stored as UTF-8 or handed to a library written in C.
        if character == "\x00" or "\ud800" <= character <= "\udfff":
            return " "
        plain = unicodedata.normalize("NFKC", character).lower()
        if any(part >= "\u2e80" for part in plain):
            plain = self._converter.convert(plain)
        return "".join(VARIANTS.get(part, part) for part in plain)


@lru_cache(maxsize=1)
def folder() -> CharacterFolder:
    """Return the table of this process."""
    return CharacterFolder()


def fold(text: str) -> str:
    """Return the folded text; its length may differ from the original's."""
    return text.translate(folder())


def fold_with_places(text: str) -> tuple[str, Sequence[int]]:
    """Return the folded text and, for each of its characters, the index of the original character."""
    table = folder()
    whole = text.translate(table)
    if len(whole) == len(text):
        # No character folds to nothing, so each one became exactly one.
        return whole, range(len(text))
    pieces: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        folded = table[ord(character)]
        pieces.append(folded)
        places.extend([place] * len(folded))
    return "".join(pieces), places


@dataclass(frozen=True)
class _Patterns:
    """Patterns of characters that fold to nothing but signs, and of all others that change.

    ``stretched`` finds those of the others that do not fold to exactly one character that carries meaning.
    ``letters`` tells what each character becomes; its last place stands for all beyond the basic plane.
    """

    dropped: re.Pattern[str]
    changed: re.Pattern[str]
    stretched: re.Pattern[str]
    letters: Codes


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    table = folder()
    dropped, changed, stretched = [], [], []
    letters = [ELSE] * 0x10001
    for code in range(0x10000):
        folded = table[code]
        bare = without_signs(folded)
        if len(bare) < 2:
            letters[code] = ord(bare) if bare else NOTHING
        if not bare:
            dropped.append(chr(code))
        elif folded != chr(code):
            changed.append(chr(code))
            if len(folded) > 1 or bare != folded:
                stretched.append(chr(code))
    return _Patterns(
        re.compile(f"[{re.escape(''.join(dropped))}]+"),
        re.compile(f"[{re.escape(''.join(changed))}\U00010000-\U0010ffff]"),
        re.compile(f"[{re.escape(''.join(stretched))}\U00010000-\U0010ffff]"),
        np.array(letters, np.uint32),
    )


def _folded_bare(bare: str, patterns: _Patterns) -> str:
    """Return the folded form of a text without signs in which no character stretches."""
    table = folder()
    return patterns.changed.sub(lambda found: table[ord(found[0])], bare)


def squeeze(text: str) -> str:
    """Return the folded text without blanks and punctuation."""
    if len(text) < LONG:
        return without_signs(fold(text))
    if len(text) >= VERY_LONG:
        return _text(_squeezed(text)[0])
    # Most characters of a text stay what they are: looking for the others is quicker than asking for each.
    patterns = _patterns()
    bare = patterns.dropped.sub("", text)
    if patterns.stretched.search(bare):
        return without_signs(fold(bare))
    return _folded_bare(bare, patterns)


@lru_cache(maxsize=5_000)
def _bare_character(character: str) -> str:
    return without_signs(fold(character))


def _squeezed(text: str) -> tuple[Codes, Places]:
    """Return the characters of the squeezed text, and where each stands in the original."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    letters = _patterns().letters.take(codes, mode="clip")
    places = np.flatnonzero(letters)
    letters = letters[places]
    others = np.flatnonzero(letters == ELSE)
    if len(others):
        pieces = [_bare_character(text[place]) for place in places[others].tolist()]
        sizes = np.ones(len(letters), np.int64)
        sizes[others] = [len(piece) for piece in pieces]
        places, letters = np.repeat(places, sizes), np.repeat(letters, sizes)
        letters[letters == ELSE] = [ord(character) for character in "".join(pieces)]
    return letters, places


def _text(letters: Codes) -> str:
    return letters.tobytes().decode("utf-32-le")


class Bare:
    """A squeezed text that knows where each of its characters stands in the original.

    Args:
        text: The original.
    """

    def __init__(self, text: str) -> None:
        # Stretches of characters that stay side by side: where each begins here and in the original.
        self._begins: list[int] = []
        self._origins: Sequence[int] = []
        self._places: Places | None = None
        if len(text) >= LONG or not self._divide(text):
            letters, self._places = _squeezed(text)
            self.text = _text(letters)

    def _divide(self, text: str) -> bool:
        """Cut a text at its signs; return whether each other character folds to exactly one."""
        patterns = _patterns()
        pieces, origins, size, reached = [], [], 0, 0
        for start, end in [signs.span() for signs in patterns.dropped.finditer(text)] + [
            (len(text), len(text))
        ]:
            if start > reached:
                self._begins.append(size)
                origins.append(reached)
                pieces.append(text[reached:start])
                size += start - reached
            reached = end
        bare = "".join(pieces)
        if patterns.stretched.search(bare):
            return False
        self.text, self._origins = _folded_bare(bare, patterns), origins
        return True

    def origin(self, place: int) -> int:
        """Return where in the original the character at a place stands."""
        if self._places is not None:
            return int(self._places[place])
        stretch = bisect_right(self._begins, place) - 1
        return self._origins[stretch] + place - self._begins[stretch]


def without_signs(folded: str) -> str:
    """Return a folded text without blanks and punctuation."""
    return _SIGNS.sub("", folded)


def word_places(folded: str) -> list[int]:
    """Return the places of all characters that carry meaning."""
    places: list[int] = []
    reached = 0
    for signs in _SIGNS.finditer(folded):
        places.extend(range(reached, signs.start()))
        reached = signs.end()
    places.extend(range(reached, len(folded)))
    return places


def is_han(character: str) -> bool:
    """Return whether a folded character is an ideograph."""
    return (
        "\u4e00" <= character <= "\u9fff"
        or "\u3400" <= character <= "\u4dbf"
        or "\U00020000" <= character <= "\U0003ffff"
        or character == "〇"
    )


def is_kana(character: str) -> bool:
    """Return whether a character is a Japanese syllable, which is indexed like an ideograph."""
    return "\u3040" <= character <= "\u30ff"


def is_word_character(character: str) -> bool:
    """Return whether a folded character carries meaning; punctuation and blanks do not."""
    return character.isalnum() or is_han(character)
