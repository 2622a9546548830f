"""Searches as columns of numbers: closed days from their packed rows, what is still open from the records."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from kb.clock import day_start, local_day
from kb.models import Search, SearchDay

# One search: hour since 1970 in UTC, person, query by its hash, a record that holds its text, time to open.
EVENT = np.dtype(
    [
        ("hour", "<i4"),
        ("person", "<i4"),
        ("query", "<u8"),
        ("search", "<i8"),
        ("after_ms", "<i4"),
        ("flags", "u1"),
    ]
)
Events = NDArray[Any]

EMPTY, OPENED, OPENED_FIRST, ASKED_AGAIN, WORDLESS = 1, 2, 4, 8, 16
NO_TIME = -1
# A hit can be opened for half an hour after its search; then the day does not change any more.
SETTLES_AFTER = timedelta(hours=1)
# With more holes than this between packed days, one question for all records is the quicker one.
MOST_HOLES = 8

_COLUMNS = (
    Search.id,
    Search.searched_at,
    Search.person_id,
    Search.folded,
    Search.total,
    Search.opened_rank,
    Search.opened_after_ms,
    Search.is_reformulation,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def events_between(session: Session, start: datetime, end: datetime) -> Events:
    """Return the searches from ``start`` inclusive to ``end`` exclusive, in at most two queries."""
    days = session.execute(
        select(SearchDay.starts_at, SearchDay.ends_at, SearchDay.events)
        .where(SearchDay.starts_at >= start, SearchDay.ends_at <= end)
        .order_by(SearchDay.starts_at)
    ).all()
    holes = _holes([(row[0], row[1]) for row in days], start, end)
    if len(holes) > MOST_HOLES:
        days, holes = [], [(start, end)]
    parts = [np.frombuffer(row[2], dtype=EVENT) for row in days]
    if holes:
        inside = or_(*[(Search.searched_at >= first) & (Search.searched_at < last) for first, last in holes])
        parts.append(_packed(session.execute(select(*_COLUMNS).where(inside))))
    return np.concatenate(parts) if parts else np.empty(0, dtype=EVENT)


def next_to_close(session: Session, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Return the first instant and the end of the oldest day that is over and not packed yet.

    Args:
        zone: The bank's zone, in which days begin.
    """
    start = session.scalar(select(func.max(SearchDay.ends_at)))
    if start is None:
        first = session.scalar(select(func.min(Search.searched_at)))
        if first is None:
            return None
        start = day_start(local_day(first, zone), zone)
    end = day_start(local_day(start, zone) + timedelta(days=1), zone)
    return (start, end) if end + SETTLES_AFTER <= now else None


def close_day(session: Session, start: datetime, end: datetime) -> None:
    """Pack the searches of a day that is over."""
    inside = (Search.searched_at >= start, Search.searched_at < end)
    events = _packed(session.execute(select(*_COLUMNS).where(*inside)))
    session.add(SearchDay(starts_at=start, ends_at=end, events=events.tobytes()))
    session.flush()


def forget_days_before(session: Session, moment: datetime) -> None:
    """Drop packed days that began before a moment; what is kept of such a day is read from the records."""
    session.execute(delete(SearchDay).where(SearchDay.starts_at < moment))


def query_key(folded: str) -> int:
    """Return the number by which a query is recognised in packed days."""
    return int.from_bytes(hashlib.blake2b(folded.encode(), digest_size=8).digest(), "little")


def _holes(
    days: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime
) -> list[tuple[datetime, datetime]]:
    holes, at = [], start
    for first, last in days:
        if first > at:
            holes.append((at, first))
        at = last
    return [*holes, (at, end)] if at < end else holes


def _packed(rows: Iterable[Any]) -> Events:
    keys: dict[str, int] = {}
    packed = []
    for number, at, person, folded, total, rank, after_ms, again in rows:
        key = keys.get(folded)
        if key is None:
            key = keys[folded] = query_key(folded)
        flags = (
            (EMPTY if total == 0 else 0)
            | (OPENED if rank is not None else 0)
            | (OPENED_FIRST if rank == 1 else 0)
            | (ASKED_AGAIN if again else 0)
            | (0 if folded else WORDLESS)
        )
        hour = int((at - _EPOCH).total_seconds() // 3600)
        packed.append((hour, person, key, number, NO_TIME if after_ms is None else after_ms, flags))
    return np.array(packed, dtype=EVENT)
