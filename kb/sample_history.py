"""Gives the sample a month of believable reading and searching, the same for the same load."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from sqlalchemy.orm import Session

from kb.clock import local_day
from kb.models import Person, Search, View

DAYS = 30
VIEWS_A_WORKDAY = 210
SEARCHES_A_WORKDAY = 80
WEEKEND_SHARE = 0.35
FRESH_DAYS = 10
TRIES = 6
SEED = 20260101


@dataclass(frozen=True)
class ReadArticle:
    """An article that everybody may read, with (revision id, shown from, shown to) of its versions."""

    article_id: int
    title: str
    text: str
    intervals: tuple[tuple[int, datetime, datetime | None], ...]

    def revision_at(self, instant: datetime) -> int | None:
        """Return the id of the revision shown at an instant."""
        for revision_id, start, end in self.intervals:
            if start <= instant and (end is None or instant < end):
                return revision_id
        return None


def write_history(
    session: Session,
    articles: Sequence[ReadArticle],
    people: Sequence[Person],
    queries: Sequence[str],
    now: datetime,
    zone: ZoneInfo,
) -> tuple[int, int]:
    """Write views and searches of the last 30 days.

    Args:
        articles: What may be read.
        people: Who reads; agents read more than others, and publishers' own views do not count.
        queries: What is asked, the most frequent first.
        now: End of the history.
        zone: The bank's zone, for office hours and weekends.

    Returns:
        How many views and searches were written.
    """
    chance = random.Random(SEED)  # noqa: S311 - a repeatable spread, nothing secret
    views = _views(chance, _by_demand(chance, articles, queries), people, now, zone)
    searches = _searches(chance, articles, people, queries, now, zone)
    if views:
        session.execute(insert(View), views)
    if searches:
        session.execute(insert(Search), searches)
    return len(views), len(searches)


def _views(
    chance: random.Random,
    articles: Sequence[ReadArticle],
    people: Sequence[Person],
    now: datetime,
    zone: ZoneInfo,
) -> list[dict[str, object]]:
    weights = [_weight(rank, article, now) for rank, article in enumerate(articles, start=1)]
    shares = _shares(people)
    rows: list[dict[str, object]] = []
    for at in _moments(chance, VIEWS_A_WORKDAY, now, zone):
        person = chance.choices(people, shares)[0]
        # What did not exist yet that day was not read: the next best choice was.
        choices = chance.choices(articles, weights, k=TRIES)
        article, revision_id = next(
            ((item, found) for item in choices if (found := item.revision_at(at)) is not None), (None, None)
        )
        if article is not None and revision_id is not None:
            rows.append(
                {
                    "article_id": article.article_id,
                    "revision_id": revision_id,
                    "person_id": person.id,
                    "viewed_at": at,
                    "counts": not _writes(person),
                }
            )
    return rows


def _searches(
    chance: random.Random,
    articles: Sequence[ReadArticle],
    people: Sequence[Person],
    queries: Sequence[str],
    now: datetime,
    zone: ZoneInfo,
) -> list[dict[str, object]]:
    weights = [1 / rank**0.8 for rank in range(1, len(queries) + 1)]
    found = {query: _holding(query, articles) for query in queries}
    shares = _shares(people)
    rows: list[dict[str, object]] = []
    for at in _moments(chance, SEARCHES_A_WORKDAY, now, zone):
        query = chance.choices(queries, weights)[0]
        shown = [article for article in found[query] if article.revision_at(at) is not None]
        rank = min(chance.choices((1, 2, 3), (7, 2, 1))[0], len(shown))
        opens = rank > 0 and chance.random() < 0.75
        rows.append(
            {
                "person_id": chance.choices(people, shares)[0].id,
                "text": query,
                "folded": "".join(query.lower().split()),
                "conditions": "{}",
                "total": len(shown),
                "took_ms": chance.randint(9, 60),
                "searched_at": at,
                "opened_article_id": shown[rank - 1].article_id if opens else None,
                "opened_rank": rank if opens else None,
                "opened_after_ms": chance.randint(2_500, 30_000) if opens else None,
            }
        )
    return rows


def _holding(query: str, articles: Sequence[ReadArticle]) -> list[ReadArticle]:
    words = query.split()
    holding = [
        article for article in articles if all(word in f"{article.title}\n{article.text}" for word in words)
    ]
    return sorted(holding, key=lambda article: not all(word in article.title for word in words))


def _by_demand(
    chance: random.Random, articles: Sequence[ReadArticle], queries: Sequence[str]
) -> list[ReadArticle]:
    # What many ask for is what many read: the two best answers of a query share its place.
    asked: dict[int, int] = {}
    for position, query in enumerate(queries):
        for article in _holding(query, articles)[:2]:
            asked.setdefault(article.article_id, position)
    shuffled = chance.sample(list(articles), len(articles))
    return sorted(shuffled, key=lambda article: asked.get(article.article_id, len(queries)))


def _moments(chance: random.Random, a_workday: int, now: datetime, zone: ZoneInfo) -> list[datetime]:
    today = local_day(now, zone)
    moments = []
    for back in range(DAYS, -1, -1):
        day = today - timedelta(days=back)
        share = WEEKEND_SHARE if day.weekday() >= 5 else 1.0
        opening = datetime.combine(day, time(8, 30), zone)
        for _ in range(round(a_workday * share * chance.uniform(0.85, 1.15))):
            # Two waves: callers ring before lunch and in the middle of the afternoon.
            minutes = chance.gauss(*chance.choice(((110, 60), (390, 90))))
            at = opening + timedelta(minutes=min(max(minutes, 0), 690), seconds=chance.randint(0, 59))
            if at < now:
                moments.append(at)
    return sorted(moments)


def _weight(rank: int, article: ReadArticle, now: datetime) -> float:
    newest = max(start for _revision_id, start, _end in article.intervals)
    fresh = timedelta(0) <= now - newest <= timedelta(days=FRESH_DAYS)
    return (2.5 if fresh else 1.0) / rank


def _shares(people: Sequence[Person]) -> list[float]:
    return [1.0 if any(row.role == "agent" for row in person.role_rows) else 0.3 for person in people]


def _writes(person: Person) -> bool:
    return any(row.role == "publisher" for row in person.role_rows)
