"""Publishing announcements, changing what they say, and taking them back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, AudienceScope, Permission, may
from kb.announcement_versions import REMINDERS
from kb.announcements import latest_text, managed, may_announce, subject_of
from kb.errors import Forbidden, Invalid
from kb.markup import MarkupTooLarge, render
from kb.models import (
    Announcement,
    AnnouncementText,
    Article,
    Audience,
    Department,
    Notification,
    Revision,
    Role,
)
from kb.webhook_outbox import emit

TITLE_LIMIT = 200
TEXT_LIMIT = 20_000
SUMMARY_LIMIT = 400


@dataclass(frozen=True)
class Notice:
    """What is written into an announcement's form; instants are aware.

    Args:
        source: Markdown; may be empty if an article is announced.
        is_material: Whether readers who confirmed an earlier text are asked again.
    """

    title: str
    source: str = ""
    article_id: int | None = None
    audience_id: int | None = None
    department_id: int | None = None
    role: Role | None = None
    is_required: bool = False
    is_pinned: bool = False
    due_at: datetime | None = None
    is_material: bool = True
    change_summary: str = ""


def publish(
    session: Session, actor: Actor, scope: AudienceScope, notice: Notice, at: datetime
) -> Announcement:
    """Publish an announcement at once.

    Raises:
        Forbidden: if the actor may not announce, or not this article.
        Invalid: with every broken rule by field.
    """
    if not (decision := may(actor, Permission.ANNOUNCEMENT_WRITE)):
        raise Forbidden(decision.reason)
    article = _announced(session, actor, scope, notice.article_id)
    if article is not None and not notice.title.strip():
        title = session.scalar(
            select(Revision.title)
            .where(Revision.article_id == article.id, Revision.shown_from.is_not(None))
            .order_by(Revision.shown_from.desc())
            .limit(1)
        )
        notice = replace(notice, title=(title or "")[:TITLE_LIMIT])
    _check(session, notice, at)
    announcement = Announcement(
        title=notice.title.strip(),
        article_id=notice.article_id,
        owner_department_id=actor.department_id,
        author_id=actor.person_id,
        published_at=at,
    )
    _set_conditions(announcement, notice)
    session.add(announcement)
    session.flush()
    text = _add_text(session, actor, announcement, notice, at, is_material=True)
    _record(session, actor, "announcement.publish", announcement, text, at)
    everybody = not (announcement.audience_id or announcement.department_id or announcement.role)
    data: dict[str, object] = {"announcement_id": str(announcement.id), "required": announcement.is_required}
    if everybody and (article is None or not article.access_key):
        data["title"] = announcement.title
    emit(session, "announcement.published", data, at)
    return announcement


def rewrite(
    session: Session, actor: Actor, scope: AudienceScope, announcement_id: int, notice: Notice, at: datetime
) -> Announcement:
    """Change an announcement; another text becomes its next version, the article stays.

    Raises:
        Forbidden: if it is another department's.
        Invalid: with every broken rule by field.
        NotFound: if the actor may not know of it.
    """
    announcement = managed(session, actor, scope, announcement_id)
    notice = replace(notice, article_id=announcement.article_id)
    _check(session, notice, announcement.published_at)
    latest = latest_text(session, announcement)
    changed = (notice.title.strip(), notice.source.strip()) != (latest.title, latest.source)
    announcement.title = notice.title.strip()
    _set_conditions(announcement, notice)
    if changed:
        latest = _add_text(session, actor, announcement, notice, at, is_material=notice.is_material)
    _record(session, actor, "announcement.change", announcement, latest, at)
    return announcement


def withdraw(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    announcement_id: int,
    reason: str,
    at: datetime,
) -> Announcement:
    """Take an announcement back; what was confirmed stays on record.

    Raises:
        Invalid: without a reason.
    """
    announcement = managed(session, actor, scope, announcement_id)
    if not 0 < len(reason.strip()) <= SUMMARY_LIMIT:
        raise Invalid("公告没有收回。", {"reason": f"请填写收回的原因，最多 {SUMMARY_LIMIT} 个字。"})
    if announcement.withdrawn_at is None:
        announcement.withdrawn_at = at
        _settle_notifications(session, announcement, at)
        audit.record(
            session, actor, "announcement.withdraw", subject_of(announcement), at, reason=reason.strip()
        )
    return announcement


def _settle_notifications(session: Session, announcement: Announcement, at: datetime) -> None:
    # What was taken back needs no reading any more, and its page is gone for those who were told.
    keys = [f"{kind}:{announcement.id}:%" for kind in REMINDERS]
    session.execute(
        update(Notification)
        .where(
            or_(
                Notification.once_key == f"announcement:{announcement.id}",
                *[Notification.once_key.like(key) for key in keys],
            ),
            Notification.read_at.is_(None),
        )
        .values(read_at=at)
        .execution_options(synchronize_session=False)
    )


def _announced(
    session: Session, actor: Actor, scope: AudienceScope, article_id: int | None
) -> Article | None:
    if article_id is None:
        return None
    article = session.scalar(select(Article).where(Article.id == article_id, scope.clause()))
    is_shown = article is not None and session.scalar(
        select(Revision.id)
        .where(Revision.article_id == article.id, Revision.shown_from.is_not(None))
        .limit(1)
    )
    if article is None or not is_shown:
        raise Invalid("公告没有发布，请按提示修改。", {"article": "没有找到这篇知识。"})
    if not may_announce(session, actor, article):
        raise Forbidden("您只能公告自己有权撰写的知识。")
    return article


def _check(session: Session, notice: Notice, start: datetime) -> None:
    errors: dict[str, str] = {}
    if not 0 < len(notice.title.strip()) <= TITLE_LIMIT:
        errors["title"] = f"请填写标题，最多 {TITLE_LIMIT} 个字。"
    if len(notice.source) > TEXT_LIMIT:
        errors["source"] = f"内容最多 {TEXT_LIMIT:,} 个字，更长的内容请写成知识再发公告。"
    elif not notice.source.strip() and notice.article_id is None:
        errors["source"] = "请填写内容，或指定一篇知识。"
    if len(notice.change_summary) > SUMMARY_LIMIT:
        errors["change_summary"] = f"修改说明最多 {SUMMARY_LIMIT} 个字。"
    if notice.is_required and notice.due_at is None:
        errors["due"] = "必读公告请填写确认期限。"
    elif notice.due_at is not None and notice.due_at <= start:
        errors["due"] = "确认期限须晚于发布时间。"
    known: Mapping[str, tuple[type[Audience] | type[Department], int | None]] = {
        "audience": (Audience, notice.audience_id),
        "department": (Department, notice.department_id),
    }
    for field, (table, number) in known.items():
        if number is not None and session.get(table, number) is None:
            errors[field] = "没有这个选项。"
    if errors:
        raise Invalid("公告没有保存，请按提示修改。", errors)


def _set_conditions(announcement: Announcement, notice: Notice) -> None:
    announcement.audience_id = notice.audience_id
    announcement.department_id = notice.department_id
    announcement.role = notice.role.value if notice.role else None
    announcement.is_required = notice.is_required
    announcement.is_pinned = notice.is_pinned
    announcement.due_at = notice.due_at if notice.is_required else None


def _add_text(
    session: Session,
    actor: Actor,
    announcement: Announcement,
    notice: Notice,
    at: datetime,
    *,
    is_material: bool,
) -> AnnouncementText:
    source = notice.source.strip()
    try:
        rendered = render(source, "markdown", limit=TEXT_LIMIT)
    except MarkupTooLarge as error:
        reason = {"source": "内容的结构过于复杂，请减少嵌套层级。"}
        raise Invalid("公告没有保存，请按提示修改。", reason) from error
    number = session.scalar(
        select(func.max(AnnouncementText.number)).where(AnnouncementText.announcement_id == announcement.id)
    )
    title = notice.title.strip()
    text = AnnouncementText(
        announcement_id=announcement.id,
        number=(number or 0) + 1,
        title=title,
        source=source,
        html=rendered.html,
        text=rendered.text,
        content_hash=hashlib.sha256(f"{title}\n{source}".encode()).hexdigest(),
        is_material=is_material,
        change_summary=notice.change_summary.strip(),
        author_id=actor.person_id,
        created_at=at,
    )
    session.add(text)
    session.flush()
    return text


def _record(
    session: Session,
    actor: Actor,
    action: str,
    announcement: Announcement,
    text: AnnouncementText,
    at: datetime,
) -> None:
    detail = {
        "title": announcement.title,
        "article": announcement.article_id,
        "audience": announcement.audience_id,
        "department": announcement.department_id,
        "role": announcement.role,
        "required": announcement.is_required,
        "pinned": announcement.is_pinned,
        "due_at": announcement.due_at.isoformat() if announcement.due_at else None,
        "text": text.number,
        "material": text.is_material,
    }
    subject = subject_of(announcement)
    audit.record(session, actor, action, subject, at, revision_hash=text.content_hash, detail=detail)
