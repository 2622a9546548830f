"""Collects the postings of a segment as packed integers and hands them out as encoded posting lists."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# One posting is one integer: term number, document number, frequency; sorting it sorts all three.
DOC_BITS, FREQUENCY_BITS = 28, 8
TERM_SHIFT = DOC_BITS + FREQUENCY_BITS
MOST = 1 << 28
MOST_FREQUENT = 255
RUN = 1 << 21
CHUNK = 1 << 22
HAS_FREQUENCIES = 8
Packed = NDArray[np.uint64]


class _Numbers(dict[str, int]):
    """Numbers the terms of a field in the order in which they are first met."""

    def __missing__(self, term: str) -> int:
        self[term] = number = len(self)
        return number


@dataclass
class Lists:
    """Encoded posting lists of one field, by term number.

    ``offsets`` and ``lengths`` are bytes within everything written so far; ``counts`` documents,
    ``weights`` sums of frequencies, ``heaviest`` the highest frequency, ``firsts`` and ``lasts``
    document numbers.
    """

    offsets: NDArray[np.int64]
    lengths: NDArray[np.int64]
    counts: NDArray[np.int64]
    weights: NDArray[np.int64]
    heaviest: NDArray[np.int64]
    firsts: NDArray[np.int64]
    lasts: NDArray[np.int64]


class _Field:
    """The postings of one field: lists of the latest, those packed since the last run, and the runs."""

    def __init__(self) -> None:
        self.numbers = _Numbers()
        self.terms: list[int] = []
        self.frequencies: list[int] = []
        self.docs: list[int] = []
        self.sizes: list[int] = []
        self.packed: list[Packed] = []
        self.runs: list[Packed] = []

    def pack(self, docs: NDArray[Any], terms: NDArray[Any], frequencies: NDArray[Any]) -> Packed:
        if len(self.numbers) > MOST or int(docs.max(initial=0)) >= MOST:
            raise ValueError("a segment of this codec holds at most 268 million terms and documents")
        packed: Packed = terms.astype(np.uint64) << np.uint64(TERM_SHIFT)
        packed |= docs.astype(np.uint64) << np.uint64(FREQUENCY_BITS)
        packed |= np.minimum(frequencies, MOST_FREQUENT).astype(np.uint64)
        return packed

    def flush(self) -> Packed | None:
        if self.terms:
            docs = np.repeat(np.array(self.docs, np.int64), np.array(self.sizes, np.int64))
            self.packed.append(self.pack(docs, np.array(self.terms), np.array(self.frequencies)))
            self.terms, self.frequencies, self.docs, self.sizes = [], [], [], []
        if not self.packed:
            return None
        packed = np.concatenate(self.packed)
        self.packed = []
        packed.sort()
        return packed


class ArrayPostingPool:
    """All postings of a segment that is being written, in memory or, run by run, on the disk.

    Args:
        folder: Where runs are kept that are too many for the memory; ``None`` keeps them in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._fields: dict[str, _Field] = {}
        self._folder = folder
        self._spilled: tempfile.TemporaryDirectory[str] | None = None
        self._pending = 0
        self._kept = 0

    def add_terms(self, name: str, doc: int, frequencies: Mapping[str, int]) -> None:
        """Add all terms of one document's field with their frequencies."""
        field = self._fields.get(name) or self._fields.setdefault(name, _Field())
        field.terms.extend(map(field.numbers.__getitem__, frequencies))
        field.frequencies.extend(frequencies.values())
        field.docs.append(doc)
        field.sizes.append(len(frequencies))
        self._pending += len(frequencies)
        if self._pending >= RUN:
            self._flush()

    def add_batch(
        self,
        name: str,
        texts: Sequence[str],
        terms: NDArray[np.int64],
        docs: NDArray[np.int64],
        frequencies: NDArray[np.int64],
    ) -> None:
        """Add the postings of many documents; ``terms`` are places in ``texts``."""
        field = self._fields.get(name) or self._fields.setdefault(name, _Field())
        numbers = np.fromiter(map(field.numbers.__getitem__, texts), np.int64, len(texts))
        field.packed.append(field.pack(docs, numbers[terms], frequencies))
        self._pending += len(terms)
        if self._pending >= RUN:
            self._flush()

    def add_list(self, name: str, term: str, docs: NDArray[Any], frequencies: NDArray[Any]) -> None:
        """Add a whole posting list, as it is found in a segment that is merged into this one."""
        self.add_batch(name, [term], np.zeros(len(docs), np.int64), docs, frequencies)

    def _flush(self) -> None:
        for field in self._fields.values():
            packed = field.flush()
            if packed is not None:
                field.runs.append(self._keep(packed))
        self._pending = 0

    def _keep(self, packed: Packed) -> Packed:
        self._kept += 1
        if self._folder is None or self._kept <= 2 or len(packed) < RUN // 8:
            return packed
        if self._spilled is None:
            self._spilled = tempfile.TemporaryDirectory(dir=self._folder, prefix="runs-")
        path = Path(self._spilled.name) / f"{self._kept}.run"
        packed.tofile(path)
        return np.memmap(path, np.uint64, mode="r")

    def names(self) -> list[str]:
        """Return the names of the fields in order."""
        self._flush()
        return sorted(self._fields)

    def terms(self, name: str) -> tuple[list[str], NDArray[np.int64]]:
        """Return a field's terms in order and the number of each."""
        numbers = self._fields[name].numbers
        # Code points in order are UTF-8 bytes in order.
        ordered = sorted(numbers)
        return ordered, np.fromiter(map(numbers.__getitem__, ordered), np.int64, len(ordered))

    def write_lists(self, name: str, file: Any) -> Lists:
        """Write a field's posting lists to a file, in the order of their numbers, and describe them."""
        count = len(self._fields[name].numbers)
        lists = Lists(*(np.zeros(count, np.int64) for _column in range(7)))
        for packed in self._chunks(self._fields[name].runs, count):
            _write_chunk(packed, file, lists)
        return lists

    def _chunks(self, runs: list[Packed], count: int) -> Iterator[Packed]:
        """Yield the postings of successive ranges of terms, each chunk small enough for the memory."""
        if sum(map(len, runs)) <= CHUNK:
            yield _merged(runs)
            return
        # One bound for about as many postings as a chunk may have, found from samples of all runs.
        step = max(1, CHUNK // 64 // len(runs))
        sample = np.sort(np.concatenate([run[::step] for run in runs])) >> np.uint64(TERM_SHIFT)
        bounds = np.unique(np.concatenate([sample[:: max(1, CHUNK // step)], [0, count]]))
        for low, high in pairwise(bounds):
            limits = np.array([low, high], np.uint64) << np.uint64(TERM_SHIFT)
            yield _merged([run[slice(*np.searchsorted(run, limits))] for run in runs])

    def cleanup(self) -> None:
        """Forget everything."""
        self._fields = {}
        if self._spilled is not None:
            self._spilled.cleanup()
            self._spilled = None

    def iter_postings(self) -> "ArrayPostingPool":
        """Return the pool itself; the field writer of this codec takes whole fields from it."""
        return self


def _merged(runs: list[Packed]) -> Packed:
    packed: Packed = np.concatenate(runs) if len(runs) > 1 else np.array(runs[0])
    if len(runs) > 1:
        packed.sort()
    return packed


def _write_chunk(packed: Packed, file: Any, lists: Lists) -> None:
    if not len(packed):
        return
    terms = (packed >> np.uint64(TERM_SHIFT)).astype(np.int64)
    docs = ((packed >> np.uint64(FREQUENCY_BITS)) & np.uint64(MOST - 1)).astype(np.int64)
    frequencies = (packed & np.uint64(MOST_FREQUENT)).astype(np.int64)
    starts = np.flatnonzero(np.diff(terms, prepend=-1))
    numbers, counts = terms[starts], np.diff(starts, append=len(terms))
    data, places, lengths = encode_lists(docs, frequencies, starts, counts)
    lists.offsets[numbers] = file.tell() + places
    lists.lengths[numbers] = lengths
    lists.counts[numbers] = counts
    lists.weights[numbers] = np.add.reduceat(frequencies, starts)
    lists.heaviest[numbers] = np.maximum.reduceat(frequencies, starts)
    lists.firsts[numbers] = docs[starts]
    lists.lasts[numbers] = docs[starts + counts - 1]
    file.write(data.tobytes())


def encode_lists(
    docs: NDArray[np.int64], frequencies: NDArray[np.int64], starts: NDArray[Any], counts: NDArray[Any]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Encode many posting lists at once.

    A list is one byte that tells the width of its gaps and whether frequencies follow, the gaps between
    ascending document numbers (the first from zero), and the frequencies unless all of them are one.

    Args:
        docs: Document numbers of all lists, one list after the other.
        frequencies: Frequencies up to 255, likewise.
        starts: Where each list begins.
        counts: How long each list is.

    Returns:
        The bytes of all lists, and where each list begins in them and how many bytes it has.
    """
    gaps = np.diff(docs, prepend=0)
    gaps[starts] = docs[starts]
    widest = np.maximum.reduceat(gaps, starts)
    widths = np.where(widest < 1 << 8, 1, np.where(widest < 1 << 16, 2, 4))
    weighted = np.maximum.reduceat(frequencies, starts) > 1
    lengths = 1 + counts * (widths + weighted)
    places = np.cumsum(lengths) - lengths
    data = np.zeros(int(lengths.sum()), np.uint8)
    data[places] = widths + HAS_FREQUENCIES * weighted
    owner = np.repeat(np.arange(len(starts)), counts)
    rank = np.arange(len(docs)) - starts[owner]
    for width in (1, 2, 4):
        chosen = widths[owner] == width
        base = places[owner[chosen]] + 1 + rank[chosen] * width
        for byte in range(width):
            data[base + byte] = (gaps[chosen] >> 8 * byte) & 0xFF
    chosen = weighted[owner]
    base = places + 1 + counts * widths
    data[base[owner[chosen]] + rank[chosen]] = frequencies[chosen]
    return data, places, lengths
