"""The ways to read letters as pinyin syllables."""

from collections.abc import Iterator

LONGEST_LETTERS = 60
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
