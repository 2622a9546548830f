"""Review dates: how often an article is looked at again, and that somebody found it still right."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, AudienceScope, Permission, may_on
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.masking import mask_personal_data
from kb.models import Article, Notification, Person, ReviewCheck, Revision
from kb.revisions import is_shown_at, next_review

SHORTEST_DAYS, LONGEST_DAYS = 1, 3650
NOTE_LIMIT = 400


@dataclass(frozen=True)
class CheckLine:
    """One confirmation in an article's record."""

    check: ReviewCheck
    person: str
    number: int


def may_check(session: Session, actor: Actor, article: Article) -> bool:
    """Return whether the actor may sign that an article is still right."""
    if article.responsible_id == actor.person_id:
        return True
    return any(
        may_on(session, actor, permission, article.node, article.owner_department_id)
        for permission in (Permission.ARTICLE_WRITE, Permission.ARTICLE_APPROVE)
    )


def plan(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    article_id: int,
    interval_days: int | None,
    responsible_id: int | None,
    at: datetime,
) -> Article:
    """Set how often an article is looked at and who answers for it; the next date follows.

    Args:
        interval_days: ``None`` takes the article out of the plan.
        responsible_id: ``None`` leaves it with the publishers of the owning department.

    Raises:
        Forbidden: if the actor may not.
        Invalid: with the reason by field.
        NotFound: if the actor may not know of the article.
    """
    article = checkable(session, actor, scope, article_id)
    errors = {}
    if interval_days is not None and not SHORTEST_DAYS <= interval_days <= LONGEST_DAYS:
        errors["interval"] = f"复核周期须为 {SHORTEST_DAYS} 到 {LONGEST_DAYS} 天。"
    person = session.get(Person, responsible_id) if responsible_id is not None else None
    if responsible_id is not None and (person is None or not person.is_active):
        errors["responsible"] = "没有找到这个用户。"
    if errors:
        raise Invalid("复核计划没有保存，请按提示修改。", errors)
    article.review_interval_days, article.responsible_id = interval_days, responsible_id
    article.review_due_at = next_review(article)
    detail = {
        "interval_days": interval_days,
        "responsible": responsible_id,
        "due_at": article.review_due_at.isoformat() if article.review_due_at else None,
    }
    audit.record(session, actor, "article.review_plan", f"article:{article.id}", at, detail=detail)
    return article


def still_right(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    article_id: int,
    seen_hash: str,
    at: datetime,
    note: str = "",
) -> ReviewCheck:
    """Sign that the revision in force is still right, and set the next date.

    Args:
        seen_hash: Content hash of the revision that the person looked at.

    Raises:
        Conflict: if another revision is in force by now; nothing was signed.
        Forbidden: if the actor may not.
        NotFound: if there is no such article in force for the actor.
    """
    article = checkable(session, actor, scope, article_id)
    revision = session.scalar(select(Revision).where(Revision.article_id == article.id, is_shown_at(at)))
    if revision is None:
        raise NotFound("这篇知识现在没有现行版本。")
    if revision.content_hash != seen_hash:
        raise Conflict("这篇知识刚刚更新，您看到的不是现行版本；请阅读新版后再确认。")
    interval = article.review_interval_days
    due_at = at + timedelta(days=interval) if interval is not None else None
    check = ReviewCheck(
        article_id=article.id,
        revision_id=revision.id,
        person_id=actor.person_id,
        content_hash=revision.content_hash,
        note=mask_personal_data(note.strip())[:NOTE_LIMIT],
        checked_at=at,
        next_due_at=due_at,
    )
    session.add(check)
    article.review_due_at = due_at
    session.flush()
    audit.record(
        session,
        actor,
        "article.still_right",
        f"article:{article.id}",
        at,
        revision_hash=revision.content_hash,
        reason=check.note,
        detail={"revision": revision.number, "next_due_at": due_at.isoformat() if due_at else None},
    )
    _settle_reminders(session, article.id, at)
    return check


def checkable(session: Session, actor: Actor, scope: AudienceScope, article_id: int) -> Article:
    """Return an article whose review dates the actor may change.

    Raises:
        Forbidden: if the actor may only read it.
        NotFound: if the actor may not know of it.
    """
    article = session.scalar(select(Article).where(Article.id == article_id, scope.clause()))
    is_shown = article is not None and session.scalar(
        select(Revision.id)
        .where(Revision.article_id == article_id, Revision.shown_from.is_not(None))
        .limit(1)
    )
    if article is None or not is_shown:
        raise NotFound("没有找到这篇知识。")
    if not may_check(session, actor, article):
        raise Forbidden("只有负责人、责任部门的撰写人和审核人可以复核这篇知识。")
    return article


def checks_of(session: Session, article_id: int, limit: int = 50) -> list[CheckLine]:
    """Return who found an article still right and when, newest first."""
    rows = session.execute(
        select(ReviewCheck, Person.name, Revision.number)
        .join(Person, Person.id == ReviewCheck.person_id)
        .join(Revision, Revision.id == ReviewCheck.revision_id)
        .where(ReviewCheck.article_id == article_id)
        .order_by(ReviewCheck.checked_at.desc(), ReviewCheck.id.desc())
        .limit(limit)
    )
    return [CheckLine(*row) for row in rows]


def _settle_reminders(session: Session, article_id: int, at: datetime) -> None:
    session.execute(
        update(Notification)
        .where(
            Notification.article_id == article_id,
            Notification.kind.in_(("review_due", "review_overdue")),
            Notification.read_at.is_(None),
        )
        .values(read_at=at)
        .execution_options(synchronize_session=False)
    )
