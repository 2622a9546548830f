"""Where whole units stand in any field, and what BM25 makes of it: worked out once, kept for the next question."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import FloatArray, IntArray
from indexer.matcher import FIELDS, Matcher, Standing, found_in
from indexer.plan import Alternative, Rung, Unit
from indexer.snapshot import BoolArray, Snapshot
from indexer.weights import Weights

MOST_BYTES = 48 << 20
# From this share of all heads on a place for every head is quicker and smaller than a list of heads.
DENSE = 0.25
Codes = NDArray[np.unsignedinteger[Any]]
# Fields and alternatives.
Asked = tuple[tuple[str, ...], tuple[Alternative, ...]]
# Sorting pays where one number of so many is listed.
SORTED = 50
# What a field is in a set of fields.
BITS = {name: 1 << number for number, name in enumerate(FIELDS)}


@dataclass(frozen=True)
class Kinds:
    """The ways in which heads hold a unit, by their number; 0 is not at all.

    ``cover`` is the factor of the best alternative, ``title`` of the best one in the title, ``rung`` the
    nearest rung, ``inside`` the set of fields.
    """

    cover: FloatArray
    title: FloatArray
    rung: NDArray[np.int8]
    inside: NDArray[np.uint8]


@dataclass(frozen=True)
class Held:
    """The heads that hold a unit: ``first`` is BM25 for a unit of weight 1, ``codes`` numbers of ``kinds``.

    Both have one entry for each of ``heads``, which ascend, or for every head there is if ``heads`` is
    ``None``. ``count`` heads hold it.
    """

    heads: IntArray | None
    first: FloatArray
    codes: Codes
    kinds: Kinds
    count: int

    def listed(self) -> IntArray:
        """Return the heads, ascending."""
        return np.flatnonzero(self.codes) if self.heads is None else self.heads

    def among(self, heads: IntArray, size: int) -> BoolArray:
        """Return which of some of all ``size`` heads, in ascending order, hold the unit."""
        if self.heads is None:
            return self.codes.take(heads) > 0
        if len(self.heads) < 4 * len(heads):
            marked = np.zeros(size, np.bool_)
            marked[self.heads] = True
            return marked.take(heads)
        return found_in(self.heads, heads)[1]

    @property
    def bytes(self) -> int:
        """What it takes to keep this."""
        own = 500 + self.first.nbytes + self.codes.nbytes
        return own if self.heads is None else own + self.heads.nbytes


class Statistics:
    """Lengths of titles and bodies of a snapshot's heads, for BM25."""

    def __init__(self, snapshot: Snapshot, weights: Weights) -> None:
        self.title = snapshot.column("title_length").astype(np.float32)
        body, file = snapshot.column("body_length"), snapshot.column("file_length")
        # Empty attachments are the rule: they must not make every other one look long.
        held = file[file > 0]
        self.norms = {
            "title": _norms(self.title, weights.title_b, self.title, weights.k1),
            "body": _norms(body, weights.body_b, body, weights.k1),
            "file": _norms(file, weights.body_b, held, weights.k1),
        }


def _norms(lengths: FloatArray, b: float, counted: FloatArray, k1: float) -> FloatArray:
    mean = max(1.0, float(counted.mean())) if len(counted) else 1.0
    return (k1 * (1 - b + b * lengths / mean)).astype(np.float32)


