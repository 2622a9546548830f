"""What the home page shows: the latest by when it came into force, the hottest, the hot queries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Integer, and_, bindparam, case, cast, func, select
from sqlalchemy.orm import Session, aliased

from kb.access import AudienceScope
from kb.models import Article, Department, Node, Revision, Search, View
from kb.prepared import ask
from kb.revisions import is_shown_at
from kb.structure import worked_out

HALF_LIFE_DAYS = 3.0
MIN_ASKERS = 2
# So many beginnings are remembered within a minute.
MOST_CONTINUED = 5_000
_ASKED = Search.__table__.c


@dataclass(frozen=True)
class FeedItem:
    """An article in a list of the home page; ``people`` is how many different people read it."""

    article_id: int
    title: str
    department: str
    shown_from: datetime | None
    people: int = 0
    rank_change: int = 0


@dataclass(frozen=True)
class EndingItem:
    """An article whose text will no longer be shown from ``ends_at``."""

    article_id: int
    title: str
    ends_at: datetime


def latest(
    session: Session, scope: AudienceScope, now: datetime, *, since: datetime | None = None, limit: int = 10
) -> list[FeedItem]:
    """Return the articles whose shown revision came into force last."""
    statement = (
        select(Article.id, Revision.title, Department.name, Revision.shown_from)
        .join(Article, Article.id == Revision.article_id)
        .join(Department, Department.id == Article.owner_department_id)
        .where(is_shown_at(now), scope.clause())
        .order_by(Revision.shown_from.desc(), Article.id.desc())
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(Revision.shown_from >= since)
    return [FeedItem(*row) for row in session.execute(statement)]


def heat(session: Session, now: datetime, days: int) -> dict[int, float]:
    """Return the popularity of articles over the last days.

    Every person counts once a day and article, however often they reload; a day's readers weigh
    half as much every three days; views by the article's own publishers are left out.
    """
    return _heats(session, (now,), days)[0]


def _heats(session: Session, ends: Sequence[datetime], days: int) -> list[dict[int, float]]:
    # Several windows in one pass, so that the move since yesterday costs no second query.
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    day = func.date(View.viewed_at) if is_sqlite else cast(View.viewed_at, Date)
    windows = [(end - timedelta(days=days), end) for end in ends]
    readers = [
        func.count(func.distinct(case((and_(View.viewed_at > start, View.viewed_at <= end), View.person_id))))
        for start, end in windows
    ]
    rows = session.execute(
        select(View.article_id, day.label("day"), *readers)
        .where(
            View.viewed_at > min(start for start, _end in windows),
            View.viewed_at <= max(ends),
            View.counts,
        )
        .group_by(View.article_id, day)
    )
    scores: list[dict[int, float]] = [{} for _end in ends]
    for article_id, on, *counts in rows:
        for score, end, people in zip(scores, ends, counts, strict=True):
            if people:
                age = max(0, (end.date() - _as_date(on)).days)
                score[article_id] = score.get(article_id, 0.0) + people * 0.5 ** (age / HALF_LIFE_DAYS)
    return scores


def hottest(
    session: Session, scope: AudienceScope, now: datetime, *, days: int = 7, limit: int = 10
) -> list[FeedItem]:
    """Return the articles in force that most different people read, with their move since yesterday."""
    today, yesterday = (_ranked(scores) for scores in _heats(session, (now, now - timedelta(days=1)), days))
    former = {article_id: rank for rank, article_id in enumerate(yesterday, start=1)}
    readers = (
        select(func.count(func.distinct(View.person_id)))
        .where(
            View.article_id == Article.id,
            View.viewed_at > now - timedelta(days=days),
            View.viewed_at <= now,
            View.counts,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(Article.id, Revision.title, Department.name, Revision.shown_from, readers)
        .join(Article, Article.id == Revision.article_id)
        .join(Department, Department.id == Article.owner_department_id)
        .where(is_shown_at(now), scope.clause(), Article.id.in_(today[: limit * 5]))
    )
    items = {row[0]: FeedItem(*row) for row in rows}
    ordered = [items[article_id] for article_id in today if article_id in items][:limit]
    return [
        replace(item, rank_change=former.get(item.article_id, len(former) + 1) - rank)
        for rank, item in enumerate(ordered, start=1)
    ]


def hot_queries(
    session: Session, scope: AudienceScope, now: datetime, *, days: int = 7, limit: int = 8
) -> list[str]:
    """Return what most different people searched for and found; one person alone makes nothing hot.

    Only people who read nothing beyond the scope are heard, because a query can repeat a title.
    """
    people = func.count(func.distinct(Search.person_id))
    rows = session.execute(
        select(func.max(Search.text), people)
        .where(Search.searched_at > now - timedelta(days=days), Search.searched_at <= now, Search.total > 0)
        .where(scope.peers(Search.person_id))
        .group_by(Search.folded)
        .having(people >= MIN_ASKERS)
        .order_by(people.desc(), func.max(Search.id).desc())
        .limit(limit)
    )
    return [text for text, _people in rows]


def hot_continuations(
    session: Session, scope: AudienceScope, text: str, now: datetime, *, days: int = 90, limit: int = 5
) -> list[str]:
    """Return searches of several such people that begin with ``text`` and go on, most asked first.

    They are added up once a minute for all who type the same and may hear of the same searches.
    """
    folded = "".join(text.lower().split())
    minute = int(now.timestamp()) // 60
    known: dict[object, list[str]] = worked_out(session, ("continued", scope.outside), dict, at=minute)
    found = known.get((folded, days, limit))
    if found is None:
        since, beyond = now - timedelta(days=days), folded + "\U0010ffff"
        values = {"begun": folded, "beyond": beyond, "since": since, "most": limit}
        found = [
            query for query, _people in map(tuple, ask(session, _continuations(scope.outside), **values))
        ]
        if len(known) < MOST_CONTINUED:
            known[folded, days, limit] = found
    return list(found)


@lru_cache(maxsize=100)
def _continuations(outside: frozenset[int]) -> Any:
    people = func.count(func.distinct(_ASKED.person_id))
    return (
        select(func.max(_ASKED.text), people)
        # A range instead of LIKE, which could not use the index.
        .where(_ASKED.folded > bindparam("begun"), _ASKED.folded < bindparam("beyond"))
        .where(_ASKED.searched_at > bindparam("since"), _ASKED.total > 0)
        .where(AudienceScope(frozenset(), outside).peers(_ASKED.person_id))
        .group_by(_ASKED.folded)
        .having(people >= MIN_ASKERS)
        .order_by(people.desc(), func.max(_ASKED.id).desc())
        .limit(bindparam("most"))
    )


def ending_soon(
    session: Session,
    scope: AudienceScope,
    department_id: int,
    now: datetime,
    *,
    days: int = 30,
    limit: int = 6,
) -> list[EndingItem]:
    """Return a department's articles in force whose text ends within some days with nothing to follow."""
    following = aliased(Revision)
    rows = session.execute(
        select(Article.id, Revision.title, Revision.shown_to)
        .join(Article, Article.id == Revision.article_id)
        .where(
            is_shown_at(now),
            Revision.shown_to <= now + timedelta(days=days),
            Article.owner_department_id == department_id,
            scope.clause(),
            ~select(following.id)
            .where(following.article_id == Article.id, following.shown_from == Revision.shown_to)
            .exists(),
        )
        .order_by(Revision.shown_to, Article.id)
        .limit(limit)
    )
    return [EndingItem(number, title, ends_at) for number, title, ends_at in rows if ends_at is not None]


def counts_by_node(session: Session, scope: AudienceScope, now: datetime) -> dict[int, int]:
    """Return how many articles in force each node holds itself, within the scope."""
    rows = session.execute(
        select(Node.id, cast(func.count(func.distinct(Article.id)), Integer))
        .join(Article, Article.node_id == Node.id)
        .join(Revision, Revision.article_id == Article.id)
        .where(is_shown_at(now), scope.clause())
        .group_by(Node.id)
    )
    return {node_id: count for node_id, count in rows}


def _ranked(scores: dict[int, float]) -> list[int]:
    return sorted(scores, key=lambda article_id: (-scores[article_id], article_id))


def _as_date(value: date | str) -> date:
    # SQLite answers with text, PostgreSQL with a date.
    return date.fromisoformat(value) if isinstance(value, str) else value
