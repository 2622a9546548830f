"""Records what people open and search, masked, and tells them what they did last."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope
from kb.articles import owns
from kb.masking import mask_personal_data
from kb.models import Article, Revision, Role, Search, View
from kb.prepared import ask
from kb.search_days import forget_days_before

TYPING_WINDOW = timedelta(seconds=30)
REFORMULATION_WINDOW = timedelta(minutes=5)
LONGEST_WAY = timedelta(minutes=30)
TEXT_LIMIT = 200
REMEMBERED = 200


@dataclass(frozen=True)
class RecentView:
    """An article the person opened, and when last."""

    article_id: int
    title: str
    viewed_at: datetime


def record_view(session: Session, actor: Actor, article: Article, revision: Revision, at: datetime) -> None:
    """Record that the actor opened an article; its own publishers do not count towards its heat."""
    own = owns(actor, article) and Role.PUBLISHER in actor.roles
    session.add(
        View(
            article_id=article.id,
            revision_id=revision.id,
            person_id=actor.person_id,
            viewed_at=at,
            counts=not own and revision.author_id != actor.person_id,
        )
    )


def record_search(
    session: Session,
    actor: Actor,
    text: str,
    conditions: Mapping[str, str],
    total: int,
    took_ms: int,
    at: datetime,
) -> int:
    """Record a finished search and return its id.

    A text that only continues what the same person typed within 30 seconds replaces that row, so
    that one question leaves one line.
    """
    masked = mask_personal_data(text)[:TEXT_LIMIT]
    folded = folded_query(text)
    last = _last_search(session, actor)
    continues = (
        last is not None
        and last.opened_article_id is None
        and at - last.searched_at <= TYPING_WINDOW
        and (folded.startswith(last.folded) or last.folded.startswith(folded))
    )
    if last is not None and continues and at < last.searched_at:
        # Another process was quicker to write down what was typed after this.
        return last.id
    asked_again = (
        last is not None
        and not continues
        and last.opened_article_id is None
        and last.folded != folded
        and at - last.searched_at <= REFORMULATION_WINDOW
    )
    row = last if last is not None and continues else Search(person_id=actor.person_id)
    row.is_reformulation = asked_again or (continues and bool(row.is_reformulation))
    row.text, row.folded, row.total, row.took_ms, row.searched_at = masked, folded, total, took_ms, at
    row.conditions = _as_stored(conditions)
    session.add(row)
    session.flush()
    return row.id


def repeat_search(
    session: Session, actor: Actor, text: str, conditions: Mapping[str, str], at: datetime
) -> None:
    """Record again a search of the actor that was answered before, with what was found then."""
    before = session.scalar(
        select(Search)
        .where(
            Search.person_id == actor.person_id,
            Search.folded == folded_query(text),
            Search.conditions == _as_stored(conditions),
        )
        .order_by(Search.searched_at.desc(), Search.id.desc())
        .limit(1)
    )
    if before is not None:
        record_search(session, actor, text, conditions, before.total, before.took_ms, at)


def was_just_asked(
    session: Session, actor: Actor, text: str, conditions: Mapping[str, str], since: datetime
) -> bool:
    """Return whether the actor's last search was this very one and not before ``since``.

    Coming back to a list of results, or reloading it, is not a new question.
    """
    last = _last_search(session, actor)
    return (
        last is not None
        and last.searched_at >= since
        and last.folded == folded_query(text)
        and last.conditions == _as_stored(conditions)
    )


def last_search_id(session: Session, actor: Actor, text: str, since: datetime) -> int | None:
    """Return the actor's last search if it was for this text and not before ``since``."""
    last = _last_search(session, actor)
    if last is None or last.searched_at < since or last.folded != folded_query(text):
        return None
    return last.id