class Holders:
    """Works out which heads of a snapshot hold a unit.

    Args:
        matcher: Finds the lists of its alternatives.
        statistics: Of the same snapshot.
        weights: The dials.
    """

    def __init__(self, matcher: Matcher, statistics: Statistics, weights: Weights) -> None:
        self.matcher = matcher
        self._norms = statistics.norms
        self._size = matcher.snapshot.size
        boosts = {"title": weights.title_boost, "body": 1.0, "file": weights.file_boost}
        self._boosts = {name: np.float32(boost * (weights.k1 + 1)) for name, boost in boosts.items()}
        self._kept: dict[Asked, Held] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def of(self, unit: Unit, fields: tuple[str, ...]) -> Held:
        """Return which heads hold a unit in one of some fields."""
        key = (fields, unit.alternatives)
        held = self._kept.get(key)
        if held is None:
            held = self._work_out(unit, fields)
            self._keep(key, held)
        return held

    def _keep(self, key: Asked, held: Held) -> None:
        with self._lock:
            known = self._kept.pop(key, None)
            self._kept[key] = held
            self._bytes += held.bytes - (known.bytes if known else 0)
            if self._bytes > MOST_BYTES:
                # The older half goes: what is asked for often comes back at once.
                for old in list(self._kept)[: len(self._kept) // 2]:
                    self._bytes -= self._kept.pop(old).bytes

    def _work_out(self, unit: Unit, fields: tuple[str, ...]) -> Held:
        items = sorted(unit.alternatives, key=lambda item: item.factor)
        lists = {
            name: [
                (number, standing)
                for number, item in enumerate(items)
                if len(standing := self.matcher.standing(name, item.text))
            ]
            for name in fields
        }
        lists = {name: found for name, found in lists.items() if found}
        heads, places = _gathered(
            [standing.heads for found in lists.values() for _, standing in found], self._size
        )
        numbered, rest = {}, iter(places)
        for name, found in lists.items():
            numbered[name] = [(number, standing, next(rest)) for number, standing in found]
        first = np.zeros(len(heads), np.float32)
        for name, listed in numbered.items():
            self._add_first(first, name, [(items[number], standing, at) for number, standing, at in listed])
        codes, kinds = _coded(len(heads), items, numbered)
        if len(heads) < DENSE * self._size:
            return Held(heads, first, codes, kinds, len(heads))
        every_first, every_code = np.zeros(self._size, np.float32), np.zeros(self._size, codes.dtype)
        every_first[heads], every_code[heads] = first, codes
        return Held(None, every_first, every_code, kinds, len(heads))

    def _add_first(
        self, first: FloatArray, name: str, listed: Sequence[tuple[Alternative, Standing, IntArray | None]]
    ) -> None:
        """Add BM25 of one field: a head of several lists counts its best frequency or their sum, once."""
        boost, ratios = self._boosts[name], np.zeros(0 if len(listed) == 1 else len(first), np.float32)
        for item, standing, at in listed:
            ratio = standing.sums / self._norms[name].take(standing.heads)
            ratio *= np.float32(item.factor)
            where = slice(None) if at is None else at
            if len(listed) == 1:
                first[where] += boost * (ratio / (1 + ratio))
            elif name == "title":
                ratios[where] = np.maximum(ratios[where], ratio)
            else:
                ratios[where] += ratio
        if len(listed) > 1:
            first += boost * (ratios / (1 + ratios))


def _gathered(lists: Sequence[IntArray], size: int) -> tuple[IntArray, list[IntArray | None]]:
    """Return the numbers of any of some ascending lists, and for each list their places; ``None`` for all."""
    heads = union(lists, size)
    return heads, [None if len(listed) == len(heads) else heads.searchsorted(listed) for listed in lists]


def _coded(
    size: int,
    items: Sequence[Alternative],
    numbered: dict[str, list[tuple[int, Standing, IntArray | None]]],
) -> tuple[Codes, Kinds]:
    inside = np.zeros(size, np.uint8)
    for name, listed in numbered.items():
        for _number, _standing, at in listed:
            inside[slice(None) if at is None else at] |= BITS[name]
    if len(items) == 1:
        return inside, _plain_kinds(items[0].factor, items[0].rung)
    many = len(items) + 1
    best, title = np.zeros(size, np.int64), np.zeros(size, np.int64)
    rung = np.full(size, Rung.PARTIAL, np.int64)
    for number, item in enumerate(items):
        # Weakest first, so that what stands there in the end is the best.
        for name, listed in numbered.items():
            for where in (slice(None) if at is None else at for which, _, at in listed if which == number):
                best[where] = number + 1
                rung[where] = np.minimum(rung[where], item.rung)
                if name == "title":
                    title[where] = number + 1
    keys = ((best * many + title) * len(Rung) + rung) * 8 + inside
    present = np.zeros(many * many * len(Rung) * 8, np.bool_)
    present[keys] = present[0] = True
    kinds = np.flatnonzero(present)
    number_of: Codes = np.zeros(len(present), np.uint8 if len(kinds) <= 256 else np.uint32)
    number_of[kinds] = np.arange(len(kinds))
    factors = np.array([0.0, *(item.factor for item in items)], np.float32)
    best_of, title_of = kinds // (8 * len(Rung) * many), kinds // (8 * len(Rung)) % many
    rungs = (kinds // 8 % len(Rung)).astype(np.int8)
    return number_of.take(keys), Kinds(
        factors[best_of], factors[title_of], rungs, (kinds % 8).astype(np.uint8)
    )


@lru_cache(maxsize=256)
def _plain_kinds(factor: float, rung: Rung) -> Kinds:
    """Return the kinds of a single alternative, each by its set of fields."""
    inside = np.arange(8, dtype=np.uint8)
    cover = np.where(inside > 0, np.float32(factor), np.float32(0))
    title = np.where(inside & BITS["title"], np.float32(factor), np.float32(0))
    return Kinds(cover, title, np.where(inside > 0, rung, Rung.PARTIAL).astype(np.int8), inside)


def union(lists: Sequence[IntArray], size: int) -> IntArray:
    """Return the numbers below ``size`` that stand in any of some ascending lists, ascending."""
    if len(lists) <= 1:
        return lists[0] if lists else np.empty(0, np.int64)
    count = sum(map(len, lists))
    if SORTED * count < size:
        # Sorting a few is quicker than going over all there are.
        numbers = np.concatenate(lists)
        numbers.sort()
        return numbers[np.concatenate([[True], numbers[1:] != numbers[:-1]])] if count else numbers
    found = np.zeros(size, np.bool_)
    for listed in lists:
        found[listed] = True
    return np.flatnonzero(found)
