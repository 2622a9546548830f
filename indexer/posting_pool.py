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

RUN = 1 << 21
CHUNK = 1 << 20
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
    """Postings in order, in memory or in a file."""

    def __init__(self, packed: Packed, path: Path | None) -> None:
        self._path = path
        self._size = len(packed)
        self._packed = packed if path is None else None
        # Mapped only to look for bounds: what is read whole must not count as memory of this process.
        self._ordered: Packed = packed
        if path is not None:
            packed.tofile(path)
            self._ordered = np.memmap(path, np.uint64, mode="r")

    def __len__(self) -> int:
        return self._size

    def sample(self, step: int) -> Packed:
        return np.array(self._ordered[::step])

    def between(self, limits: Packed) -> Packed:
        low, high = np.searchsorted(self._ordered, limits).tolist()
        if self._path is None:
            return self._ordered[low:high]
        return np.fromfile(self._path, np.uint64, high - low, offset=low * _ENTRY)


class _Stream:
    """Postings that are packed alike: those since the last run, and the runs."""

    def __init__(self) -> None:
        self.keys: list[int] = []
        self.docs: list[int] = []
        self.frequencies: list[int] = []
        self.packed: list[Packed] = []
        self.runs: list[_Run] = []

    def add(self, key: int, doc: int, frequency: int) -> None:
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
        self.packed = []
        packed.sort()
        return packed

    def chunks(self) -> Iterator[Packed]:
        """Yield the postings of successive ranges of keys, each chunk small enough for the memory."""
        everything = np.array([0, (1 << 64) - 1], np.uint64)
        if sum(map(len, self.runs)) <= CHUNK:
            yield _joined([run.between(everything) for run in self.runs])
            return
        # One bound for about as many postings as a chunk may have, found from samples of all runs.
        step = max(1, CHUNK // 64 // len(self.runs))
        sample = np.sort(np.concatenate([run.sample(step) for run in self.runs])) >> KEY_SHIFT << KEY_SHIFT
        bounds = np.unique(np.concatenate([sample[:: max(1, CHUNK // step)], everything]))
        for low, high in pairwise(bounds):
            yield _joined([run.between(np.array([low, high], np.uint64)) for run in self.runs])


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
        self._pending = 0
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
        self._added(len(frequencies))

    def add_postings(self, name: str, postings: FieldPostings, base: int, most: int) -> None:
        """Add the postings of many documents.

        Args:
            base: The number of the first of these documents.
            most: How many they are.
        """
        _check(base + most)
        field, moved = self._field(name), np.uint64(base) << DOC_SHIFT
        if len(postings.grams):
            field.grams.packed.append(postings.grams + moved)
        if len(postings.words):
            numbers = np.fromiter(map(field.numbers.__getitem__, postings.texts), np.uint64)
            low = postings.words & np.uint64((1 << int(KEY_SHIFT)) - 1)
            field.words.packed.append(numbers[postings.words >> KEY_SHIFT] << KEY_SHIFT | low + moved)
        self._added(len(postings.grams) + len(postings.words))

    def add_list(self, name: str, term: str, docs: NDArray[Any], frequencies: NDArray[Any]) -> None:
        """Add a whole posting list, as it is found in a segment that is merged into this one."""
        _check(int(docs.max(initial=0)))
        field, key = self._field(name), gram_key(term)
        stream = field.words if key is None else field.grams
        number = np.uint64(field.numbers[term] if key is None else key)
        postings = docs.astype(np.uint64) << DOC_SHIFT | frequencies.astype(np.uint64)
        stream.packed.append(postings | number << KEY_SHIFT)
        self._added(len(docs))

    def _field(self, name: str) -> _Field:
        return self._fields.get(name) or self._fields.setdefault(name, _Field())

    def _added(self, count: int) -> None:
        self._pending += count
        if self._pending >= RUN:
            self._flush()

    def _flush(self) -> None:
        for field in self._fields.values():
            for stream in field.streams:
                packed = stream.flush()
                if packed is not None:
                    stream.runs.append(self._keep(packed))
        self._pending = 0

    def _keep(self, packed: Packed) -> _Run:
        self._kept += 1
        if self._folder is None or self._kept <= 2 or len(packed) < RUN // 8:
            return _Run(packed, None)
        if self._spilled is None:
            self._spilled = tempfile.TemporaryDirectory(dir=self._folder, prefix="runs-")
        return _Run(packed, Path(self._spilled.name) / f"{self._kept}.run")

    def names(self) -> list[str]:
        """Return the names of the fields in order."""
        self._flush()
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
    for packed in stream.chunks() if stream.runs else ():
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
