"""Pinyin of characters and words, and the syllables hidden in a string of letters."""

from functools import lru_cache
from itertools import product
from typing import Any

from indexer.fold import is_han

MOST_READINGS = 3
MOST_KEYS = 8
READ_TWO_WAYS = frozenset(
    "行长重乐还得地着了和调数种藏朝传单弹都更会假将降教结解尽卡看空量落没便薄曾差查称处当倒恶否佛盖给供"
    "号核划几济夹间角校节禁劲剧据圈卷觉强累露率绿论模迫铺奇切区塞散扫色少舍什省识石似宿缩提挑通同吐拓为"
    "尾吓鲜相兴旋要应与脏扎炸占涨折只中转幢作贾尉参仇盛单万俟"
)


@lru_cache(maxsize=30_000)
def readings(character: str) -> tuple[str, ...]:
    """Return the toneless syllables of one character, commonest first; itself if it is no ideograph.

    Only characters that people really read in two ways keep more than one: dictionaries list
    readings that nobody types.
    """
    if not is_han(character):
        return (character,)
    # Imported where it is first asked: its tables take 56 MB, and a process that writes needs none of them.
    from pypinyin import Style, pinyin

    several = character in READ_TWO_WAYS
    found = pinyin(character, style=Style.NORMAL, heteronym=several, errors="ignore")
    return tuple(dict.fromkeys(found[0][:MOST_READINGS])) if found and found[0] else (character,)


def _characters(text: str) -> Any:
    # pypinyin takes a list as well, although its annotations say otherwise.
    return list(text)


@lru_cache(maxsize=200_000)
def syllables(word: str) -> tuple[str, ...]:
    """Return the toneless syllables of a folded word as read in context, one for each character."""
    from pypinyin import Style, lazy_pinyin

    read: list[str] = []
    for piece in lazy_pinyin(word, style=Style.NORMAL, errors=_characters):
        read.append(piece)
    return tuple(read) if len(read) == len(word) else tuple(readings(character)[0] for character in word)


def sound_keys(text: str) -> list[str]:
    """Return the keys under which words that sound like ``text`` are filed; several if it has them."""
    keys = {" ".join(syllables(text))}
    for combination in product(*(readings(character) for character in text)):
        keys.add(" ".join(combination))
        if len(keys) >= MOST_KEYS:
            break
    return list(keys)


def initials(word: str) -> str:
    """Return the first letters of a word's syllables."""
    return "".join(syllable[:1] for syllable in syllables(word))


_CONFUSED_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("l", "n"), ("f", "h"))
_CONFUSED_FINALS = ("ang", "eng", "ing")


@lru_cache(maxsize=2_000)
def alike(syllable: str) -> tuple[str, ...]:
    """Return a syllable and those that many speakers do not tell from it: zh/z, l/n, f/h, ing/in, ang/an."""
    starts = {syllable}
    for first, second in _CONFUSED_INITIALS:
        if syllable.startswith(first):
            starts.add(second + syllable[len(first) :])
        elif syllable.startswith(second):
            starts.add(first + syllable[len(second) :])
    found = set(starts)
    for one in starts:
        if one.endswith(_CONFUSED_FINALS):
            found.add(one[:-1])
        elif one.endswith(("an", "en", "in")):
            found.add(one + "g")
    return (syllable, *sorted(found - {syllable}))


def rough_key(key: str) -> str:
    """Return a sound key in which syllables that are often confused are the same."""
    return " ".join(map(_least_alike, key.split(" ")))


@lru_cache(maxsize=2_000)
def _least_alike(syllable: str) -> str:
    return min(alike_closure(syllable))


@lru_cache(maxsize=2_000)
def alike_closure(syllable: str) -> frozenset[str]:
    """Return every syllable that can be reached by confusions, the same set from any of them."""
    found = {syllable}
    while True:
        more = {other for one in found for other in alike(one)} - found
        if not more:
            return frozenset(found)
        found |= more
