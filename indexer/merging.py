"""Which segments are merged, and when: small ones among themselves, while nothing waits to be indexed."""

from collections.abc import Sequence
from typing import Any

from whoosh.reading import SegmentReader

# So many segments of about one size become one.
FEW = 6
# A size is that many times the next smaller one.
GROWTH = 8
SMALLEST = 64
# A merge holds up the next change: nothing larger is merged beside the work.
LARGEST = 50_000
# From here on it is worth it to write a segment anew only because most of it is deleted.
WORTH_SAVING = 4_000
# So many segments are merged even while changes wait: every search asks each of them.
MOST = 24


def worth_merging(segments: Sequence[Any]) -> list[Any]:
    """Return the segments that should become one now; none if nothing is gained.

    Segments are merged with those of about their size, so that each document is written anew a few times
    only, however many changes follow; and a segment of which most is deleted is written without it.
    """
    small = [one for one in segments if _living(one) <= LARGEST]
    least, size = 0, SMALLEST
    while size <= LARGEST * GROWTH:
        alike = [one for one in small if least <= _living(one) <= size]
        if len(alike) >= FEW and sum(map(_living, alike)) <= LARGEST:
            return alike
        least, size = size + 1, size * GROWTH
    # Small ones go with the next merge anyway.
    return [
        one
        for one in small
        if one.doc_count_all() > WORTH_SAVING and one.deleted_count() * 2 > one.doc_count_all()
    ]


def merge_worthy(writer: Any, segments: Sequence[Any]) -> list[Any]:
    """Merge what is worth it into the segment being written; return the others, as Whoosh wants it."""
    chosen = worth_merging(segments)
    for segment in chosen:
        reader = SegmentReader(writer.storage, writer.schema, segment)
        writer.add_reader(reader)
        reader.close()
    return [segment for segment in segments if segment not in chosen]


def merge_if_many(writer: Any, segments: Sequence[Any]) -> list[Any]:
    """Merge only if there are so many segments that searches would suffer."""
    return merge_worthy(writer, segments) if len(segments) >= MOST else list(segments)


def _living(segment: Any) -> int:
    return int(segment.doc_count_all() - segment.deleted_count())
