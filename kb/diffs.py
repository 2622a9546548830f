"""Compares two texts to the character: lines are aligned first, then changed lines from the inside."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from diff_match_patch import diff_match_patch

LINE_SECONDS = 1.0
CHARACTER_SECONDS = 0.2
# From here on lines are only compared as wholes, so that a page of any size answers in time.
MOST_CHARACTERS = 20_000
MOST_PAIRS = 400
ALIKE = 0.35


class Kind(StrEnum):
    """What became of a stretch of text, or of a line (``CHANGE`` only of a line)."""

    EQUAL = "equal"
    DELETE = "delete"
    INSERT = "insert"
    CHANGE = "change"


_KINDS = {0: Kind.EQUAL, -1: Kind.DELETE, 1: Kind.INSERT}


@dataclass(frozen=True)
class Piece:
    """A stretch of text and what became of it."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Row:
    """One line of a comparison.

    ``old`` and ``new`` are the pieces of either side, ``None`` where the line stands on one side only;
    ``old_number`` and ``new_number`` count lines from 1.
    """

    kind: Kind
    old: tuple[Piece, ...] | None
    new: tuple[Piece, ...] | None
    old_number: int | None
    new_number: int | None

    @property
    def inline(self) -> tuple[Piece, ...]:
        """Both sides as one line: what stayed once, what went and what came beside each other."""
        if self.old is None or self.new is None:
            return self.new or self.old or ()
        return tuple(_interleaved(self.old, self.new))


