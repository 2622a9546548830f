"""What suddenly many people open or search for: a sign of an outage for whoever is on duty."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from kb.access import AudienceScope
from kb.models import Article, Revision, Search, View
from kb.revisions import is_shown_at

WINDOW = timedelta(minutes=30)
USUAL_DAYS = 14
MIN_PEOPLE = 5
TIMES_USUAL = 3.0


@dataclass(frozen=True)
class Surge:
    """Something far above its usual: ``people`` in the last half hour against ``usual`` at this time of day.

    ``article_id`` is ``None`` for words that are searched for.
    """

    text: str
    article_id: int | None
    people: int
    usual: float


def rising(session: Session, scope: AudienceScope, now: datetime, *, limit: int = 6) -> list[Surge]:
    """Return the articles and searches that different people rush to, strongest first.

    Every person counts once, however often they reload; at least five people must be there, and at
    least three times as many as on average in the same half hour of the last two weeks.
    """
    found = [*_articles(session, scope, now), *_searches(session, scope, now)]
    found = [surge for surge in found if surge.people >= TIMES_USUAL * surge.usual]
    return sorted(found, key=lambda surge: (-(surge.people - surge.usual), surge.text))[:limit]


def _articles(session: Session, scope: AudienceScope, now: datetime) -> list[Surge]:
    # The half hour comes first and alone, or the database walks through every view of every article.
    people = func.count(func.distinct(View.person_id))
    rows = session.execute(
        select(View.article_id, people)
        .where(View.viewed_at > now - WINDOW, View.viewed_at <= now, View.counts)
        .group_by(View.article_id)
        .having(people >= MIN_PEOPLE)
    )
    counts = {article_id: count for article_id, count in rows}
    if not counts:
        return []
    titles = session.execute(
        select(Article.id, Revision.title)
        .join(Revision, Revision.article_id == Article.id)
        .where(Article.id.in_(counts), is_shown_at(now), scope.clause())
    )
    wanted = View.article_id.in_(counts)
    usual = _usual(session, View.article_id, View.person_id, View.viewed_at, wanted, now)
    return [Surge(title, number, counts[number], usual.get(number, 0.0)) for number, title in titles]


def _searches(session: Session, scope: AudienceScope, now: datetime) -> list[Surge]:
    people = func.count(func.distinct(Search.person_id))
    rows = session.execute(
        select(Search.folded, func.max(Search.text), people)
        .where(Search.searched_at > now - WINDOW, Search.searched_at <= now)
        .where(scope.peers(Search.person_id))
        .group_by(Search.folded)
        .having(people >= MIN_PEOPLE)
    ).all()
    if not rows:
        return []
    known = Search.folded.in_([folded for folded, _text, _people in rows])
    usual = _usual(session, Search.folded, Search.person_id, Search.searched_at, known, now)
    return [Surge(text, None, count, usual.get(folded, 0.0)) for folded, text, count in rows if folded]


def _usual(
    session: Session,
    thing: InstrumentedAttribute[int] | InstrumentedAttribute[str],
    person: InstrumentedAttribute[int],
    instant: InstrumentedAttribute[datetime],
    wanted: ColumnElement[bool],
    now: datetime,
) -> Mapping[int | str, float]:
    """Return how many different people come on average in this half hour of the day, by thing."""
    windows = [
        (now - timedelta(days=days) - WINDOW, now - timedelta(days=days)) for days in range(1, USUAL_DAYS + 1)
    ]
    rows = session.execute(
        select(thing, person, instant).where(
            wanted, or_(*[(instant > start) & (instant <= end) for start, end in windows])
        )
    )
    seen: dict[int | str, set[tuple[int, int]]] = {}
    for row in rows:
        key, person_id, at = row
        seen.setdefault(cast("int | str", key), set()).add((person_id, (now - at).days))
    return {key: len(pairs) / USUAL_DAYS for key, pairs in seen.items()}
