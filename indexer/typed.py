"""Tells whether a text begins with what is being typed: by characters, pinyin, initials or any mixture."""

from collections.abc import Iterator

from indexer.fold import squeeze
from indexer.pinyin import alike, readings

LONGEST_TYPED = 64
_TWO_LETTERS = ("zh", "ch", "sh")


def begins_with(text: str, typed: str) -> bool:
    """Return whether ``text`` begins with ``typed``, each character as itself or as it is spelled.

    A syllable may be typed in full, by its initial, or, at the end of what is typed, in part; zh and z,
    l and n, in and ing and the like are taken for one another. Signs and blanks do not matter. More than
    ``LONGEST_TYPED`` characters are the beginning of nothing.
    """
    wanted = squeeze(typed[: 2 * LONGEST_TYPED])
    if len(wanted) > LONGEST_TYPED:
        return False
    places = {0}
    for character in squeeze(text[: 2 * LONGEST_TYPED]):
        if len(wanted) in places:
            return True
        places = {after for place in places for after in _after(wanted, place, character)}
        if not places:
            return False
    return len(wanted) in places


def spells(letters: str, word: str) -> bool:
    """Return whether letters spell exactly a word, each of its characters in full or by its initial."""
    places = {0}
    for character in word:
        places = {
            after
            for place in places
            if place < len(letters)
            for after in _after(letters, place, character, to_the_end=False)
        }
    return len(letters) in places


def _after(wanted: str, place: int, character: str, *, to_the_end: bool = True) -> Iterator[int]:
    rest = wanted[place:]
    if rest[:1] == character:
        yield place + 1
    if not rest[:1].isascii():
        return
    for reading in readings(character):
        if reading == character:
            continue
        for spelled in alike(reading):
            for length in _lengths(spelled):
                if rest.startswith(spelled[:length]):
                    yield place + length
            if to_the_end and 0 < len(rest) < len(spelled) and spelled.startswith(rest):
                yield len(wanted)


def _lengths(syllable: str) -> tuple[int, ...]:
    return (1, 2, len(syllable)) if syllable.startswith(_TWO_LETTERS) else (1, len(syllable))
