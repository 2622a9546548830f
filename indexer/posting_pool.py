"""Collects the postings of a segment as packed integers and writes them as encoded posting lists."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.grams import DOC_SHIFT, KEY_SHIFT, Keys, Packed, gram_key, grams_of
from indexer.posting_lists import MOST_DOCS, MOST_FREQUENT, encode_lists
from indexer.term_table import FieldLists

RUN = 1 << 20
CHUNK = 1 << 20
# Of so many postings of a run one stays in memory.
STEP = 1 << 10
_ENTRY = np.dtype(np.uint64).itemsize


class _Numbers(dict[str, int]):
    """Numbers terms in the order in which they are first met."""

    def __missing__(self, term: str) -> int:
        self[term] = number = len(self)
        return number


@dataclass
class FieldPostings:
    """Postings of one field, packed as ``indexer.grams`` does: of grams, and of longer terms by their places."""

    grams: Packed
    words: Packed
    texts: Sequence[str]


class _Run:
    """Postings in order, in memory or in a file that is read piece by piece."""

    def __init__(self, packed: Packed, path: Path | None) -> None:
        self._size, self._path = len(packed), path
        self._packed = packed if path is None else None
        self._sample = packed[::STEP].copy()
        if path is not None:
            packed.tofile(path)

    def __len__(self) -> int:
        return self._size

    def sample(self) -> Packed:
        return self._sample

    def between(self, low: np.uint64, high: np.uint64) -> Packed:
        return self._read(self._place(low), self._place(high))

    def _place(self, limit: np.uint64) -> int:
        last = max(0, int(np.searchsorted(self._sample, limit)) - 1) * STEP
        return last + int(np.searchsorted(self._read(last, min(self._size, last + STEP)), limit))

    def _read(self, first: int, last: int) -> Packed:
        if self._packed is not None:
            return self._packed[first:last]
        # Never mapped: what is read must not stay in the memory of this process.
        return np.fromfile(self._path or "", np.uint64, last - first, offset=first * _ENTRY)


class _Stream:
    """Postings that are packed alike: those since the last run, and the runs."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.docs: list[int] = []
        self.frequencies: list[int] = []
        self.packed: list[Packed] = []
        self.runs: list[_Run] = []
        self.pending = 0

    def add_packed(self, packed: Packed) -> None:
        self.packed.append(packed)
        self.pending += len(packed)

    def add(self, key: int, doc: int, frequency: int) -> None:
        self.pending += 1
        self.keys.append(key)
        self.docs.append(doc)
        self.frequencies.append(min(frequency, MOST_FREQUENT))

    def flush(self) -> Packed | None:
        if self.keys:
            docs, frequencies = np.array(self.docs, np.uint64), np.array(self.frequencies, np.uint64)
            keys = np.array(self.keys, np.uint64)
            self.packed.append(keys << KEY_SHIFT | docs << DOC_SHIFT | frequencies)
            self.keys, self.docs, self.frequencies = [], [], []
        if not self.packed:
            return None
        packed = np.concatenate(self.packed)
        self.packed, self.pending = [], 0
        packed.sort()
        return packed

    def chunks(self) -> Iterator[Packed]:
        """Yield the postings of successive ranges of keys, each chunk small enough for the memory."""
        if not self.runs:
            return
        sample = np.sort(np.concatenate([run.sample() for run in self.runs])) >> KEY_SHIFT << KEY_SHIFT
        edges = np.array([0, (1 << 64) - 1], np.uint64)
        bounds = np.unique(np.concatenate([sample[:: max(1, CHUNK // STEP)], edges]))
        for low, high in pairwise(bounds):
            yield _joined([run.between(low, high) for run in self.runs])


class _Field:
    """The postings of one field: grams, which are their own numbers, and longer terms, which get one."""

    def __init__(self) -> None:
        self.numbers = _Numbers()
        self.grams = _Stream()
        self.words = _Stream()

    @property
    def streams(self) -> tuple[_Stream, _Stream]:
        return self.grams, self.words


class ArrayPostingPool:
    """All postings of a segment that is being written, in memory or, run by run, on the disk.

    Args:
        folder: Where runs are kept that are too many for the memory; ``None`` keeps them in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._fields: dict[str, _Field] = {}
        self._folder = folder
        self._spilled: tempfile.TemporaryDirectory[str] | None = None
        self._kept = 0

    def add_terms(self, name: str, doc: int, frequencies: Mapping[str, int]) -> None:
        """Add all terms of one document's field with their frequencies."""
        _check(doc)
        field = self._field(name)
        for term, frequency in frequencies.items():
            key = gram_key(term)
            if key is None:
                field.words.add(field.numbers[term], doc, frequency)
            else:
                field.grams.add(key, doc, frequency)
        self._spill(field)

    def add_postings(self, name: str, postings: FieldPostings, base: int, most: int) -> None:
        """Add the postings of many documents.

        Args:
            base: The number of the first of these documents.
            most: How many they are.
        """
        _check(base + most)
        field, moved = self._field(name), np.uint64(base) << DOC_SHIFT
        if len(postings.grams):
            field.grams.add_packed(postings.grams + moved)
        if len(postings.words):
            numbers = np.fromiter(map(field.numbers.__getitem__, postings.texts), np.uint64)
            low = postings.words & np.uint64((1 << int(KEY_SHIFT)) - 1)
            field.words.add_packed(numbers[postings.words >> KEY_SHIFT] << KEY_SHIFT | low + moved)
        self._spill(field)

    def add_lists(
        self,
        name: str,
        terms: Sequence[str],
        places: NDArray[np.int64],
        docs: NDArray[Any],
        frequencies: NDArray[Any],
    ) -> None:
        """Add whole posting lists, as they are found in a segment that is merged into this one.

        Args:
            places: The place in ``terms`` of every posting.
        """
        _check(int(docs.max(initial=0)))
        field = self._field(name)
        given = [gram_key(term) for term in terms]
        gram = np.array([-1 if key is None else key for key in given], np.int64)
        wanted = np.unique(places[gram[places] < 0])
        keys = gram.copy()
        keys[wanted] = [field.numbers[terms[place]] for place in wanted.tolist()]
        packed = keys[places].astype(np.uint64) << KEY_SHIFT
        packed |= docs.astype(np.uint64) << DOC_SHIFT | frequencies.astype(np.uint64)
        short = gram[places] >= 0
        field.grams.add_packed(packed[short])
        field.words.add_packed(packed[~short])
        self._spill(field)

    def _field(self, name: str) -> _Field:
        return self._fields.get(name) or self._fields.setdefault(name, _Field())

    def _spill(self, field: _Field, least: int = 0) -> None:
        for stream in field.streams:
            if stream.pending >= (least or RUN):
                packed = stream.flush()
                if packed is not None:
                    stream.runs.append(self._keep(packed))

    def _keep(self, packed: Packed) -> _Run:
        self._kept += 1
        if self._folder is None or self._kept <= 2 or len(packed) < RUN:
            return _Run(packed, None)
        if self._spilled is None:
            self._spilled = tempfile.TemporaryDirectory(dir=self._folder, prefix="runs-")
        return _Run(packed, Path(self._spilled.name) / f"{self._kept}.run")

    def names(self) -> list[str]:
        """Return the names of the fields in order."""
        for field in self._fields.values():
            self._spill(field, 1)
        return sorted(self._fields)

    def write_lists(self, name: str, file: Any) -> FieldLists:
        """Write a field's posting lists to a file and tell which they are and where they begin in it."""
        field = self._fields[name]
        keys, counts, offsets = _write_stream(field.grams, file)
        terms = grams_of(keys)
        more, more_counts, more_offsets = _write_stream(field.words, file)
        texts = list(field.numbers)
        terms += [texts[number] for number in more.tolist()]
        return FieldLists(
            terms, np.concatenate([counts, more_counts]), np.concatenate([offsets, more_offsets])
        )

    def cleanup(self) -> None:
        """Forget everything."""
        self._fields = {}
        if self._spilled is not None:
            self._spilled.cleanup()
            self._spilled = None

    def iter_postings(self) -> "ArrayPostingPool":
        """Return the pool itself; the field writer of this codec takes whole fields from it."""
        return self


def _check(doc: int) -> None:
    if doc >= MOST_DOCS:
        raise ValueError("a segment of this codec holds at most 16 million documents")


def _joined(parts: list[Packed]) -> Packed:
    packed: Packed = np.concatenate(parts) if len(parts) > 1 else np.array(parts[0])
    if len(parts) > 1:
        packed.sort()
    return packed


def _write_stream(stream: _Stream, file: Any) -> tuple[Keys, NDArray[np.int64], NDArray[np.int64]]:
    """Write the posting lists of a stream; return the key, the number of documents and the place of each."""
    found: list[tuple[Any, ...]] = [(np.empty(0, np.uint32), *(np.empty(0, np.int64) for _each in "12"))]
    for packed in stream.chunks():
        if not len(packed):
            continue
        keys = (packed >> KEY_SHIFT).astype(np.uint32)
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        counts = np.diff(starts, append=len(keys))
        docs = (packed >> DOC_SHIFT).astype(np.uint32) & np.uint32(MOST_DOCS - 1)
        data, places = encode_lists(docs, packed.astype(np.uint8), starts, counts)
        found.append((keys[starts], counts, file.tell() + places))
        file.write(data.tobytes())
    keys, counts, offsets = (np.concatenate(column) for column in zip(*found, strict=True))
    return keys, counts, offsets
