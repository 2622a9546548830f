"""Finds a quoted passage again in the text of a revision, however blanks and line breaks moved."""

from collections.abc import Sequence
from dataclasses import dataclass

QUOTE_LIMIT = 500
CONTEXT_LIMIT = 64
# A sign that fills a text could stand in a hundred thousand places.
MOST_PLACES = 1000


@dataclass(frozen=True)
class Quote:
    """Words that a reader chose on the page, with what stands right before and after them."""

    text: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Place:
    """Where a quote stands: in the plain text, or with ``block`` in that block of official wording.

    ``start`` and ``end`` count characters.
    """

    start: int
    end: int
    block: int | None = None


class Folded:
    """A text without white space, which remembers where each character came from."""

    def __init__(self, text: str) -> None:
        places = [index for index, character in enumerate(text) if not character.isspace()]
        self.text = "".join(text[index] for index in places)
        self._places = places

    def range(self, start: int, end: int) -> tuple[int, int]:
        """Return the range of the original text that ``start`` to ``end`` of the folded one covers."""
        return self._places[start], self._places[end - 1] + 1

    def holds(self, words: str) -> bool:
        """Return whether these words stand in the text in a row."""
        return "".join(words.split()) in self.text


def find_quote(quote: Quote, text: str, blocks: Sequence[str] = (), near: int | None = None) -> Place | None:
    """Return where a quote stands, or ``None`` if those words are nowhere in a row.

    Of several places the one whose surroundings agree most wins, then the one nearest to ``near``.

    Args:
        quote: What was chosen.
        text: The revision's plain text.
        blocks: Its blocks of official wording, looked through after the text.
        near: Where the quote stood before.
    """
    place = _find(quote, text, near)
    if place is not None:
        return Place(*place)
    for number, block in enumerate(blocks):
        place = _find(quote, block, near)
        if place is not None:
            return Place(*place, number)
    return None


def _find(quote: Quote, text: str, near: int | None) -> tuple[int, int] | None:
    wanted = Folded(quote.text).text
    if not wanted:
        return None
    folded = Folded(text)
    before, after = Folded(quote.prefix).text, Folded(quote.suffix).text
    best: tuple[tuple[int, int], tuple[int, int]] | None = None
    start = folded.text.find(wanted)
    for _ in range(MOST_PLACES):
        if start < 0:
            break
        end = start + len(wanted)
        place = folded.range(start, end)
        agreement = _shared_end(folded.text[max(0, start - CONTEXT_LIMIT) : start], before)
        agreement += _shared_start(folded.text[end : end + CONTEXT_LIMIT], after)
        rank = (agreement, -abs(place[0] - near) if near is not None else -start)
        if best is None or rank > best[0]:
            best = (rank, place)
        start = folded.text.find(wanted, start + 1)
    return best[1] if best else None


def _shared_start(text: str, other: str) -> int:
    count = 0
    for one, two in zip(text, other, strict=False):
        if one != two:
            break
        count += 1
    return count


def _shared_end(text: str, other: str) -> int:
    return _shared_start(text[: -len(other) - 1 : -1], other[::-1]) if other else 0
