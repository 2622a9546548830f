"""Ending what readers see: withdrawing an article, naming its successor, cancelling a scheduled revision."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kb import audit
from kb.access import Actor, Permission, audience_scope, may_on
from kb.articles import touch, visible_article
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.masking import mask_personal_data
from kb.models import Article, Review, ReviewAction, Revision, RevisionState, Role
from kb.notifications import notify
from kb.placement import leads_to
from kb.revisions import revision_at, settle

REASON_LIMIT = 400


def withdraw(
    session: Session,
    actor: Actor,
    article_id: int,
    reason: str,
    at: datetime,
    *,
    successor_id: int | None = None,
) -> Article:
    """Take an article out of use at once, with a reason and, if there is one, what to read instead.

    One person is enough, because leaving a wrong sentence in use is the greater harm. A draft that is
    being written stays; approving it brings the article back.

    Raises:
        Conflict: if it is withdrawn already.
        Forbidden: if the actor may neither write nor approve there and is no manager.
        Invalid: if the reason or the successor cannot be used, by field.
        NotFound: if the actor may not know of it.
    """
    article = _held(session, actor, article_id)
    if article.withdrawn_at is not None and article.withdrawn_at <= at:
        raise Conflict("这篇知识已经废止。")
    given = _checked(reason)
    if successor_id is not None:
        _check_successor(session, actor, article, successor_id, at)
    article.withdrawn_at, article.withdrawn_reason, article.successor_id = at, given, successor_id
    # A replacement in the future may have set a later end; the earlier one counts.
    for revision in article.revisions:
        if revision.withdrawn_at is not None and revision.withdrawn_at > at:
            revision.withdrawn_at = None
    settle(article)
    touch(session, article)
    _release_replaced(session, article, at)
    _note(session, actor, article, "article.withdraw", given, at)
    return article


def cancel_scheduled(session: Session, actor: Actor, revision_id: int, reason: str, at: datetime) -> Revision:
    """Take back an approved revision before it starts; what is shown now stays.

    Raises:
        Conflict: if it has started already.
        Forbidden, Invalid, NotFound: as ``withdraw`` says.
    """
    found = session.get(Revision, revision_id)
    if found is None or found.state != RevisionState.APPROVED:
        raise NotFound("没有找到这个版本。")
    article = _held(session, actor, found.article_id)
    given = _checked(reason)
    revision = next(row for row in article.revisions if row.id == revision_id)
    if revision.shown_from is None or revision.shown_from <= at:
        raise Conflict("这个版本已经生效或不再显示，不能取消；需要停用时请废止。")
    revision.withdrawn_at = at
    settle(article)
    touch(session, article)
    _release_replaced(session, article, at)
    _note(session, actor, article, "article.cancel", given, at, revision)
    return revision


def replace_article(session: Session, replaced_id: int, successor: Article, starts_at: datetime) -> None:
    """End an article at the instant at which its successor starts; part of an approval."""
    session.execute(select(Article.id).where(Article.id == replaced_id).with_for_update())
    replaced = session.get_one(
        Article, replaced_id, options=[selectinload(Article.revisions)], populate_existing=True
    )
    replaced.successor_id = successor.id
    if replaced.withdrawn_at is None or replaced.withdrawn_at > starts_at:
        replaced.withdrawn_at, replaced.withdrawn_reason = starts_at, "由新的知识替代"
    settle(replaced)
    touch(session, replaced)


def may_withdraw(session: Session, actor: Actor, article: Article) -> bool:
    """Return whether the actor may end this article."""
    if Role.MANAGER in actor.roles:
        return True
    return any(
        may_on(session, actor, permission, article.node, article.owner_department_id)
        for permission in (Permission.ARTICLE_WRITE, Permission.ARTICLE_APPROVE)
    )


def _held(session: Session, actor: Actor, article_id: int) -> Article:
    scope = audience_scope(session, actor)
    session.execute(select(Article.id).where(Article.id == article_id).with_for_update())
    article = visible_article(session, article_id, scope)
    if not may_withdraw(session, actor, article):
        raise Forbidden("您不能废止这篇知识，请联系其责任部门。")
    return article


def _checked(reason: str) -> str:
    given = mask_personal_data(reason.strip())
    if not given or len(given) > REASON_LIMIT:
        message = f"请写明原因，最多 {REASON_LIMIT} 个字。"
        raise Invalid(message, {"reason": message})
    return given


def _check_successor(
    session: Session, actor: Actor, article: Article, successor_id: int, at: datetime
) -> None:
    reason = ""
    try:
        successor = visible_article(session, successor_id, audience_scope(session, actor))
    except NotFound:
        raise Invalid("没有找到替代的知识。", {"successor": "没有找到替代的知识，请重新选择。"}) from None
    if successor.id == article.id:
        reason = "一篇知识不能替代自己。"
    elif successor.withdrawn_at is not None and successor.withdrawn_at <= at:
        reason = "这篇知识已经废止，不能作为替代。"
    elif leads_to(session, successor.id, article.id):
        reason = "替代关系会首尾相接，请选择另一篇。"
    if reason:
        raise Invalid(reason, {"successor": reason})


def _release_replaced(session: Session, successor: Article, at: datetime) -> None:
    """Let go what was to end when this article would start, if it will not start any more."""
    if any(row.shown_from is not None and row.shown_from > at for row in successor.revisions):
        return
    waiting = session.scalars(
        select(Article)
        .where(Article.successor_id == successor.id, Article.withdrawn_at > at)
        .options(selectinload(Article.revisions))
    )
    for article in waiting.unique():
        for revision in article.revisions:
            if revision.withdrawn_at == article.withdrawn_at:
                revision.withdrawn_at = None
        article.withdrawn_at = article.successor_id = None
        article.withdrawn_reason = ""
        settle(article)
        touch(session, article)


def _note(
    session: Session,
    actor: Actor,
    article: Article,
    action: str,
    reason: str,
    at: datetime,
    concerned: Revision | None = None,
) -> None:
    revision = concerned or revision_at(article.revisions, at)
    if revision is not None:
        session.add(
            Review(
                revision_id=revision.id,
                action=ReviewAction.WITHDRAWN,
                actor_id=actor.person_id,
                reason=reason,
                content_hash=revision.content_hash,
                at=at,
            )
        )
    audit.record(
        session,
        actor,
        action,
        f"article:{article.id}",
        at,
        revision_hash=revision.content_hash if revision else "",
        reason=reason,
        detail={"revision": revision.id if revision else None, "successor": article.successor_id},
    )
    if revision is not None:
        told = {revision.author_id, revision.approver_id, article.responsible_id} - {actor.person_id, None}
        notify(
            session,
            [person_id for person_id in told if person_id is not None],
            "withdrawn",
            revision.title,
            at,
            article_id=article.id,
            detail={"reason": reason},
        )
