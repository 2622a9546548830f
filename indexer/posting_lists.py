"""The bytes of posting lists: gaps in one to three bytes with exceptions, frequencies in two bits with exceptions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# First byte of a list: bytes of a gap, and what stands behind the gaps.
WIDTH, HAS_EXCEPTIONS, HAS_FREQUENCIES = 3, 4, 8
# Document numbers have three bytes.
MOST_DOCS = 1 << 24
MOST_FREQUENT = 255
# Frequencies from here on do not fit into two bits.
FREQUENT = 4
_SHORT = 1 << 16
_PLAIN: dict[int, np.dtype[Any]] = {1: np.dtype("<u1"), 2: np.dtype("<u2")}
_PLACES: dict[int, np.dtype[Any]] = {2: np.dtype("<u2"), 4: np.dtype("<u4")}
IntArray = NDArray[np.int64]
Rows = NDArray[np.int32]
Counts = NDArray[np.uint8]


def _four_in_a_byte() -> NDArray[np.uint32]:
    """Return the four frequencies of every byte, side by side."""
    codes = np.arange(256, dtype=np.uint8)
    spread = np.stack([(codes >> shift & 3) + 1 for shift in (0, 2, 4, 6)], axis=1)
    return np.ascontiguousarray(spread, np.uint8).view(np.uint32).ravel()


_FREQUENCIES = _four_in_a_byte()


def decode_postings(buffer: Any, offset: int, count: int) -> tuple[Rows, Counts]:
    """Return document numbers and frequencies of the list of ``count`` postings at ``offset``."""
    flags = buffer[offset]
    width = flags & WIDTH
    place = offset + 1
    gaps: NDArray[Any]
    if width < 3:
        gaps = np.frombuffer(buffer, _PLAIN[width], count, place)
    else:
        raw = np.frombuffer(buffer, np.uint8, 3 * count, place).reshape(-1, 3).astype(np.int32)
        gaps = raw[:, 0] | raw[:, 1] << 8 | raw[:, 2] << 16
    place += count * width
    if flags & HAS_EXCEPTIONS:
        at, highs, behind = _exceptions(buffer, place, count)
        gaps = gaps.astype(np.int32)
        gaps[at] += highs << 8 * width
        place += behind
    docs = np.cumsum(gaps, dtype=np.int32)
    if not flags & HAS_FREQUENCIES:
        return docs, np.ones(count, np.uint8)
    size = (count + 3) // 4
    packed = np.frombuffer(buffer, np.uint8, size, place)
    # A byte is never out of range; telling so spares the check.
    frequencies = _FREQUENCIES.take(packed, mode="clip").view(np.uint8)[:count]
    often = np.flatnonzero(frequencies == FREQUENT)
    if len(often):
        frequencies[often] = np.frombuffer(buffer, np.uint8, len(often), place + size)
    return docs, frequencies


def decode_lists(buffer: Any, offsets: IntArray, counts: IntArray) -> tuple[Rows, Counts]:
    """Return document numbers and frequencies of many lists, one list after the other.

    The same as ``decode_postings`` for each of them; for the many short lists of a segment that is merged.
    """
    data = np.frombuffer(buffer, np.uint8)
    flags = data[offsets]
    widths = (flags & WIDTH).astype(np.int64)
    owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    starts = np.cumsum(counts) - counts
    inside = np.arange(len(owner)) - starts[owner]
    each = widths[owner]
    places = (offsets + 1)[owner] + inside * each
    gaps = data[places].astype(np.int32)
    for width in (2, 3):
        chosen = np.flatnonzero(each >= width)
        gaps[chosen] |= data[places[chosen] + width - 1].astype(np.int32) << 8 * (width - 1)
    behind = offsets + 1 + counts * widths
    for number in np.flatnonzero(flags & HAS_EXCEPTIONS).tolist():
        # Only long lists have exceptions: there are few of them.
        at, highs, size = _exceptions(buffer, int(behind[number]), int(counts[number]))
        gaps[starts[number] + at] += highs << 8 * int(widths[number])
        behind[number] += size
    summed = np.cumsum(gaps, dtype=np.int64)
    docs = (summed - (summed[starts] - gaps[starts])[owner]).astype(np.int32)
    return docs, _decode_frequencies(data, owner, inside, (behind, starts, counts, flags))


def _decode_frequencies(
    data: NDArray[np.uint8], owner: Rows, inside: IntArray, lists: tuple[NDArray[Any], ...]
) -> Counts:
    first, starts, counts, flags = lists
    frequencies = np.ones(len(owner), np.uint8)
    chosen = np.flatnonzero((flags & HAS_FREQUENCIES)[owner])
    of, rank = owner[chosen], inside[chosen]
    codes = data[first[of] + (rank >> 2)] >> (2 * (rank & 3)).astype(np.uint8) & 3
    frequencies[chosen] += codes
    often = frequencies == FREQUENT
    before = np.cumsum(often) - often
    chosen = np.flatnonzero(often)
    of = owner[chosen]
    rank = before[chosen] - before[starts[of]]
    frequencies[chosen] = data[first[of] + (counts[of] + 3) // 4 + rank]
    return frequencies


def _exceptions(buffer: Any, place: int, count: int) -> tuple[NDArray[Any], Rows, int]:
    """Return the places of gaps that did not fit, their higher bytes, and how many bytes this took."""
    few, size = int.from_bytes(buffer[place : place + 4], "little"), 2 if count <= _SHORT else 4
    at = np.frombuffer(buffer, _PLACES[size], few, place + 4)
    highs = np.frombuffer(buffer, "<u2", few, place + 4 + few * size)
    return at, highs.astype(np.int32), 4 + few * (size + 2)


def encode_lists(
    docs: NDArray[Any], frequencies: NDArray[Any], starts: NDArray[Any], counts: NDArray[Any]
) -> tuple[NDArray[np.uint8], IntArray]:
    """Encode many posting lists at once.

    A list is one byte of flags; the low bytes of the gaps between ascending document numbers (the first
    from zero); if gaps do not fit, their number, their places and their higher bytes; and, unless all
    frequencies are one, two bits for each of them and a byte for each that is four or more.

    Args:
        docs: Document numbers below ``MOST_DOCS`` of all lists, one list after the other.
        frequencies: Frequencies up to ``MOST_FREQUENT``, likewise.
        starts: Where each list begins.
        counts: How long each list is.

    Returns:
        The bytes of all lists, and where each list begins in them.
    """
    docs = docs.astype(np.int32)
    gaps = np.diff(docs, prepend=np.int32(0))
    gaps[starts] = docs[starts]
    place_sizes = np.where(counts <= _SHORT, 2, 4)
    widths, exceptions = _widths(gaps, starts, counts, place_sizes)
    behind = np.where(exceptions > 0, 4 + exceptions * (place_sizes + 2), 0)
    often = np.add.reduceat(frequencies >= FREQUENT, starts, dtype=np.int64)
    weighted = np.maximum.reduceat(frequencies, starts) > 1
    lengths = 1 + counts * widths + behind + np.where(weighted, (counts + 3) // 4 + often, 0)
    places = np.cumsum(lengths) - lengths
    data = np.zeros(int(lengths.sum()), np.uint8)
    data[places] = widths + HAS_EXCEPTIONS * (exceptions > 0) + HAS_FREQUENCIES * weighted
    owner = np.repeat(np.arange(len(starts), dtype=np.int32), counts)
    bases = (places + 1 - starts * widths).astype(np.int64)
    _write_gaps(data, gaps, owner, bases, widths)
    after_gaps = places + 1 + counts * widths
    _write_exceptions(data, gaps, owner, (after_gaps, starts, widths, exceptions, place_sizes))
    _write_frequencies(data, frequencies, owner, (after_gaps + behind, starts, counts, often))
    return data, places


def _widths(
    gaps: Rows, starts: NDArray[Any], counts: NDArray[Any], place_sizes: IntArray
) -> tuple[IntArray, IntArray]:
    """Return for each list the cheapest number of bytes for a gap, and how many gaps need more."""
    wider = [np.add.reduceat(gaps >= 1 << 8 * width, starts, dtype=np.int64) for width in (1, 2)]
    wider.append(np.zeros(len(starts), np.int64))
    costs = [
        counts * width + np.where(more > 0, 4 + more * (place_sizes + 2), 0)
        for width, more in enumerate(wider, start=1)
    ]
    chosen = np.argmin(costs, axis=0)
    return chosen + 1, np.choose(chosen, wider)


def _write_gaps(data: NDArray[np.uint8], gaps: Rows, owner: Rows, bases: IntArray, widths: IntArray) -> None:
    each = widths.astype(np.uint8)[owner]
    places = bases[owner] + np.arange(len(gaps)) * each
    data[places] = gaps & 0xFF
    for width in (2, 3):
        chosen = np.flatnonzero(each >= width)
        if len(chosen):
            data[places[chosen] + width - 1] = gaps[chosen] >> 8 * (width - 1) & 0xFF


def _write_exceptions(
    data: NDArray[np.uint8], gaps: Rows, owner: Rows, lists: tuple[NDArray[Any], ...]
) -> None:
    after, starts, widths, exceptions, place_sizes = lists
    chosen = np.flatnonzero(gaps >= 1 << 8)
    of = owner[chosen]
    highs = gaps[chosen] >> 8 * widths[of]
    kept = (highs > 0) & (widths[of] < 3)
    chosen, of, highs = chosen[kept], of[kept], highs[kept]
    if not len(chosen):
        return
    having = np.flatnonzero(exceptions)
    for byte in range(4):
        data[after[having] + byte] = exceptions[having] >> 8 * byte & 0xFF
    rank = np.arange(len(chosen)) - (np.cumsum(exceptions) - exceptions)[of]
    size = place_sizes[of]
    first = after[of] + 4
    inside = chosen - starts[of]
    for byte in range(4):
        fits = size > byte
        data[(first + rank * size + byte)[fits]] = (inside >> 8 * byte & 0xFF)[fits]
    for byte in range(2):
        data[first + exceptions[of] * size + rank * 2 + byte] = highs >> 8 * byte & 0xFF


def _write_frequencies(
    data: NDArray[np.uint8], frequencies: NDArray[Any], owner: Rows, lists: tuple[NDArray[Any], ...]
) -> None:
    first, starts, counts, often = lists
    chosen = np.flatnonzero(frequencies > 1)
    of = owner[chosen]
    inside = chosen - starts[of]
    codes = (np.minimum(frequencies[chosen], FREQUENT) - 1).astype(np.uint8)
    places = first[of] + (inside >> 2)
    for quarter in range(4):
        here = np.flatnonzero(inside & 3 == quarter)
        data[places[here]] |= codes[here] << 2 * quarter
    chosen = np.flatnonzero(frequencies >= FREQUENT)
    of = owner[chosen]
    rank = np.arange(len(chosen)) - (np.cumsum(often) - often)[of]
    data[first[of] + (counts[of] + 3) // 4 + rank] = frequencies[chosen]