def record_opened(
    session: Session, actor: Actor, search_id: int, article_id: int, rank: int, at: datetime | None = None
) -> None:
    """Note which hit the actor opened from one of their own searches, and how soon; the first one stays."""
    row = session.get(Search, search_id)
    if row is not None and row.person_id == actor.person_id and row.opened_article_id is None:
        row.opened_article_id, row.opened_rank = article_id, rank
        if at is not None and timedelta(0) <= at - row.searched_at <= LONGEST_WAY:
            row.opened_after_ms = int((at - row.searched_at).total_seconds() * 1000)


def forget_before(session: Session, moment: datetime) -> tuple[int, int]:
    """Delete searches and views from before a moment; return how many of each."""
    searches = session.execute(delete(Search).where(Search.searched_at < moment))
    forget_days_before(session, moment)
    views = session.execute(delete(View).where(View.viewed_at < moment))
    return searches.rowcount, views.rowcount  # type: ignore[attr-defined]


_ASKED = Search.__table__.c
_RECENT = (
    select(_ASKED.folded, _ASKED.text)
    .where(_ASKED.person_id == bindparam("person"))
    .order_by(_ASKED.searched_at.desc(), _ASKED.id.desc())
    .limit(REMEMBERED)
)


def recent_searches(session: Session, actor: Actor, limit: int = 8, prefix: str = "") -> list[str]:
    """Return the actor's last different search texts that begin with ``prefix``, newest first.

    Looks at the last ``REMEMBERED`` searches only, so that a busy year costs no more than a first week.
    """
    rows = ask(session, _RECENT, person=actor.person_id).fetchall()
    last: dict[str, str] = {}
    for folded, text in map(tuple, rows):
        last.setdefault(folded, text)
    wanted = "".join(prefix.lower().split())
    return [text for folded, text in last.items() if folded.startswith(wanted)][:limit]


def recent_views(
    session: Session, actor: Actor, scope: AudienceScope, now: datetime, limit: int = 8
) -> list[RecentView]:
    """Return the articles that the actor opened last and may still read, newest first."""
    last = func.max(View.viewed_at).label("last")
    title = (
        select(Revision.title)
        .where(Revision.article_id == View.article_id, Revision.shown_from <= now)
        .order_by(Revision.shown_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(View.article_id, title, last)
        .join(Article, Article.id == View.article_id)
        .where(View.person_id == actor.person_id, scope.clause())
        .group_by(View.article_id)
        .order_by(last.desc())
        .limit(limit)
    )
    return [RecentView(*row) for row in rows if row[1] is not None]


def titles_at(session: Session, article_ids: Sequence[int], now: datetime) -> dict[int, str]:
    """Return each article's title as last shown at an instant."""
    rows = session.execute(
        select(Revision.article_id, Revision.title)
        .where(Revision.article_id.in_(article_ids), Revision.shown_from <= now)
        .order_by(Revision.shown_from)
    )
    return {article_id: title for article_id, title in rows}


_VIEW = View.__table__.c
_COUNTS = (
    select(_VIEW.article_id, func.count())
    .where(_VIEW.article_id.in_(bindparam("articles", expanding=True)), _VIEW.counts)
    .group_by(_VIEW.article_id)
)


def view_counts(session: Session, article_ids: Sequence[int]) -> dict[int, int]:
    """Return how often each article was opened by people whose views count."""
    if not article_ids:
        return {}
    rows = ask(session, _COUNTS, articles=list(article_ids))
    return {article_id: count for article_id, count in map(tuple, rows)}


def _last_search(session: Session, actor: Actor) -> Search | None:
    return session.scalar(
        select(Search)
        .where(Search.person_id == actor.person_id)
        .order_by(Search.searched_at.desc(), Search.id.desc())
        .limit(1)
    )


def _as_stored(conditions: Mapping[str, str]) -> str:
    kept = {name: mask_personal_data(value) for name, value in conditions.items()}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)


def folded_query(text: str) -> str:
    """Return a query masked, in lower case and without blanks, by which the same ones are recognised."""
    joined = "".join(mask_personal_data(text)[:TEXT_LIMIT].lower().split())
    # Without blanks between them, groups of digits can become a number.
    return mask_personal_data(joined)
