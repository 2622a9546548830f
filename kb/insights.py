"""Figures for those who steer the knowledge: what was searched, found, opened and copied in a period."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Integer, Select, and_, cast, func, select
from sqlalchemy.orm import Session

from kb.clock import local_day
from kb.models import Comment, Copy, Department, Person, Search
from kb.search_days import ASKED_AGAIN, EMPTY, NO_TIME, OPENED, OPENED_FIRST, WORDLESS, Events, events_between

# Fewer people than this are never shown as a group of their own.
SMALLEST_GROUP = 5
# Equals in the last place are told apart by their texts, as far as these go.
MOST_TEXTS = 500
# One byte for each pair of a query and a person; beyond it the pairs are sorted, which takes longer.
LARGEST_GRID = 1 << 25

Column = NDArray[Any]


@dataclass(frozen=True)
class Period:
    """From ``start`` inclusive to ``end`` exclusive, for people of a department and below, or all."""

    start: datetime
    end: datetime
    department_id: int | None = None

    def before(self) -> "Period":
        """Return the period of the same length that ends where this one starts."""
        return Period(self.start - (self.end - self.start), self.start, self.department_id)

    def holds(self, instant: Any, person_id: Any) -> ColumnElement[bool]:
        """Return the SQL condition for rows of this period."""
        inside = and_(instant >= self.start, instant < self.end)
        if self.department_id is None:
            return inside
        return and_(inside, person_id.in_(self.people()))

    def people(self) -> Select[int]:
        """Return the selection of those who stand in the department or below it."""
        below = Department.path.contains(f"/{self.department_id}/")
        return select(Person.id).join(Department, Department.id == Person.department_id).where(below)


@dataclass(frozen=True)
class Hour:
    """What was searched in one hour that began at ``at``."""

    at: datetime
    searches: int
    empty: int


@dataclass(frozen=True)
class Figures:
    """Sums of a period; rates are between 0 and 1, and ``None`` where there is nothing to divide."""

    people: int = 0
    searches: int = 0
    empty: int = 0
    found: int = 0
    opened: int = 0
    opened_first: int = 0
    asked_again: int = 0
    seconds_to_open: float | None = None
    copies: int = 0
    comments: int = 0
    hours_to_verdict: float | None = None

    @property
    def is_hidden(self) -> bool:
        """Whether too few people stand behind the figures to show them."""
        return 0 < self.people < SMALLEST_GROUP

    @property
    def empty_rate(self) -> float | None:
        """Searches that found nothing."""
        return self.empty / self.searches if self.searches else None

    @property
    def no_click_rate(self) -> float | None:
        """Searches with hits of which none was opened."""
        return 1 - self.opened / self.found if self.found else None

    @property
    def first_rate(self) -> float | None:
        """Opened hits that were the first of their list."""
        return self.opened_first / self.opened if self.opened else None

    @property
    def again_rate(self) -> float | None:
        """Searches that put a question once more in other words."""
        return self.asked_again / self.searches if self.searches else None


@dataclass(frozen=True)
class QueryLine:
    """A query that at least five people asked."""

    text: str
    searches: int
    people: int
    empty: int
    opened: int


@dataclass(frozen=True)
class QueryTables:
    """The queries asked most, those that found nothing, and how much is left out to protect people."""

    top: Sequence[QueryLine]
    empty: Sequence[QueryLine]
    hidden: int
    hidden_empty: int


def searched(session: Session, period: Period) -> Events:
    """Return the searches of a period in at most three queries, for the functions that add them up."""
    events = events_between(session, period.start, period.end)
    if period.department_id is None:
        return events
    people = session.scalars(period.people()).all()
    return events[np.isin(events["person"], np.array(people, dtype=np.int32))]


def figures(session: Session, period: Period, events: Events) -> Figures:
    """Return the sums of a period in two queries.

    Args:
        events: The searches of the period.
    """
    flags = events["flags"]
    found, opened = (flags & EMPTY) == 0, (flags & OPENED) != 0
    times = events["after_ms"][events["after_ms"] != NO_TIME]
    copies = session.scalar(select(func.count()).where(period.holds(Copy.copied_at, Copy.person_id))) or 0
    comments, waited = session.execute(
        select(func.count(), func.avg(_seconds(session, Comment.created_at, Comment.decided_at))).where(
            period.holds(Comment.created_at, Comment.author_id)
        )
    ).one()
    return Figures(
        people=int(np.count_nonzero(np.bincount(events["person"]))),
        searches=len(events),
        empty=int(np.count_nonzero(~found)),
        found=int(np.count_nonzero(found)),
        opened=int(np.count_nonzero(found & opened)),
        opened_first=int(np.count_nonzero(flags & OPENED_FIRST)),
        asked_again=int(np.count_nonzero(flags & ASKED_AGAIN)),
        seconds_to_open=float(times.mean()) / 1000 if len(times) else None,
        copies=copies,
        comments=comments or 0,
        hours_to_verdict=float(waited) / 3600 if waited is not None else None,
    )


def hours(events: Events) -> list[Hour]:
    """Return what was searched hour by hour; hours without a search are left out."""
    if not len(events):
        return []
    first = int(events["hour"].min())
    places = events["hour"] - first
    searches = np.bincount(places)
    empty = np.bincount(places, weights=(events["flags"] & EMPTY) != 0)
    return [
        Hour(
            datetime.fromtimestamp((first + int(place)) * 3600, UTC), int(searches[place]), int(empty[place])
        )
        for place in np.flatnonzero(searches)
    ]


def by_day(found: Sequence[Hour], period: Period, zone: ZoneInfo) -> list[tuple[str, int, int]]:
    """Return (day, searches, without a hit) for every day of a period in the bank's calendar."""
    first, last = local_day(period.start, zone), local_day(period.end - timedelta(microseconds=1), zone)
    sums = {first + timedelta(days=step): [0, 0] for step in range((last - first).days + 1)}
    for hour in found:
        line = sums.setdefault(local_day(hour.at, zone), [0, 0])
        line[0] += hour.searches
        line[1] += hour.empty
    return [(day.isoformat(), searches, empty) for day, (searches, empty) in sorted(sums.items())]


