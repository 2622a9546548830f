"""What the home page shows: the latest by when it came into force, the hottest, the hot queries."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Date, Integer, cast, func, select
from sqlalchemy.orm import Session

from kb.access import AudienceScope
from kb.models import Article, Department, Node, Revision, Search, View
from kb.revisions import is_shown_at

HALF_LIFE_DAYS = 3.0
MIN_ASKERS = 2


@dataclass(frozen=True)
class FeedItem:
    """An article in a list of the home page; ``people`` is how many different people read it."""

    article_id: int
    title: str
    department: str
    shown_from: datetime
    people: int = 0
    rank_change: int = 0


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
    return [FeedItem(*row) for row in session.execute(statement).tuples()]


def heat(session: Session, now: datetime, days: int) -> dict[int, float]:
    """Return the popularity of articles over the last days.

    Every person counts once a day and article, however often they reload; a day's readers weigh
    half as much every three days; views by the article's own publishers are left out.
    """
    day = cast(View.viewed_at, Date) if session.get_bind().dialect.name != "sqlite" else func.date(View.viewed_at)
    rows = session.execute(
        select(View.article_id, day.label("day"), func.count(func.distinct(View.person_id)))
        .where(View.viewed_at > now - timedelta(days=days), View.viewed_at <= now, View.counts)
        .group_by(View.article_id, day)
    )
    scores: dict[int, float] = {}
    for article_id, on, people in rows:
        age = max(0, (now.date() - _as_date(on)).days)
        scores[article_id] = scores.get(article_id, 0.0) + people * 0.5 ** (age / HALF_LIFE_DAYS)
    return scores


def hottest(
    session: Session, scope: AudienceScope, now: datetime, *, days: int = 7, limit: int = 10
) -> list[FeedItem]:
    """Return the articles in force that most different people read, with their move since yesterday."""
    today = _ranked(heat(session, now, days))
    yesterday = {
        article_id: rank
        for rank, article_id in enumerate(_ranked(heat(session, now - timedelta(days=1), days)), start=1)
    }
    items: dict[int, FeedItem] = {}
    rows = session.execute(
        select(Article.id, Revision.title, Department.name, Revision.shown_from)
        .join(Article, Article.id == Revision.article_id)
        .join(Department, Department.id == Article.owner_department_id)
        .where(is_shown_at(now), scope.clause(), Article.id.in_(today[: limit * 5]))
    ).tuples()
    readers = _readers(session, now, days, today[: limit * 5])
    for article_id, title, department, shown_from in rows:
        items[article_id] = FeedItem(article_id, title, department, shown_from, readers.get(article_id, 0))
    ordered = [items[article_id] for article_id in today if article_id in items][:limit]
    return [
        FeedItem(
            item.article_id,
            item.title,
            item.department,
            item.shown_from,
            item.people,
            yesterday.get(item.article_id, len(yesterday) + 1) - rank,
        )
        for rank, item in enumerate(ordered, start=1)
    ]


def hot_queries(session: Session, now: datetime, *, days: int = 7, limit: int = 8) -> list[str]:
    """Return what most different people searched for and found; one person alone makes nothing hot."""
    people = func.count(func.distinct(Search.person_id))
    rows = session.execute(
        select(func.max(Search.text), people)
        .where(Search.searched_at > now - timedelta(days=days), Search.searched_at <= now, Search.total > 0)
        .group_by(Search.folded)
        .having(people >= MIN_ASKERS)
        .order_by(people.desc(), func.max(Search.id).desc())
        .limit(limit)
    )
    return [text for text, _people in rows]


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


def _readers(session: Session, now: datetime, days: int, article_ids: list[int]) -> dict[int, int]:
    rows = session.execute(
        select(View.article_id, func.count(func.distinct(View.person_id)))
        .where(View.article_id.in_(article_ids), View.viewed_at > now - timedelta(days=days), View.counts)
        .group_by(View.article_id)
    )
    return {article_id: count for article_id, count in rows}


def _ranked(scores: dict[int, float]) -> list[int]:
    return sorted(scores, key=lambda article_id: (-scores[article_id], article_id))


def _as_date(value: date | str) -> date:
    # SQLite answers with text, PostgreSQL with a date.
    return date.fromisoformat(value) if isinstance(value, str) else value
