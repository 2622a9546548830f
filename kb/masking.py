"""Hides card, identity and mobile numbers in text that people typed, the way a bank prints them."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date

# Spaces and hyphens as they are typed, pasted or entered with a Chinese input method.
_SEPARATOR = "[ \u00a0\u2002\u2003\u2009\u3000\u2010-\u2015\u2212\uff0d-]"
_STARS = "****"
_ALONE_BEFORE = r"(?<!\d)"
_ALONE_AFTER = r"(?!\d)"
_AMOUNT = re.compile(r"(?:\.\d{1,2})?\s?(?:万|亿|美|港|欧|日)?元")
_CURRENCY = "¥￥$€£"

_IDENTITY = re.compile(
    rf"{_ALONE_BEFORE}(?:\d{{17}}(?:[xXｘＸ]|\d{_ALONE_AFTER})"
    rf"|\d{{6}}{_SEPARATOR}\d{{8}}{_SEPARATOR}\d{{3}}(?:[xXｘＸ]|\d{_ALONE_AFTER})"
    rf"|\d{{15}}{_ALONE_AFTER})"
)
_MOBILE = re.compile(
    rf"{_ALONE_BEFORE}(?P<prefix>(?:[+＋]|00|００)?(?:86|８６){_SEPARATOR}?|[0０])?"
    rf"(?P<number>[1１][3-9３-９]\d(?:\d{{8}}|{_SEPARATOR}\d{{4}}{_SEPARATOR}\d{{4}})){_ALONE_AFTER}"
)
# The visible ends of a masked number are no part of the next one.
_NOT_A_TAIL = r"(?!(?<=\d\*{4})\d{1,4}(?!\d))"
_HEAD = re.compile(r"\*{4}\d")
_NUMBER_RUN = re.compile(rf"{_ALONE_BEFORE}{_NOT_A_TAIL}\d+(?:{_SEPARATOR}{{1,2}}\d+)*")
_DIGITS = re.compile(r"\d+")

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_PROVINCES = frozenset(
    [
        *range(11, 16),
        *range(21, 24),
        *range(31, 38),
        *range(41, 47),
        *range(50, 55),
        *range(61, 66),
        71,
        81,
        82,
    ]
)
_CARD_LENGTHS = range(13, 20)
_CARD_START = re.compile(r"2[2-7]|[34569]")

Group = tuple[int, int]


def mask_personal_data(text: str) -> str:
    """Return ``text`` with personal numbers reduced to their first and last digits.

    Masked are bank card numbers (13 to 19 digits with a valid check digit), identity numbers (18
    characters with a valid check character, or 15 digits with a real date) and mobile numbers, each
    also in full-width digits and in the groups people write them in: ``6222****1234``,
    ``1101****002X``, ``138****8000``. Amounts in yuan, dates, document numbers that begin with a
    date, and hotlines stay. Masking twice changes nothing.
    """
    masked = _masked_once(text)
    # Hiding one number can show that the row of digits beside it was another.
    while masked != text:
        text, masked = masked, _masked_once(masked)
    return masked


def _masked_once(text: str) -> str:
    text = _IDENTITY.sub(_masked_identity, text)
    # Cards before mobiles: the last eleven digits of a card written in two groups can look like one.
    text = _NUMBER_RUN.sub(_masked_cards, text)
    return _MOBILE.sub(_masked_mobile, text)


def _masked_identity(match: re.Match[str]) -> str:
    written = match[0]
    plain = _plain(written)
    is_identity = _is_old_identity(plain) if len(plain) == 15 else _is_identity(plain)
    return f"{written[:4]}{_STARS}{written[-4:]}" if is_identity else written


def _masked_mobile(match: re.Match[str]) -> str:
    if _is_amount(match.string, match.start(), match.end()):
        return match[0]
    number = match["number"]
    return f"{match['prefix'] or ''}{number[:3]}{_STARS}{number[-4:]}"


def _masked_cards(match: re.Match[str]) -> str:
    text = match.string
    groups = [found.span() for found in _DIGITS.finditer(text, match.start(), match.end())]
    if _HEAD.match(text, match.end()) and groups[-1][1] - groups[-1][0] <= 4:
        groups.pop()
    parts: list[str] = []
    position = match.start()
    first = 0
    while first < len(groups):
        last = _card_end(text, groups, first)
        if last is None:
            first += 1
            continue
        start, end = groups[first][0], groups[last][1]
        digits = "".join(_DIGITS.findall(text, start, end))
        parts += [text[position:start], digits[:4], _STARS, digits[-4:]]
        position = end
        first = last + 1
    return "".join([*parts, text[position : match.end()]])


def _card_end(text: str, groups: Sequence[Group], first: int) -> int | None:
    """Return the index of the group with which a card number ends that begins with group ``first``."""
    candidates: list[int] = []
    total = 0
    for index in range(first, len(groups)):
        total += groups[index][1] - groups[index][0]
        if total > _CARD_LENGTHS.stop - 1:
            break
        if total in _CARD_LENGTHS:
            candidates.append(index)
    for last in reversed(candidates):
        if _is_card(text, groups, first, last):
            return last
    return None


def _is_card(text: str, groups: Sequence[Group], first: int, last: int) -> bool:
    chosen = groups[first : last + 1]
    is_whole_run = len(chosen) == len(groups)
    # The shape comes first because it is cheap and refuses nearly every row of other numbers.
    if not is_whole_run and not _is_grouped_like_a_card([end - start for start, end in chosen]):
        return False
    parts = [_plain(text[start:end]) for start, end in chosen]
    digits = "".join(parts)
    if not _passes_luhn(digits) or _starts_with_date(digits):
        return False
    if len(parts) > 1 and not _is_written_like_a_card(parts):
        return False
    return not _is_amount(text, chosen[0][0], chosen[-1][1])


def _is_grouped_like_a_card(lengths: Sequence[int]) -> bool:
    if len(lengths) == 1:
        return True
    in_fours = set(lengths[:-1]) == {4} and lengths[-1] <= 4
    in_two = len(lengths) == 2 and lengths[0] in (4, 6, 8)
    return in_fours or in_two or lengths in ([4, 6, 4], [4, 6, 5], [8, 8, 3])


def _is_written_like_a_card(parts: Sequence[str]) -> bool:
    """Return whether these groups, if they are a whole run or grouped well, are no row of other numbers."""
    digits = "".join(parts)
    if not _CARD_START.match(digits) or any(_starts_with_date(part) for part in parts):
        return False
    lengths = [len(part) for part in parts]
    return _is_grouped_like_a_card(lengths) or set(lengths) == {1} or digits.startswith("62")


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_identity(characters: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(characters, _WEIGHTS, strict=False))
    return _CHECK_CHARACTERS[total % 11] == characters[-1] and not _starts_with_date(characters)


def _is_old_identity(digits: str) -> bool:
    return int(digits[:2]) in _PROVINCES and _is_date(f"19{digits[6:12]}")


def _starts_with_date(digits: str) -> bool:
    # No province and no bank begins with these, but the numbers of documents and days do.
    return len(digits) >= 8 and "1990" <= digits[:4] <= "2049" and _is_date(digits[:8])


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return False
    return True


def _is_amount(text: str, start: int, end: int) -> bool:
    return bool(_AMOUNT.match(text, end)) or text[max(0, start - 2) : start].rstrip()[-1:] in tuple(_CURRENCY)


def _plain(written: str) -> str:
    """Return the digits of any script as ASCII, a check letter as ``X``, and nothing else."""
    return "".join(
        str(unicodedata.digit(character)) if character.isdecimal() else "X"
        for character in written
        if character.isdecimal() or character in "xXｘＸ"
    )