@dataclass(frozen=True)
class Comparison:
    """All lines of two texts side by side."""

    rows: tuple[Row, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the texts are the same."""
        return all(row.kind is Kind.EQUAL for row in self.rows)

    @property
    def changes(self) -> int:
        """The number of runs of changed lines."""
        kinds = [row.kind is not Kind.EQUAL for row in self.rows]
        return sum(1 for before, here in zip([False, *kinds], kinds, strict=False) if here and not before)


def characters(old: str, new: str) -> list[Piece]:
    """Return what became of every character; reads well and still rebuilds both texts exactly."""
    engine = _engine(CHARACTER_SECONDS)
    found = engine.diff_main(old, new, False)
    engine.diff_cleanupSemantic(found)
    return [Piece(_KINDS[operation], text) for operation, text in found if text]


def compare(old: str, new: str) -> Comparison:
    """Compare two texts line by line, and changed lines character by character."""
    rows: list[Row] = []
    places = [1, 1]
    is_small = len(old) + len(new) <= 2 * MOST_CHARACTERS or old == new
    for kind, olds, news in _runs(old.split("\n"), new.split("\n")):
        if kind is Kind.EQUAL:
            pairs: Iterator[tuple[str | None, str | None]] = zip(olds, news, strict=True)
        else:
            pairs = _paired(olds, news)
        for before, after in pairs:
            rows.append(_row(before, after, places, deep=is_small or kind is Kind.EQUAL))
    return Comparison(tuple(rows))


def folded(comparison: Comparison, around: int = 2) -> list[Row | None]:
    """Return the changed lines with a few unchanged ones around; ``None`` stands for lines left out."""
    rows = comparison.rows
    wanted = {
        place
        for number, row in enumerate(rows)
        if row.kind is not Kind.EQUAL
        for place in range(max(0, number - around), min(len(rows), number + around + 1))
    }
    found: list[Row | None] = []
    for number, row in enumerate(rows):
        if number in wanted:
            found.append(row)
        elif not found or found[-1] is not None:
            found.append(None)
    return found


def _row(before: str | None, after: str | None, places: list[int], *, deep: bool) -> Row:
    numbers = (places[0] if before is not None else None, places[1] if after is not None else None)
    places[0] += before is not None
    places[1] += after is not None
    if before is None or after is None:
        kind = Kind.INSERT if before is None else Kind.DELETE
        old = None if before is None else (Piece(kind, before),)
        return Row(kind, old, None if after is None else (Piece(kind, after),), *numbers)
    if before == after:
        piece = (Piece(Kind.EQUAL, before),)
        return Row(Kind.EQUAL, piece, piece, *numbers)
    whole = [Piece(Kind.DELETE, before), Piece(Kind.INSERT, after)]
    pieces = characters(before, after) if deep or len(before) + len(after) <= 4_000 else whole
    old_side = tuple(piece for piece in pieces if piece.kind is not Kind.INSERT)
    new_side = tuple(piece for piece in pieces if piece.kind is not Kind.DELETE)
    return Row(Kind.CHANGE, old_side, new_side, *numbers)


def _runs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[Kind, list[str], list[str]]]:
    """Yield runs of equal lines and runs of lines that were replaced."""
    engine = _engine(LINE_SECONDS)
    # Each different line becomes one character, so that the library aligns lines within its time.
    codes: dict[str, str] = {}
    coded = ["".join(codes.setdefault(line, _code(len(codes))) for line in side) for side in (old, new)]
    lines = {code: line for line, code in codes.items()}
    removed: list[str] = []
    added: list[str] = []
    for operation, text in engine.diff_main(*coded, False):
        here = [lines[code] for code in text]
        if operation == 0:
            if removed or added:
                yield Kind.CHANGE, removed, added
                removed, added = [], []
            yield Kind.EQUAL, here, here
        elif operation < 0:
            removed += here
        else:
            added += here
    if removed or added:
        yield Kind.CHANGE, removed, added


def _code(number: int) -> str:
    # Surrogates are no characters of their own.
    return chr(number + 1 if number < 0xD7FF else number + 0x801)


def _paired(olds: list[str], news: list[str]) -> Iterator[tuple[str | None, str | None]]:
    """Yield lines of a replaced run, those that are alike beside each other, both sides in order."""
    start_old = start_new = 0
    for old, new in _matches(olds, news):
        yield from ((line, None) for line in olds[start_old:old])
        yield from ((None, line) for line in news[start_new:new])
        yield olds[old], news[new]
        start_old, start_new = old + 1, new + 1
    yield from ((line, None) for line in olds[start_old:])
    yield from ((None, line) for line in news[start_new:])


def _matches(olds: list[str], news: list[str]) -> list[tuple[int, int]]:
    if len(olds) * len(news) > MOST_PAIRS:
        return [(place, place) for place in range(min(len(olds), len(news)))]
    # The order-keeping choice of pairs with the highest likeness in all.
    best = [[0.0] * (len(news) + 1) for _line in range(len(olds) + 1)]
    likeness = [[_likeness(old, new) for new in news] for old in olds]
    for old in range(len(olds) - 1, -1, -1):
        for new in range(len(news) - 1, -1, -1):
            paired = likeness[old][new] + best[old + 1][new + 1] if likeness[old][new] >= ALIKE else 0.0
            best[old][new] = max(paired, best[old + 1][new], best[old][new + 1])
    pairs, old, new = [], 0, 0
    while old < len(olds) and new < len(news):
        if likeness[old][new] >= ALIKE and best[old][new] == likeness[old][new] + best[old + 1][new + 1]:
            pairs.append((old, new))
            old, new = old + 1, new + 1
        elif best[old][new] == best[old + 1][new]:
            old += 1
        else:
            new += 1
    return pairs


def _likeness(old: str, new: str) -> float:
    matcher = SequenceMatcher(None, old[:400], new[:400], autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE else 0.0


def _interleaved(old: Sequence[Piece], new: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the pieces of both sides; the equal ones are the same on both and in the same order."""
    rest = list(new)
    for piece in old:
        if piece.kind is not Kind.EQUAL:
            yield piece
            continue
        while rest and rest[0].kind is not Kind.EQUAL:
            yield rest.pop(0)
        if rest:
            rest.pop(0)
        yield piece
    yield from rest


def _engine(seconds: float) -> Any:
    engine = diff_match_patch()
    engine.Diff_Timeout = seconds
    return engine
