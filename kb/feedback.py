"""Useful, or needs work and why: one word of each person on each revision, and figures for its owners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, AudienceScope, Permission, audience_scope, may
from kb.activity import titles_at
from kb.articles import visible_article
from kb.errors import Invalid, NotFound
from kb.masking import mask_personal_data
from kb.models import Article, Department, Feedback

NOTE_LIMIT = 400


class Reason(StrEnum):
    """Why a text needs work."""

    WRONG = "wrong"
    EXPIRED = "expired"
    UNCLEAR = "unclear"
    INCOMPLETE = "incomplete"
    OTHER = "other"


@dataclass(frozen=True)
class Figures:
    """What readers say of one article: counts, counts by reason, and the latest notes without names."""

    article_id: int
    title: str
    useful: int
    needs_work: int
    reasons: Mapping[str, int]
    notes: Sequence[str]

    @property
    def share(self) -> float:
        """The useful part of all words, from 0 to 1."""
        return self.useful / (self.useful + self.needs_work)


def give(
    session: Session,
    actor: Actor,
    article_id: int,
    number: int,
    is_useful: bool,
    at: datetime,
    reason: str = "",
    note: str = "",
) -> Feedback:
    """Say that a revision is useful or needs work; a second word of the same person replaces the first.

    Raises:
        NotFound: if the actor may not read the article or it has no such revision.
        Invalid: if a text that needs work comes without a reason, or the note is too long.
    """
    article = visible_article(session, article_id, audience_scope(session, actor))
    revision = next((one for one in article.revisions if one.number == number and one.shown_from), None)
    if revision is None:
        raise NotFound("没有找到这个版本。")
    if not is_useful and reason not in tuple(Reason):
        raise Invalid("请选择需要改进的原因。", {"reason": "请选择原因。"})
    note = "" if is_useful else mask_personal_data(note.strip())
    if len(note) > NOTE_LIMIT:
        raise Invalid("说明最多 400 个字。", {"note": "说明最多 400 个字；内容没有被截断。"})
    reason = "" if is_useful else reason
    word = own_word(session, actor, revision.id)
    if word is not None and (word.is_useful, word.reason, word.note) == (is_useful, reason, note):
        return word
    if word is None:
        word = Feedback(article_id=article.id, revision_id=revision.id, person_id=actor.person_id)
        session.add(word)
    word.is_useful, word.reason, word.note, word.given_at = is_useful, reason, note, at
    session.flush()
    detail = {"useful": is_useful, "reason": word.reason}
    subject, sealed = f"article:{article.id}", revision.content_hash
    audit.record(session, actor, "feedback.give", subject, at, revision_hash=sealed, detail=detail)
    return word


def own_word(session: Session, actor: Actor, revision_id: int) -> Feedback | None:
    """Return what the actor said of a revision."""
    return session.scalar(
        select(Feedback).where(Feedback.revision_id == revision_id, Feedback.person_id == actor.person_id)
    )


def counts_of(session: Session, revision_id: int) -> tuple[int, int]:
    """Return how many found a revision useful, and how many say that it needs work."""
    useful, total = session.execute(
        select(func.coalesce(func.sum(_one_if(Feedback.is_useful.is_(True))), 0), func.count()).where(
            Feedback.revision_id == revision_id
        )
    ).one()
    return useful, total - useful


def may_see_figures(actor: Actor) -> bool:
    """Return whether the actor sees what readers say: of their department's articles, or of all."""
    return any(
        may(actor, permission)
        for permission in (Permission.ARTICLE_WRITE, Permission.ARTICLE_APPROVE, Permission.INSIGHT_READ)
    )


def figures(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    since: datetime,
    now: datetime,
    department_id: int | None = None,
    limit: int = 100,
) -> list[Figures]:
    """Return what readers said since an instant, the articles that most call for work first.

    Those who see all departments may narrow it to one; others see what their own department owns.
    """
    if not may_see_figures(actor):
        return []
    owner = department_id if may(actor, Permission.INSIGHT_READ) else actor.department_id
    inside = [Feedback.given_at >= since, scope.clause()]
    if owner is not None:
        below = select(Department.id).where(Department.path.contains(f"/{owner}/"))
        inside.append(Article.owner_department_id.in_(below))
    needs_work = func.sum(_one_if(Feedback.is_useful.is_(False)))
    rows = session.execute(
        select(
            Feedback.article_id,
            func.sum(_one_if(Feedback.is_useful.is_(True))).label("useful"),
            needs_work.label("needs_work"),
            *(func.sum(_one_if(Feedback.reason == reason)).label(reason) for reason in Reason),
        )
        .join(Article, Article.id == Feedback.article_id)
        .where(*inside)
        .group_by(Feedback.article_id)
        .order_by(needs_work.desc(), Feedback.article_id)
        .limit(limit)
    ).all()
    ids = [row.article_id for row in rows]
    titles, notes = titles_at(session, ids, now), _notes(session, ids, since)
    return [
        Figures(
            row.article_id,
            titles.get(row.article_id, ""),
            row.useful,
            row.needs_work,
            {reason.value: count for reason in Reason if (count := row._mapping[reason.value])},
            notes.get(row.article_id, ()),
        )
        for row in rows
    ]


def _notes(
    session: Session, article_ids: Sequence[int], since: datetime, most: int = 3
) -> dict[int, list[str]]:
    rows = session.execute(
        select(Feedback.article_id, Feedback.note)
        .where(Feedback.article_id.in_(article_ids), Feedback.note != "", Feedback.given_at >= since)
        .order_by(Feedback.given_at.desc())
        .limit(500)
    )
    found: dict[int, list[str]] = {}
    for article_id, note in rows:
        kept = found.setdefault(article_id, [])
        if len(kept) < most:
            kept.append(note)
    return found


def _one_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)
