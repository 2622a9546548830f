"""Where posting lists meet a chosen set of heads."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.codec import FloatArray, IntArray, Rows
from indexer.holders import Codes, Held
from indexer.matcher import found_in

# A list so many times longer than the set is searched, not gone through.
LONGER = 6


class _Scratch(threading.local):
    """Numbers of places by head, one array for each thread: what stands there from earlier is never believed."""

    def __init__(self) -> None:
        self.places: Rows = np.empty(0, np.int32)
        self.owner: object = None


_scratch = _Scratch()


@dataclass(frozen=True)
class Met:
    """Entries of units that meet a set: place in the set, unit, BM25 for a unit of weight 1, and kind."""

    at: IntArray
    owners: IntArray
    first: FloatArray
    codes: Codes


class Slots:
    """A set of heads, ascending; finds the part of a posting list that concerns them.

    Args:
        heads: Row numbers of heads, ascending.
        size: How many heads there are at all.
    """

    def __init__(self, heads: IntArray, size: int) -> None:
        self.heads = heads
        self.size = size
        self._token = object()

    def __len__(self) -> int:
        return len(self.heads)

    def of(self, listed: IntArray) -> tuple[IntArray, IntArray]:
        """Return places in the set and, for each, the place in a list of the same head.

        Args:
            listed: Heads, ascending, or several such lists one behind the other if they are not long.
        """
        if len(self.heads) == self.size:
            return listed, np.arange(len(listed))
        if not len(self.heads):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        slots = self._places().take(listed)
        places = np.flatnonzero(self.heads.take(slots, mode="clip") == listed)
        return slots.take(places).astype(np.int64), places

    def searched(self, listed: IntArray) -> tuple[IntArray, IntArray]:
        """Return the same for one ascending list that is much longer than the set."""
        places, both = found_in(listed, self.heads)
        at = np.flatnonzero(both)
        return at, places.take(at)

    def meet(self, listed: IntArray) -> tuple[IntArray, IntArray]:
        """Return the same for one ascending list of any length."""
        return (self.searched if len(listed) > LONGER * len(self.heads) else self.of)(listed)

    def _places(self) -> Rows:
        scratch = _scratch
        if len(scratch.places) < self.size:
            scratch.places, scratch.owner = np.zeros(self.size, np.int32), None
        if scratch.owner is not self._token:
            scratch.places[self.heads] = np.arange(len(self.heads), dtype=np.int32)
            scratch.owner = self._token
        return scratch.places

    def entries(self, units: Mapping[int, Held]) -> Met:
        """Return where some units meet the set, a few arrays for all of them together."""
        short, found = {}, []
        for number, held in units.items():
            if held.heads is None:
                at = np.flatnonzero(held.codes.take(self.heads))
                found.append(_met(number, held, at, self.heads.take(at)))
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