def by_weekday(found: Sequence[Hour], zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """Return (weekday from 0 for Monday, hour of the day, searches) for every hour with a search."""
    sums: dict[tuple[int, int], int] = {}
    for hour in found:
        local = hour.at.astimezone(zone)
        key = (local.weekday(), local.hour)
        sums[key] = sums.get(key, 0) + hour.searches
    return [(weekday, clock, count) for (weekday, clock), count in sorted(sums.items())]


def queries(session: Session, events: Events, limit: int = 50) -> QueryTables:
    """Return the queries that enough people asked, in one query.

    Args:
        events: The searches of a period.
    """
    worded = events[(events["flags"] & WORDLESS) == 0]
    found, places = np.unique(worded["query"], return_inverse=True)
    count = len(found)
    # Any record of a query holds its text.
    sample = np.zeros(count, dtype=np.int64)
    sample[places] = worded["search"]
    people = _people(places, worded["person"], count)
    searches = np.bincount(places, minlength=count)
    flags = worded["flags"]
    empty = np.bincount(places, weights=(flags & EMPTY) != 0, minlength=count).astype(np.int64)
    opened = np.bincount(places, weights=(flags & OPENED) != 0, minlength=count).astype(np.int64)
    enough = people >= SMALLEST_GROUP
    wanted = np.union1d(_most(searches, enough, limit), _most(empty, enough & (empty > 0), limit))
    samples = {int(place): int(sample[place]) for place in wanted}
    texts = _texts(session, samples.values())
    lines = [
        QueryLine(texts[number], *(int(column[place]) for column in (searches, people, empty, opened)))
        for place, number in samples.items()
        if number in texts
    ]
    return QueryTables(
        sorted(lines, key=lambda line: (-line.searches, line.text))[:limit],
        sorted((line for line in lines if line.empty), key=lambda line: (-line.empty, line.text))[:limit],
        int(searches[~enough].sum()),
        int(empty[~enough].sum()),
    )


def _people(places: Column, persons: Column, count: int) -> Column:
    """Return for each of ``count`` queries how many different people asked it."""
    width = int(persons.max()) + 1 if len(persons) else 1
    if count * width <= LARGEST_GRID:
        grid = np.zeros((count, width), dtype=np.bool_)
        grid[places, persons] = True
        return np.asarray(grid.sum(axis=1))
    pairs = np.unique(places.astype(np.int64) * width + persons)
    return np.bincount(pairs // width, minlength=count)


def _most(counts: Column, among: Column, limit: int) -> Column:
    """Return the places of the largest counts, with the equals of the last one."""
    places = np.flatnonzero(among)
    places = places[np.argsort(-counts[places], kind="stable")]
    if len(places) > limit:
        places = places[counts[places] >= counts[places[limit - 1]]]
    return places[:MOST_TEXTS]


def _texts(session: Session, numbers: Iterable[int]) -> dict[int, str]:
    rows = session.execute(select(Search.id, Search.folded).where(Search.id.in_(list(numbers))))
    return {number: folded for number, folded in rows}


def _seconds(session: Session, start: Any, end: Any) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(end) - func.julianday(start)) * 86400
    return cast(func.extract("epoch", end - start), Integer)
