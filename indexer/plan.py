"""What a query means: units, what each may stand for, and how far that is from what was typed."""

from dataclasses import dataclass
from enum import IntEnum

# Marks an alternative that may also stand inside a longer word or number.
INSIDE = "*"


class Rung(IntEnum):
    """How far an alternative is from what was typed; lower rungs never lose to higher ones."""

    EXACT = 0
    SYNONYM = 1
    SOUND = 2
    SLIP = 3
    PARTIAL = 4


@dataclass(frozen=True)
class Alternative:
    """A text that may stand for a unit; ``factor`` is what finding it is worth, up to 1."""

    text: str
    factor: float
    rung: Rung


@dataclass(frozen=True)
class Unit:
    """A stretch of the query that should be found; ``emphasis`` scales its weight.

    ``mended`` tells that what was typed is no word, so that its alternatives are what was meant.
    """

    text: str
    start: int
    end: int
    alternatives: tuple[Alternative, ...]
    emphasis: float = 1.0
    mended: bool = False

    @property
    def grams(self) -> tuple[str, ...]:
        """The neighbouring pairs of characters, for partial matches."""
        return tuple(self.text[place : place + 2] for place in range(len(self.text) - 1))


@dataclass(frozen=True)
class Plan:
    """A query understood: its units and the corrections that it suggests.

    ``compact`` is the folded query without the padding around it, blanks and punctuation;
    ``meant`` is the same with the likeliest correction, empty if there is nothing to mend;
    ``is_phrase`` tells that it was typed as one stretch.
    """

    folded: str
    compact: str
    is_phrase: bool
    units: tuple[Unit, ...] = ()
    corrections: tuple[str, ...] = ()
    expansions: tuple[str, ...] = ()
    meant: str = ""

    @property
    def is_loose(self) -> bool:
        """Whether the query consists of single characters only."""
        return all(len(unit.text) == 1 for unit in self.units if unit.emphasis >= 0.5)


@dataclass(frozen=True)
class Factors:
    """What a match on each rung is worth against an exact one; 0 leaves that kind of match out.

    ``frame``, ``seam`` and ``document_number`` are the emphasis of padding, of the pair of characters
    between two words, and of a document number.
    """

    synonym: float = 0.75
    related: float = 0.45
    sound: float = 0.75
    rough: float = 0.6
    slip: float = 0.7
    turned: float = 0.85
    shape: float = 0.65
    real_word: float = 0.55
    letters: float = 0.95
    frame: float = 0.12
    seam: float = 0.12
    document_number: float = 2.0
