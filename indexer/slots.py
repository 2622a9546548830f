"""Where posting lists meet a chosen set of heads."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from indexer.bits import Bits
from indexer.codec import FloatArray, IntArray, Rows
from indexer.holders import Codes, Held
from indexer.matcher import found_in

# A list so many times longer than the set is searched, not gone through.
LONGER = 6
# From so many times the set on its bits are asked, if it has any.
LONG = 2


# Arrays with a place for each number and whose places they are, taken while they are needed: what stands there from
# others is not believed. As many as there are threads that score at one moment.
_scratch: deque[tuple[Rows, object]] = deque()


@dataclass(frozen=True)
class Met:
    """Entries of units that meet a set: place in the set, unit, BM25 for a unit of weight 1, and kind."""

    at: IntArray
    owners: IntArray
    first: FloatArray
    codes: Codes


class Slots:
    """A set of heads, or of passages, ascending; finds the part of a posting list that concerns them.

    Args:
        heads: Their row numbers, ascending.
        size: How many there are at all.
    """

    def __init__(self, heads: NDArray[np.integer], size: int) -> None:
        self.heads = heads
        self.size = size
        self._token = object()

    def __len__(self) -> int:
        return len(self.heads)

    def of(self, listed: NDArray[np.integer]) -> tuple[IntArray, IntArray]:
        """Return places in the set and, for each, the place in a list of the same head.

        Args:
            listed: Heads, ascending, or several such lists one behind the other if they are not long.
        """
        if len(self.heads) == self.size:
            return listed.astype(np.int64, copy=False), np.arange(len(listed))
        if not len(self.heads):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        try:
            slots, owner = _scratch.pop()
        except IndexError:
            slots, owner = np.zeros(self.size, np.int32), None
        if len(slots) < self.size:
            slots, owner = np.zeros(self.size, np.int32), None
        if owner is not self._token:
            slots[self.heads] = np.arange(len(self.heads), dtype=np.int32)
        found = slots.take(listed)
        _scratch.append((slots, self._token))
        places = np.flatnonzero(self.heads.take(found, mode="clip") == listed)
        return found.take(places).astype(np.int64), places

    def searched(self, listed: NDArray[np.integer]) -> tuple[IntArray, IntArray]:
        """Return the same for one ascending list that is much longer than the set."""
        places, both = found_in(listed, self.heads)
        at = np.flatnonzero(both)
        return at, places.take(at)

    def meet(self, listed: IntArray) -> tuple[IntArray, IntArray]:
        """Return the same for one ascending list of any length."""
        return (self.searched if len(listed) > LONGER * len(self.heads) else self.of)(listed)

    @cached_property
    def _eighths(self) -> tuple[NDArray[np.integer], NDArray[np.uint8]]:
        return self.heads >> 3, (self.heads & 7).astype(np.uint8)

    def many(self, lists: Sequence[tuple[NDArray[np.integer], Bits | None]]) -> tuple[IntArray, IntArray]:
        """Return for many lists, each with its bits if it has any: the number of the list, and places in the set."""
        short, numbers, places = [], [], []
        for number, (listed, bits) in enumerate(lists):
            if len(listed) <= (LONGER if bits is None else LONG) * len(self.heads):
                short.append(number)
                continue
            at = self.searched(listed)[0] if bits is None else np.flatnonzero(bits.holds(*self._eighths))
            numbers.append(np.full(len(at), number))
            places.append(at)
        if short:
            at, found = self.of(np.concatenate([lists[number][0] for number in short]))
            numbers.append(np.repeat(short, [len(lists[number][0]) for number in short]).take(found))
            places.append(at)
        if not numbers:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate(numbers), np.concatenate(places)

    def entries(self, units: Mapping[int, Held]) -> Met:
        """Return where some units meet the set, a few arrays for all of them together."""
        short, found = {}, []
        for number, held in units.items():
            if held.heads is None:
                at = np.flatnonzero(held.codes.take(self.heads))
                found.append(_met(number, held, at, self.heads.take(at).astype(np.int64)))
            elif held.count > LONGER * len(self.heads):
                found.append(_met(number, held, *self.searched(held.heads)))
            else:
                short[number] = held
        if len(short) == 1:
            found += [_met(number, held, *self.of(held.listed())) for number, held in short.items()]
        elif short:
            found.append(self._together(short))
        return _joined(found)

    def _together(self, units: Mapping[int, Held]) -> Met:
        chosen = list(units.values())
        at, places = self.of(np.concatenate([held.listed() for held in chosen]))
        return Met(
            at,
            np.repeat(list(units), [held.count for held in chosen]).take(places),
            np.concatenate([held.first for held in chosen]).take(places),
            np.concatenate([held.codes for held in chosen]).take(places),
        )


def _met(number: int, held: Held, at: IntArray, places: IntArray) -> Met:
    return Met(at, np.full(len(at), number), held.first.take(places), held.codes.take(places))


def _joined(found: Sequence[Met]) -> Met:
    if len(found) == 1:
        return found[0]
    if not found:
        no_places = np.empty(0, np.int64)
        return Met(no_places, no_places, np.empty(0, np.float32), np.empty(0, np.uint8))
    columns = zip(*((met.at, met.owners, met.first, met.codes) for met in found), strict=True)
    return Met(*map(np.concatenate, columns))
