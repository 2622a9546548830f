"""Marks the words of a plan in any text by true offsets, and cuts the window that shows them best."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexer.fold import Bare, squeeze
from indexer.plan import Plan, Rung
from kb.ports import Marks

WINDOW = 240
# So far before the first mark a sentence may begin to be shown from its beginning; else so much is shown.
LEAD = 80
BEFORE = 12
_ENDS = re.compile(r"[。！？!?；;\n]+[”’」』）)\"']*")


def wanted_texts(plan: Plan) -> list[str]:
    """Return the folded texts to mark: the whole query and every alternative, longest first."""
    # The whole query too: padding inside it is marked where it stands word for word.
    texts: dict[str, None] = {plan.compact: None} if len(plan.units) > 1 else {}
    for unit in plan.units:
        if unit.emphasis < 0.5 and len(plan.units) > 1:
            continue
        for item in unit.alternatives:
            text = unit.text if item.text[0] in "#§*" else item.text
            texts[text] = None
    return sorted(texts, key=len, reverse=True)


def marks(text: str, texts: Sequence[str], partial: Sequence[str] = ()) -> Marks:
    """Return where any of the folded texts stands in ``text``, as merged ranges of its characters.

    Blanks and punctuation inside an occurrence do not matter. ``partial`` is only marked if
    nothing else is found.
    """
    bare = Bare(text)
    found = _find(bare.text, texts) or _find(bare.text, partial)
    return merge((bare.origin(start), bare.origin(end - 1) + 1) for start, end in found)


@dataclass(frozen=True)
class Marker:
    """Marks one plan in many texts."""

    texts: Sequence[str]
    partial: Sequence[str]

    @classmethod
    def of(cls, plan: Plan) -> "Marker":
        """Return the marker of a plan."""
        return cls(wanted_texts(plan), partial_texts(plan))

    def marks(self, text: str) -> Marks:
        """Return where the words of the plan stand in a text, or parts of them where none stands whole."""
        return marks(text, self.texts, self.partial)


@lru_cache(maxsize=5_000)
def _bare(wanted: str) -> str:
    return squeeze(wanted)


def _find(compact: str, texts: Sequence[str]) -> list[tuple[int, int]]:
    found = []
    for wanted in texts:
        bare = _bare(wanted)
        place = compact.find(bare) if bare else -1
        while place >= 0:
            found.append((place, place + len(bare)))
            place = compact.find(bare, place + 1)
    return found


def merge(ranges: Iterable[tuple[int, int]]) -> Marks:
    """Return sorted ranges with those that touch or overlap joined."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def partial_texts(plan: Plan) -> list[str]:
    """Return the pairs of characters of longer units, to mark where a unit matched only in part."""
    return [gram for unit in plan.units if len(unit.text) > 2 for gram in unit.grams]


def window(text: str, found: Marks, width: int = WINDOW) -> tuple[int, int]:
    """Return the range of ``text`` of at most ``width`` characters that shows most marked text.

    Of several that show as much it is the one in which the marks stand closest; it begins with the sentence
    of its first mark, if that leaves room for the rest.
    """
    if len(text) <= width:
        return 0, len(text)
    first, last = _closest(text, found, width) if found else (0, 0)
    sentence = max((match.end() for match in _ENDS.finditer(text, 0, first)), default=0)
    lead = min(LEAD, max(BEFORE, width - (last - first) - BEFORE))
    start = sentence if first - sentence <= lead else first - BEFORE
    start = max(0, min(start, len(text) - width))
    return start, start + width


def _closest(text: str, found: Marks, width: int) -> tuple[int, int]:
    """Return the shortest stretch with most different marked text, counted by characters."""
    best, best_value = found[0], (-1, 0)
    pieces = [text[low:high] for low, high in found]
    for number, (first, end) in enumerate(found):
        seen: set[str] = set()
        shown = 0
        for (low, high), piece in zip(found[number:], pieces[number:], strict=True):
            if high > first + width and low > first:
                break
            if piece not in seen:
                seen.add(piece)
                shown, end = shown + len(piece), high
                value = (shown, first - end)
                if value > best_value:
                    best, best_value = (first, end), value
    return best


def clip(found: Marks, start: int, end: int) -> Marks:
    """Return the marks inside a window, moved to its start."""
    return tuple(
        (max(low, start) - start, min(high, end) - start) for low, high in found if low < end and high > start
    )


def rung_names() -> dict[Rung, str]:
    """Return the tier name of every rung."""
    return {
        Rung.EXACT: "words",
        Rung.SYNONYM: "synonym",
        Rung.SOUND: "sound",
        Rung.SLIP: "fuzzy",
        Rung.PARTIAL: "partial",
    }
