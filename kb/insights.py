"""Figures for those who steer the knowledge: searching in a period, and the health of the content."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Integer, String, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from kb.clock import local_day
from kb.models import Article, Comment, Copy, Department, Person, PersonRole, Revision, Role, Search, View
from kb.revisions import is_shown_at

# Fewer people than this are never shown as a group of their own.
SMALLEST_GROUP = 5
STALE_AFTER = timedelta(days=365)
ENDING_WITHIN = timedelta(days=30)
UNREAD_FOR = timedelta(days=90)


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
        below = Department.path.contains(f"/{self.department_id}/")
        people = select(Person.id).join(Department, Department.id == Person.department_id).where(below)
        return and_(inside, person_id.in_(people))


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


@dataclass(frozen=True)
class Health:
    """The texts in force of one department: how many, and how many need a look."""

    department: str
    articles: int
    stale: int
    ending: int
    unread: int
    unowned: int


def figures(session: Session, period: Period) -> Figures:
    """Return the sums of a period in three queries."""
    inside = period.holds(Search.searched_at, Search.person_id)
    opened = Search.opened_rank.is_not(None)
    row = session.execute(
        select(
            func.count(func.distinct(Search.person_id)),
            func.count(),
            _count(Search.total == 0),
            _count(Search.total > 0),
            _count(and_(Search.total > 0, opened)),
            _count(Search.opened_rank == 1),
            _count(Search.is_reformulation),
            func.avg(Search.opened_after_ms),
        ).where(inside)
    ).one()
    copies = session.scalar(select(func.count()).where(period.holds(Copy.copied_at, Copy.person_id))) or 0
    comments, waited = session.execute(
        select(func.count(), func.avg(_seconds(session, Comment.created_at, Comment.decided_at))).where(
            period.holds(Comment.created_at, Comment.author_id)
        )
    ).one()
    people, searches, empty, found, clicked, first, again = (int(value or 0) for value in row[:7])
    return Figures(
        people=people,
        searches=searches,
        empty=empty,
        found=found,
        opened=clicked,
        opened_first=first,
        asked_again=again,
        seconds_to_open=float(row[7]) / 1000 if row[7] is not None else None,
        copies=copies,
        comments=comments or 0,
        hours_to_verdict=float(waited) / 3600 if waited is not None else None,
    )


def hours(session: Session, period: Period) -> list[Hour]:
    """Return what was searched hour by hour, in one query; hours without a search are left out."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    # Instants are kept in UTC; cutting the text is several times faster than a date function.
    hour = (
        func.substr(cast(Search.searched_at, String), 1, 13)
        if is_sqlite
        else func.to_char(func.timezone("UTC", Search.searched_at), "YYYY-MM-DD HH24")
    )
    rows = session.execute(
        select(hour.label("hour"), func.count(), _count(Search.total == 0))
        .where(period.holds(Search.searched_at, Search.person_id))
        .group_by("hour")
        .order_by("hour")
    )
    return [
        Hour(datetime.fromisoformat(f"{text}:00:00+00:00"), count, int(empty or 0))
        for text, count, empty in rows
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


def queries(session: Session, period: Period, limit: int = 50) -> QueryTables:
    """Return the queries of a period that enough people asked, in one query."""
    people = func.count(func.distinct(Search.person_id))
    rows = session.execute(
        select(
            Search.folded,
            func.count(),
            people,
            _count(Search.total == 0),
            _count(Search.opened_rank.is_not(None)),
        )
        .where(period.holds(Search.searched_at, Search.person_id))
        .group_by(Search.folded)
    ).all()
    lines = [
        QueryLine(text, count, persons, int(empty or 0), int(opened or 0))
        for text, count, persons, empty, opened in rows
        if text
    ]
    shown = [line for line in lines if line.people >= SMALLEST_GROUP]
    small = [line for line in lines if line.people < SMALLEST_GROUP]
    return QueryTables(
        sorted(shown, key=lambda line: (-line.searches, line.text))[:limit],
        sorted((line for line in shown if line.empty), key=lambda line: (-line.empty, line.text))[:limit],
        sum(line.searches for line in small),
        sum(line.empty for line in small),
    )


def health(session: Session, now: datetime, department_id: int | None = None) -> list[Health]:
    """Return by department how the texts in force stand, worst first, in one query."""
    read = select(View.id).where(View.article_id == Article.id, View.viewed_at > now - UNREAD_FOR).exists()
    # Somebody who can write must stand in the department or in one below it, or nobody answers.
    writer = Department.__table__.alias()
    owned = (
        select(Person.id)
        .join(writer, writer.c.id == Person.department_id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(Person.is_active, PersonRole.role == Role.PUBLISHER)
        .where(or_(writer.c.id == Department.id, writer.c.path.like(Department.path + "%")))
        .exists()
    )
    ending = and_(Revision.shown_to.is_not(None), Revision.shown_to <= now + ENDING_WITHIN)
    statement = (
        select(
            Department.name,
            func.count(),
            _count(Revision.approved_at < now - STALE_AFTER),
            _count(ending),
            _count(~read),
            _count(~owned),
        )
        .join(Article, Article.owner_department_id == Department.id)
        .join(Revision, Revision.article_id == Article.id)
        .where(is_shown_at(now))
        .group_by(Department.id, Department.name)
    )
    if department_id is not None:
        statement = statement.where(Department.path.contains(f"/{department_id}/"))
    lines = [Health(row[0], *(int(value or 0) for value in row[1:])) for row in session.execute(statement)]
    return sorted(lines, key=lambda line: (-(line.stale + line.ending + line.unread), line.department))


def _count(condition: ColumnElement[bool] | Any) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _seconds(session: Session, start: Any, end: Any) -> ColumnElement[Any]:
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(end) - func.julianday(start)) * 86400
    return cast(func.extract("epoch", end - start), Integer)
