"""Lists of articles that want attention: due, soon due, expiring, or without a review date."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from kb.access import READS_EVERYTHING, Actor, AudienceScope, Permission, may, path_ids, place_scope
from kb.models import Article, Department, Person, ReviewCheck, Revision
from kb.revisions import is_shown_at

SOON = timedelta(days=30)


class Queue(StrEnum):
    """A list of articles in force that want attention."""

    OVERDUE = "overdue"
    SOON = "soon"
    EXPIRING = "expiring"
    UNPLANNED = "unplanned"


@dataclass(frozen=True)
class DueLine:
    """An article in a list; ``at`` is when it is due or expires, ``may_check`` whether the viewer may sign."""

    article_id: int
    title: str
    number: int
    content_hash: str
    department: str
    responsible: str
    at: datetime | None
    checked_at: datetime | None
    may_check: bool


@dataclass(frozen=True)
class DepartmentCounts:
    """How many articles of a department stand in each list."""

    department_id: int
    name: str
    path: str
    overdue: int
    soon: int
    expiring: int
    unplanned: int

    def is_under(self, department_id: int) -> bool:
        """Return whether this is the department, or one below it."""
        return department_id in path_ids(self.path)

    def of(self, queue: Queue) -> int:
        """Return the number for one list."""
        return int(getattr(self, queue.value))


def may_look(actor: Actor) -> bool:
    """Return whether the actor has anything to do with review dates."""
    if actor.roles & READS_EVERYTHING:
        return True
    return bool(may(actor, Permission.ARTICLE_WRITE) or may(actor, Permission.ARTICLE_APPROVE))


def queue(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    wanted: Queue,
    now: datetime,
    *,
    department_id: int | None = None,
    mine: bool = False,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[DueLine], int]:
    """Return a page of one list, the most urgent first, and how many there are.

    Args:
        department_id: Only what this department or one below it owns.
        mine: Only what the actor answers for by name.
    """
    conditions = [scope.clause(), is_shown_at(now), _in_queue(wanted, now)]
    conditions += _owned_under(department_id)
    if mine:
        conditions.append(Article.responsible_id == actor.person_id)
    responsible = aliased(Person)
    when = Revision.shown_to if wanted is Queue.EXPIRING else Article.review_due_at
    checked = (
        select(func.max(ReviewCheck.checked_at))
        .where(ReviewCheck.article_id == Article.id)
        .correlate(Article)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Article.id,
            Revision.title,
            Revision.number,
            Revision.content_hash,
            Department.name,
            func.coalesce(responsible.name, ""),
            when,
            checked,
            _signable(session, actor),
        )
        .join(Article, Article.id == Revision.article_id)
        .join(Department, Department.id == Article.owner_department_id)
        .outerjoin(responsible, responsible.id == Article.responsible_id)
        .where(*conditions)
        .order_by(when.is_(None), when, Article.id)
        .offset(offset)
        .limit(limit)
    )
    lines = [DueLine(*row[:8], may_check=bool(row[8])) for row in rows]
    total = session.scalar(
        select(func.count())
        .select_from(Revision)
        .join(Article, Article.id == Revision.article_id)
        .where(*conditions)
    )
    return lines, total or 0


def counts(session: Session, scope: AudienceScope, now: datetime) -> list[DepartmentCounts]:
    """Return the numbers of every department that owns articles in force, in one query."""
    sums = [func.sum(case((_in_queue(item, now), 1), else_=0)) for item in Queue]
    rows = session.execute(
        select(Department.id, Department.name, Department.path, *sums)
        .select_from(Revision)
        .join(Article, Article.id == Revision.article_id)
        .join(Department, Department.id == Article.owner_department_id)
        .where(scope.clause(), is_shown_at(now))
        .group_by(Department.id, Department.name, Department.path)
        .order_by(Department.id)
    )
    return [DepartmentCounts(*row[:3], *(int(value or 0) for value in row[3:])) for row in rows]


def _in_queue(wanted: Queue, now: datetime) -> ColumnElement[bool]:
    if wanted is Queue.OVERDUE:
        return Article.review_due_at <= now
    if wanted is Queue.SOON:
        return and_(Article.review_due_at > now, Article.review_due_at <= now + SOON)
    if wanted is Queue.UNPLANNED:
        return Article.review_due_at.is_(None)
    following = aliased(Revision)
    follows = select(following.id).where(
        following.article_id == Article.id, following.shown_from == Revision.shown_to
    )
    return and_(Revision.shown_to <= now + SOON, ~follows.correlate(Article, Revision).exists())


def _owned_under(department_id: int | None) -> list[ColumnElement[bool]]:
    if department_id is None:
        return []
    below = select(Department.id).where(Department.path.contains(f"/{department_id}/", autoescape=True))
    return [Article.owner_department_id.in_(below)]


def _signable(session: Session, actor: Actor) -> ColumnElement[bool]:
    return or_(
        Article.responsible_id == actor.person_id,
        place_scope(session, actor, Permission.ARTICLE_WRITE).clause(),
        place_scope(session, actor, Permission.ARTICLE_APPROVE).clause(),
    )
