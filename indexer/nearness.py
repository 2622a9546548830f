"""Where the units of a plan stand in given texts, and how close together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from indexer.codec import IntArray
from indexer.matcher import Matcher
from indexer.plan import INSIDE, Plan, Unit

MOST_PLACES = 8


@dataclass
class Occurrences:
    """Where units stand in one text: (start, end, number of the unit), each unit by its best alternative."""

    found: list[tuple[int, int, int]] = field(default_factory=list)
    lengths: dict[int, int] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)

    def density(self, wanted: int) -> float:
        """Return how close together the units stand, from 0 (apart or absent) to 1 (side by side).

        Args:
            wanted: How many units there are to be found.
        """
        if len(self.lengths) < 2:
            return 0.0
        shortest = _shortest_window(sorted(self.found), len(self.lengths))
        return len(self.lengths) / wanted * min(1.0, sum(self.lengths.values()) / max(1, shortest))

    def order(self, wanted: int) -> float:
        """Return which share of the query's neighbouring units stands in this order, first places compared.

        Args:
            wanted: How many units there are to be found.
        """
        if len(self.lengths) < 2:
            return 0.0
        first: dict[int, int] = {}
        for start, _end, number in self.found:
            first[number] = min(first.get(number, start), start)
        places = [first[number] for number in sorted(first)]
        return sum(one < other for one, other in pairwise(places)) / (wanted - 1)


def telling_units(plan: Plan) -> tuple[Unit, ...]:
    """Return the units that say something, without padding and seams."""
    return tuple(unit for unit in plan.units if unit.emphasis >= 0.5)


def occurrences(
    matcher: Matcher,
    units: Sequence[Unit],
    fields: Sequence[str],
    rows: IntArray,
    texts: Sequence[str],
    size: int,
) -> list[Occurrences]:
    """Return where units stand in each of the texts.

    Args:
        matcher: Knows the rows of every alternative, so that texts without it are never read.
        units: What is looked for.
        fields: The fields that the texts belong to.
        rows: The row of each text in these fields; -1 for none.
        texts: Squeezed texts.
        size: How many rows the fields have.
    """
    number_of = np.full(size, -1, np.int64)
    number_of[rows[rows >= 0]] = np.flatnonzero(rows >= 0)
    seen = [Occurrences() for _ in texts]
    for number, unit in enumerate(units):
        for item in unit.alternatives:
            wanted = unit.text if item.text[0] in "#§" + INSIDE else item.text
            for fieldname in fields:
                hits = number_of[matcher.rows(fieldname, item.text)]
                for hit in hits[hits >= 0].tolist():
                    _note(seen[hit], number, wanted, texts[hit])
    return seen


def _note(seen: Occurrences, number: int, wanted: str, text: str) -> None:
    if number in seen.lengths:
        return
    places = list(_places(text, wanted))
    if places:
        seen.lengths[number] = len(wanted)
        seen.words[number] = wanted
        seen.found.extend((place, place + len(wanted), number) for place in places)


def _places(text: str, wanted: str) -> Iterator[int]:
    place = text.find(wanted)
    left = MOST_PLACES
    while place >= 0 and left:
        yield place
        left -= 1
        place = text.find(wanted, place + 1)


def _shortest_window(found: list[tuple[int, int, int]], kinds: int) -> int:
    """Return the length of the shortest stretch that holds an occurrence of every unit."""
    counts: dict[int, int] = {}
    first = 0
    best = found[-1][1] - found[0][0]
    for _start, end, number in found:
        counts[number] = counts.get(number, 0) + 1
        while counts[found[first][2]] > 1:
            counts[found[first][2]] -= 1
            first += 1
        if len(counts) == kinds:
            best = min(best, end - found[first][0])
    return best
