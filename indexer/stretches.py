"""Divides a chunk of a query into stretches that are read in the same way."""

from collections.abc import Iterator

from indexer.analyzer import Chunk, latin_runs


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
