"""Terms of one or two characters as numbers: a text's grams are counted as arrays, without any dictionary."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from indexer.fold import without_signs

# One posting is one integer, so that sorting it sorts by all three: what it is of (a gram, or the number
# of a longer term) in 32 bits, the document in 24, the frequency in 8.
DOC_SHIFT, KEY_SHIFT = np.uint64(8), np.uint64(32)
MOST_FREQUENT = 255
# Stands between texts: folded texts do not hold it.
BETWEEN = "\x00"
Packed = NDArray[np.uint64]
Keys = NDArray[np.uint32]


def gram_key(term: str) -> int | None:
    """Return the number of a term of one or two characters of the basic plane; ``None`` for any other.

    Numbers are in the order of the terms.
    """
    if not 0 < len(term) <= 2 or any(not "\x00" < char <= "\uffff" for char in term):
        return None
    return ord(term[0]) << 16 | (ord(term[1]) if len(term) == 2 else 0)


def grams_of(keys: Keys) -> list[str]:
    """Return the terms of some numbers."""
    characters = np.stack([keys >> np.uint32(16), keys & np.uint32(0xFFFF)], axis=1)
    # NumPy drops the zero behind a single character by itself.
    found: list[str] = np.ascontiguousarray(characters, np.uint32).view("<U2").ravel().tolist()
    return found


@lru_cache(maxsize=1)
def _meaning() -> NDArray[np.bool_]:
    """Return which characters of the basic plane carry meaning, as ``without_signs`` tells it."""
    kept = without_signs("".join(chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000))
    meaning = np.zeros(0x10000, np.bool_)
    meaning[np.frombuffer(kept.encode("utf-16-le"), "<u2")] = True
    return meaning


def is_plain(texts: Sequence[str]) -> bool:
    """Return whether all characters are of the basic plane, so that the grams can be counted here."""
    whole = "".join(texts)
    return len(whole.encode("utf-16-le")) == 2 * len(whole)


def count_grams(folded: Sequence[str], rows: NDArray[np.int64]) -> tuple[Packed, NDArray[np.int64]]:
    """Count the characters and the pairs of neighbours of many folded texts, signs left out.

    Args:
        folded: Texts for which ``is_plain`` holds.
        rows: The document of each.

    Returns:
        Packed postings in order, and the number of grams of each text.
    """
    codes = np.frombuffer(BETWEEN.join([*folded, ""]).encode("utf-16-le"), "<u2")
    lengths = np.fromiter(map(len, folded), np.int64, len(folded)) + 1
    kept = _meaning()[codes]
    ends = np.cumsum(lengths) - 1
    kept[ends] = True
    of = np.repeat(np.arange(len(folded)), lengths)[kept]
    left = codes[kept].astype(np.uint64)
    inside = left != 0
    pairs = np.flatnonzero(inside[:-1] & inside[1:])
    shifted = left << np.uint64(48) | rows.astype(np.uint64)[of] << DOC_SHIFT
    packed = np.concatenate([shifted[inside], shifted[pairs] | left[pairs + 1] << KEY_SHIFT])
    sizes = np.bincount(of, minlength=len(folded)) - 1
    return counted(packed), sizes + np.maximum(sizes - 1, 0)


def counted(packed: Packed) -> Packed:
    """Return postings without frequencies in order, each once and with its frequency."""
    if not len(packed):
        return packed
    packed.sort()
    first = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]]))
    times = np.diff(first, append=len(packed))
    return packed[first] | np.minimum(times, MOST_FREQUENT).astype(np.uint64)
