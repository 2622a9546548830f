"""The way to the reader: submitting, recalling, returning, approving, and breaking the glass."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb import articles, audit
from kb.access import Actor, Permission, may_on
from kb.draft_rights import approvers_of, locked_draft, require_approve, require_write, takes_part
from kb.drafts import newest_approved, writable_draft
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.gaps import answer_published
from kb.masking import mask_personal_data
from kb.models import Article, Attachment, PersonRole, Review, ReviewAction, Revision, RevisionState, Role
from kb.notifications import notify
from kb.placement import settle_placement
from kb.sealing import reseal, seal
from kb.tasks import close_solved
from kb.withdrawal import replace_article

REASON_LIMIT = 400
GLASS_REASON = 20


def submit(session: Session, actor: Actor, revision_id: int, expected_version: int, at: datetime) -> Revision:
    """Hand a draft to the reviewers; from now on it cannot be edited until recalled or returned.

    Raises:
        Conflict: if somebody saved the draft meanwhile, or the article got a newer version.
        Forbidden: if the actor may not write there.
        Invalid: with everything that is missing, by field.
        NotFound: if the actor may not see the draft.
    """
    draft = writable_draft(session, actor, revision_id, expected_version)
    check_complete(session, draft, at)
    _require_newest(session, draft)
    reseal(session, draft)
    draft.state = RevisionState.IN_REVIEW
    draft.submitted_at, draft.submitted_by_id, draft.decided_at = at, actor.person_id, None
    draft.lock_version += 1
    _step(session, actor, draft, ReviewAction.SUBMITTED, at, action="draft.submit")
    _tell(session, approvers_of(session, draft), "review_requested", draft, at)
    return draft


def check_complete(session: Session, draft: Revision, at: datetime) -> None:
    """Refuse a draft that is not ready to be read.

    Raises:
        Invalid: with everything that is missing, by field.
    """
    errors: dict[str, str] = {}
    if not draft.title:
        errors["title"] = "请填写标题。"
    has_files = (
        session.scalar(select(Attachment.id).where(Attachment.revision_id == draft.id).limit(1)) is not None
    )
    if not draft.text.strip() and not draft.wording and not has_files:
        errors["source"] = "请填写正文、对外口径或添加附件。"
    if any(not block.text.strip() for block in draft.wording):
        errors["wording"] = "有一段对外口径是空的，请填写或删除。"
    if not draft.change_summary:
        errors["change_summary"] = "请写明这次修改了什么，读者和审核人都会看到。"
    if draft.effective_to is not None:
        if draft.effective_to <= at:
            errors["effective_to"] = "失效时间已经过去，提交后不会显示；请修改。"
        elif draft.effective_from is not None and draft.effective_to <= draft.effective_from:
            errors["effective_to"] = "失效时间必须晚于生效时间。"
    if errors:
        raise Invalid("还不能提交，请按提示补充。", errors)


def rebase(session: Session, actor: Actor, revision_id: int, expected_version: int, at: datetime) -> Revision:
    """Note that the author has seen the version that was published since the draft was begun.

    Raises:
        Conflict, Forbidden, NotFound: as ``submit`` says.
    """
    draft = writable_draft(session, actor, revision_id, expected_version)
    newest = newest_approved(session, draft.article_id)
    draft.based_on_id = newest.id if newest is not None else None
    draft.lock_version += 1
    _audit(session, actor, "draft.rebase", draft, at)
    return draft


def recall(session: Session, actor: Actor, revision_id: int, at: datetime) -> Revision:
    """Take a submitted draft back to go on writing.

    Raises:
        Conflict: if it is not in review.
        Forbidden: if the actor neither took part in it nor may write there.
        NotFound: if the actor may not see it.
    """
    draft = _in_review(session, actor, revision_id)
    if not takes_part(session, actor.person_id, draft):
        require_write(session, actor, draft.article)
    draft.state = RevisionState.DRAFT
    draft.lock_version += 1
    _step(session, actor, draft, ReviewAction.RECALLED, at, action="draft.recall")
    return draft


def return_to_author(
    session: Session, actor: Actor, revision_id: int, seen_hash: str, at: datetime, reason: str
) -> Revision:
    """Give a draft back to its authors with what to change.

    Raises:
        Conflict: if it is not in review, or is no longer what the actor saw.
        Forbidden: if the actor took part in it or may not approve there.
        Invalid: if no reason is given.
        NotFound: if the actor may not see it.
    """
    given = checked_reason(reason, "请写明退回原因，作者才知道要改什么。")
    draft = _in_review(session, actor, revision_id)
    require_approve(session, actor, draft)
    _require_seen(session, draft, seen_hash)
    draft.state, draft.decided_at = RevisionState.RETURNED, at
    draft.lock_version += 1
    _step(session, actor, draft, ReviewAction.RETURNED, at, action="draft.return", reason=given)
    _tell(session, _authors(draft) - {actor.person_id}, "returned", draft, at, reason=given)
    return draft


def approve(
    session: Session,
    actor: Actor,
    revision_id: int,
    seen_hash: str,
    at: datetime,
    effective_from: datetime | None = None,
) -> Revision:
    """Approve exactly the revision that the actor saw; it is shown from its start, never before now.

    Args:
        seen_hash: The ``content_hash`` of what the actor had before them.
        effective_from: When it shall start instead of when the author asked for; aware. A time that
            has passed means now.

    Raises:
        Conflict: if it is not in review, is no longer what the actor saw, or a newer version appeared.
        Forbidden: if the actor wrote in it, submitted it, or may not approve there.
        Invalid: if it would never be shown.
        NotFound: if the actor may not see it.
    """
    draft = _in_review(session, actor, revision_id)
    require_approve(session, actor, draft)
    if draft.replaces_id is not None:
        _require_approve_of_replaced(session, actor, draft.replaces_id)
    _require_seen(session, draft, seen_hash)
    _require_newest(session, draft)
    _set_start(session, draft, at, effective_from)
    _publish(session, draft, at, actor.person_id)
    _step(session, actor, draft, ReviewAction.APPROVED, at, action="article.approve", seen_hash=seen_hash)
    close_solved(session, actor, draft, at)
    answer_published(session, at, draft.article_id)
    _tell(session, _authors(draft) - {actor.person_id}, "approved", draft, at)
    return draft


def break_glass(
    session: Session,
    actor: Actor,
    revision_id: int,
    seen_hash: str,
    reason: str,
    at: datetime,
    effective_from: datetime | None = None,
) -> Revision:
    """Publish a draft without a second person, in an emergency: loud, and only for administrators.

    The revision keeps no approver; who broke the glass stands in its place, in the review record, in
    the audit log as ``article.break_glass``, and in a notification to every manager and administrator.

    Raises:
        Conflict: if it is no longer what the actor saw.
        Forbidden: if the actor is no administrator.
        Invalid: if the reason has fewer than 20 characters, or the draft is not complete.
        NotFound: if there is no such draft.
    """
    if Role.ADMIN not in actor.roles:
        raise Forbidden("只有系统管理员可以应急发布。")
    given = checked_reason(reason, "请写明应急发布的原因。")
    if len(given) < GLASS_REASON:
        message = f"应急发布的原因至少 {GLASS_REASON} 个字，请写明情况和批准人。"
        raise Invalid(message, {"reason": message})
    draft = locked_draft(session, actor, revision_id)
    _require_seen(session, draft, seen_hash)
    check_complete(session, draft, at)
    _set_start(session, draft, at, effective_from)
    draft.broken_glass_by_id = actor.person_id
    _publish(session, draft, at, None)
    _step(
        session,
        actor,
        draft,
        ReviewAction.BROKEN_GLASS,
        at,
        action="article.break_glass",
        reason=given,
        seen_hash=seen_hash,
    )
    close_solved(session, actor, draft, at)
    watchers = select(PersonRole.person_id).where(PersonRole.role.in_([Role.MANAGER, Role.ADMIN]))
    told = set(session.scalars(watchers)) | _authors(draft)
    _tell(session, told, "break_glass", draft, at, reason=given)
    return draft


def checked_reason(reason: str, missing: str) -> str:
    """Return a reason, masked and without blanks around it.

    Raises:
        Invalid: if it is empty or too long.
    """
    given = mask_personal_data(reason.strip())
    if not given:
        raise Invalid(missing, {"reason": missing})
    if len(given) > REASON_LIMIT:
        message = f"原因最多 {REASON_LIMIT} 个字，现在是 {len(given)} 个字。"
        raise Invalid(message, {"reason": message})
    return given


def _in_review(session: Session, actor: Actor, revision_id: int) -> Revision:
    draft = locked_draft(session, actor, revision_id)
    if draft.state != RevisionState.IN_REVIEW:
        raise Conflict("这个版本现在不在审核中，可能已被撤回或退回；请刷新页面查看。")
    return draft


def _require_seen(session: Session, draft: Revision, seen_hash: str) -> None:
    if draft.content_hash != seen_hash:
        raise Conflict("这个版本在您打开之后有了变化，请重新查看后再决定。")
    if seal(session, draft) != draft.content_hash:
        raise Conflict(
            "这个版本的内容与提交时的校验码不符，不能审核；请作者撤回后重新提交，并联系系统管理员。"
        )


def _require_newest(session: Session, draft: Revision) -> None:
    newest = newest_approved(session, draft.article_id)
    if newest is not None and newest.id != draft.based_on_id:
        raise Conflict("这篇知识在草稿开始之后有了新版本，请作者对照新版本确认后重新提交。")


def _require_approve_of_replaced(session: Session, actor: Actor, replaced_id: int) -> None:
    replaced = session.get(Article, replaced_id)
    if replaced is None:
        raise NotFound("没有找到要替代的知识。")
    decision = may_on(session, actor, Permission.ARTICLE_APPROVE, replaced.node, replaced.owner_department_id)
    if not decision:
        raise Forbidden("您不能审核要替代的那篇知识，请由有权限的人审核。")


def _set_start(session: Session, draft: Revision, at: datetime, effective_from: datetime | None) -> None:
    if effective_from is not None:
        draft.effective_from = effective_from
        reseal(session, draft)
    start = max(at, draft.effective_from or at)
    if draft.effective_to is not None and draft.effective_to <= start:
        message = "失效时间不晚于生效时间，通过后不会显示；请退回作者修改。"
        raise Invalid(message, {"effective_from": message})


def _publish(session: Session, draft: Revision, at: datetime, approver_id: int | None) -> None:
    settle_placement(session, draft)
    draft.lock_version += 1
    session.refresh(draft.article, ["revisions"])
    articles.approve(session, draft, at, approver_id)
    session.flush()
    if draft.replaces_id is not None and draft.shown_from is not None:
        replace_article(session, draft.replaces_id, draft.article, draft.shown_from)


def _authors(draft: Revision) -> set[int]:
    people = {row.person_id for row in draft.contributors} | {draft.author_id, draft.submitted_by_id}
    return {person_id for person_id in people if person_id is not None}


def _step(
    session: Session,
    actor: Actor,
    draft: Revision,
    step: ReviewAction,
    at: datetime,
    *,
    action: str,
    reason: str = "",
    seen_hash: str = "",
) -> None:
    session.add(
        Review(
            revision_id=draft.id,
            action=step,
            actor_id=actor.person_id,
            reason=reason,
            content_hash=seen_hash or draft.content_hash,
            at=at,
        )
    )
    _audit(session, actor, action, draft, at, reason)


def _audit(
    session: Session, actor: Actor, action: str, draft: Revision, at: datetime, reason: str = ""
) -> None:
    article = draft.article
    audit.record(
        session,
        actor,
        action,
        f"article:{article.id}",
        at,
        revision_hash=draft.content_hash,
        reason=reason,
        detail={
            "revision": draft.id,
            "number": draft.number,
            "effective_from": draft.effective_from.isoformat() if draft.effective_from else None,
            "shown_from": draft.shown_from.isoformat() if draft.shown_from else None,
            "node": article.node_id,
            "owner": article.owner_department_id,
            "audience": article.audience_id,
            "replaces": draft.replaces_id,
        },
    )


def _tell(
    session: Session, people: set[int] | list[int], kind: str, draft: Revision, at: datetime, reason: str = ""
) -> None:
    path = f"/a/{draft.article_id}/edit" if kind == "returned" else f"/reviews/{draft.id}"
    detail: dict[str, object] = {"revision": draft.id, "number": draft.number}
    if kind in ("review_requested", "returned"):
        detail["path"] = path
    if reason:
        detail["reason"] = reason
    notify(
        session,
        people,
        kind,
        draft.title,
        at,
        article_id=draft.article_id,
        detail=detail,
        is_private=draft.state != RevisionState.APPROVED,
    )
