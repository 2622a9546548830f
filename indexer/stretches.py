"""Divides a chunk of a query into stretches that are read in the same way."""

from collections.abc import Iterator, Set

from indexer.analyzer import Chunk, latin_runs

LONGEST_MIXED = 10


def untaken(chunk: Chunk, taken: set[int]) -> Iterator[Chunk]:
    """Yield the stretches of a chunk between places that are taken already."""
    start = chunk.start
    for place in range(chunk.start, chunk.start + len(chunk.text) + 1):
        if place == chunk.start + len(chunk.text) or place in taken:
            if place > start:
                yield Chunk(chunk.text[start - chunk.start : place - chunk.start], start)
            start = place + 1


def runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (run, start, end) of a chunk: Latin words and numbers, and what stands between them."""
    latin = latin_runs(text)
    place = 0
    for run, start, end in latin:
        if start > place:
            yield text[place:start], place, start
        yield run, start, end
        place = end
    if place < len(text):
        yield text[place:], place, len(text)


def mixed_words(folded: str, words: Set[str]) -> Iterator[tuple[str, int, int]]:
    """Yield (word, start, end) of those words that stand in a text, longest first, none inside a Latin run.

    Args:
        folded: The text.
        words: Words that mix letters and characters, none longer than ``LONGEST_MIXED``.
    """
    if folded.isascii() or not latin_runs(folded):
        return
    start = 0
    while start < len(folded):
        for end in range(min(len(folded), start + LONGEST_MIXED), start + 1, -1):
            if folded[start:end] in words and not (_cuts(folded, start) or _cuts(folded, end)):
                yield folded[start:end], start, end
                start = end - 1
                break
        start += 1


def _cuts(folded: str, place: int) -> bool:
    """Return whether a place is between two letters or digits of one run."""
    around = folded[max(0, place - 1) : place + 1] if place else ""
    return len(around) == 2 and around.isascii() and around.isalnum()
