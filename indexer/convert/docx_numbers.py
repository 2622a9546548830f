"""Works out the numbers that Word shows before paragraphs, which the file holds as rules only."""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DIGITS = "零一二三四五六七八九"
_LEGAL = "零壹贰叁肆伍陆柒捌玖"
# A list of HTML can write these before its items; everything else has to stand there as text.
LIST_FORMATS = frozenset({"decimal", "bullet", "none"})
_ONE_LEVEL = re.compile(r"\s*[(（]?%(\d)[.．、)）]?\s*\Z")


@dataclass(frozen=True)
class Level:
    """How one level of a list is numbered."""

    form: str
    pattern: str
    start: int
    is_decimal_only: bool


@dataclass(frozen=True)
class Label:
    """The number of one paragraph: as shown, its value, and whether a list of HTML can show it."""

    text: str
    value: int
    level: int
    fits_list: bool


class Numbering:
    """Counts the paragraphs of one document in order.

    Args:
        numbering: Root of ``numbering.xml``, or ``None``.
        styles: Root of ``styles.xml``, or ``None``.
    """

    def __init__(self, numbering: Any | None, styles: Any | None) -> None:
        self._levels: dict[str, dict[int, Level]] = {}
        self._lists: dict[str, str] = {}
        self._overrides: dict[tuple[str, int], int] = {}
        self._counts: dict[str, list[int | None]] = defaultdict(lambda: [None] * 9)
        self._started: set[tuple[str, int]] = set()
        self._styles = _style_numbers(styles)
        if numbering is not None:
            self._read(numbering)

    def _read(self, root: Any) -> None:
        for abstract in root.iterfind(f"{W}abstractNum"):
            number = abstract.get(f"{W}abstractNumId", "")
            levels = (_level(element) for element in abstract.iterfind(f"{W}lvl"))
            self._levels[number] = dict(levels)
        for entry in root.iterfind(f"{W}num"):
            list_id = entry.get(f"{W}numId", "")
            self._lists[list_id] = _value(entry.find(f"{W}abstractNumId"))
            for override in entry.iterfind(f"{W}lvlOverride"):
                start = override.find(f"{W}startOverride")
                if start is not None:
                    level = int(override.get(f"{W}ilvl", "0"))
                    self._overrides[list_id, level] = _int(_value(start))

    def label(self, paragraph: Any) -> Label | None:
        """Return the number of the next paragraph in order, or ``None`` if it has none."""
        list_id, level = self._place(paragraph)
        abstract = self._lists.get(list_id, "")
        rule = self._levels.get(abstract, {}).get(level)
        if rule is None:
            return None
        counts = self._counts[abstract]
        if (list_id, level) in self._overrides and (list_id, level) not in self._started:
            counts[level] = None
            start = self._overrides[list_id, level]
        else:
            start = rule.start
        self._started.add((list_id, level))
        before = counts[level]
        value = start if before is None else before + 1
        counts[level] = value
        counts[level + 1 :] = [None] * (8 - level)
        if rule.form == "none":
            return None
        is_simple = rule.form in LIST_FORMATS and (
            rule.form == "bullet" or bool(_ONE_LEVEL.match(rule.pattern))
        )
        return Label(self._text(abstract, rule, counts), value, level, is_simple)

    def _place(self, paragraph: Any) -> tuple[str, int]:
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return "", 0
        style = _value(properties.find(f"{W}pStyle"))
        list_id, level = self._styles.get(style, ("", 0))
        numbers = properties.find(f"{W}numPr")
        if numbers is not None:
            list_id = _value(numbers.find(f"{W}numId")) or list_id
            own_level = _value(numbers.find(f"{W}ilvl"))
            level = _int(own_level) if own_level else level
        return ("" if list_id == "0" else list_id), min(max(level, 0), 8)

    def _text(self, abstract: str, rule: Level, counts: list[int | None]) -> str:
        def shown(match: re.Match[str]) -> str:
            level = int(match[1]) - 1
            other = self._levels[abstract].get(level)
            value = counts[level] if counts[level] is not None else (other.start if other else 1)
            form = "decimal" if rule.is_decimal_only or other is None else other.form
            return written(value or 0, form)

        return re.sub(r"%([1-9])", shown, rule.pattern)


def written(value: int, form: str) -> str:
    """Return a number in one of Word's formats; unknown ones are written with digits."""
    if form in ("upperLetter", "lowerLetter") and value > 0:
        letter = chr(ord("A") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letter if form == "upperLetter" else letter.lower()
    if form in ("upperRoman", "lowerRoman") and 0 < value < 4000:
        return _roman(value) if form == "upperRoman" else _roman(value).lower()
    if form in (
        "chineseCounting",
        "chineseCountingThousand",
        "japaneseCounting",
        "taiwaneseCountingThousand",
    ):
        return chinese(value)
    if form == "ideographDigital":
        return "".join(_DIGITS[int(digit)] for digit in str(value)).replace("零", "〇")
    if form == "chineseLegalSimplified" and 0 < value < 10:
        return _LEGAL[value]
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese") and 0 < value <= 20:
        return chr(0x2460 + value - 1)
    if form == "decimalFullWidth":
        return "".join(chr(ord("０") + int(digit)) for digit in str(value))
    return f"{value:02d}" if form == "decimalZero" else str(value)


def chinese(value: int) -> str:
    """Return a number below 100 as it is counted in Chinese: 十二, 二十."""
    if not 0 < value < 100:
        return "".join(_DIGITS[int(digit)] for digit in str(value))
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")


def _roman(value: int) -> str:
    text = ""
    for amount, sign in (
        (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
        (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
    ):  # fmt: skip
        count, value = divmod(value, amount)
        text += sign * count
    return text


def _level(element: Any) -> tuple[int, Level]:
    start = element.find(f"{W}start")
    form = _value(element.find(f"{W}numFmt")) or "decimal"
    pattern = _value(element.find(f"{W}lvlText"))
    level = Level(
        form, pattern, _int(_value(start)) if start is not None else 1, element.find(f"{W}isLgl") is not None
    )
    return int(element.get(f"{W}ilvl", "0")), level


def _style_numbers(root: Any | None) -> dict[str, tuple[str, int]]:
    """Return the list and level that each paragraph style brings, also from the style it is based on."""
    own: dict[str, tuple[str, int]] = {}
    based: dict[str, str] = {}
    for style in root.iterfind(f"{W}style") if root is not None else ():
        name = style.get(f"{W}styleId", "")
        based[name] = _value(style.find(f"{W}basedOn"))
        numbers = style.find(f"{W}pPr/{W}numPr")
        if numbers is not None:
            own[name] = (_value(numbers.find(f"{W}numId")), _int(_value(numbers.find(f"{W}ilvl"))))
    found: dict[str, tuple[str, int]] = {}
    for name in based:
        step, seen = name, set[str]()
        while step and step not in own and step not in seen:
            seen.add(step)
            step = based.get(step, "")
        if step in own:
            found[name] = own[step]
    return found


def _value(element: Any | None) -> str:
    return str(element.get(f"{W}val", "")) if element is not None else ""


def _int(text: str) -> int:
    return int(text) if text.lstrip("-").isdigit() else 0
