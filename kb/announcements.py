"""Announcements: to whom they are addressed, and which of them a person may see or change."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from kb.access import READS_EVERYTHING, Actor, AudienceScope, Permission, may, may_on
from kb.errors import Forbidden, NotFound
from kb.models import (
    Announcement,
    AnnouncementText,
    Article,
    AudienceRule,
    Department,
    Person,
    Role,
)


@dataclass(frozen=True)
class Listed:
    """An announcement in a list."""

    announcement: Announcement
    author: str
    department: str


def meant_for(actor: Actor) -> ColumnElement[bool]:
    """Return the SQL condition that an announcement is addressed to a person."""
    roles = [role.value for role in actor.roles]
    departments = sorted(actor.department_ids)
    in_audience = (
        select(AudienceRule.id)
        .where(
            AudienceRule.audience_id == Announcement.audience_id,
            or_(AudienceRule.department_id.is_not(None), AudienceRule.role.is_not(None)),
            or_(AudienceRule.department_id.is_(None), AudienceRule.department_id.in_(departments)),
            or_(AudienceRule.role.is_(None), AudienceRule.role.in_(roles)),
        )
        .exists()
    )
    return and_(
        or_(Announcement.audience_id.is_(None), in_audience),
        or_(Announcement.department_id.is_(None), Announcement.department_id.in_(departments)),
        or_(Announcement.role.is_(None), Announcement.role.in_(roles)),
    )


def readable(scope: AudienceScope) -> ColumnElement[bool]:
    """Return the SQL condition that an announcement is about no article, or about one in the scope."""
    admitted = select(Article.id).where(Article.id == Announcement.article_id, scope.clause())
    return or_(Announcement.article_id.is_(None), admitted.exists())


def may_see(actor: Actor) -> ColumnElement[bool]:
    """Return the SQL condition that a person may see an announcement, addressed or not."""
    if actor.roles & READS_EVERYTHING:
        return Announcement.id.is_not(None)
    mine = Announcement.author_id == actor.person_id
    if may(actor, Permission.ANNOUNCEMENT_WRITE):
        mine = or_(mine, Announcement.owner_department_id == actor.department_id)
    return or_(meant_for(actor), mine)


def may_manage(actor: Actor, announcement: Announcement) -> bool:
    """Return whether the actor may change or withdraw an announcement."""
    if not may(actor, Permission.ANNOUNCEMENT_WRITE):
        return False
    return Role.MANAGER in actor.roles or announcement.owner_department_id == actor.department_id


def may_announce(session: Session, actor: Actor, article: Article) -> bool:
    """Return whether the actor may announce an article: managers any, publishers what they may write."""
    if not may(actor, Permission.ANNOUNCEMENT_WRITE):
        return False
    if Role.MANAGER in actor.roles:
        return True
    return bool(may_on(session, actor, Permission.ARTICLE_WRITE, article.node, article.owner_department_id))


def find(session: Session, actor: Actor, scope: AudienceScope, announcement_id: int) -> Announcement:
    """Return an announcement that the actor may see, withdrawn or not.

    Raises:
        NotFound: if there is none, or the actor may not know of it.
    """
    found = session.scalar(
        select(Announcement).where(Announcement.id == announcement_id, may_see(actor), readable(scope))
    )
    if found is None or (found.withdrawn_at is not None and not _keeps_sight(actor, found)):
        raise NotFound("没有找到这条公告。")
    return found


def managed(session: Session, actor: Actor, scope: AudienceScope, announcement_id: int) -> Announcement:
    """Return an announcement that the actor may change.

    Raises:
        Forbidden: if the actor may only read it.
        NotFound: if the actor may not know of it.
    """
    announcement = find(session, actor, scope, announcement_id)
    if not may_manage(actor, announcement):
        raise Forbidden("只有发布部门和知识管理可以修改这条公告。")
    return announcement


def listed(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    *,
    withdrawn: bool = False,
    offset: int = 0,
    limit: int = 30,
) -> tuple[list[Listed], int]:
    """Return a page of the announcements that the actor may see, newest first, and how many there are.

    Args:
        withdrawn: Those taken back, which only their publishers and those who read everything see.
    """
    state = Announcement.withdrawn_at.is_not(None) if withdrawn else Announcement.withdrawn_at.is_(None)
    conditions = [state, may_see(actor), readable(scope)]
    if withdrawn and not actor.roles & READS_EVERYTHING:
        conditions.append(Announcement.owner_department_id == actor.department_id)
    rows = session.execute(
        select(Announcement, Person.name, Department.name)
        .join(Person, Person.id == Announcement.author_id)
        .join(Department, Department.id == Announcement.owner_department_id)
        .where(*conditions)
        .order_by(Announcement.is_pinned.desc(), Announcement.published_at.desc(), Announcement.id.desc())
        .offset(offset)
        .limit(limit)
    )
    items = [Listed(*row) for row in rows]
    total = session.scalar(select(func.count()).select_from(Announcement).where(*conditions)) or 0
    return items, total


def latest_text(session: Session, announcement: Announcement) -> AnnouncementText:
    """Return what an announcement says now."""
    return session.scalars(
        select(AnnouncementText)
        .where(AnnouncementText.announcement_id == announcement.id)
        .order_by(AnnouncementText.number.desc())
        .limit(1)
    ).one()


def texts_of(session: Session, announcement: Announcement) -> list[AnnouncementText]:
    """Return every text of an announcement, newest first."""
    return list(
        session.scalars(
            select(AnnouncementText)
            .where(AnnouncementText.announcement_id == announcement.id)
            .order_by(AnnouncementText.number.desc())
        )
    )


def subject_of(announcement: Announcement) -> str:
    """Return how the audit log names an announcement."""
    return f"announcement:{announcement.id}"


def _keeps_sight(actor: Actor, announcement: Announcement) -> bool:
    return bool(actor.roles & READS_EVERYTHING) or may_manage(actor, announcement)
