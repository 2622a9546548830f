"""Contribution points: earning them by comments that helped, and reading them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select, true
from sqlalchemy.orm import Session

from kb.access import Actor, Permission, may
from kb.errors import Forbidden
from kb.models import Comment, Department, Person, Point
from kb.recipients import led_departments

# What a comment earns its author, by what came of it; thanks count once for each who thanks.
AMOUNTS = {"adopted": 5, "solved": 5, "thanked": 1}


@dataclass(frozen=True)
class Standing:
    """A person's points in a period: the total, and how many comments were adopted, solved, thanked for."""

    person_id: int
    name: str
    staff_number: str
    department: str
    total: int
    adopted: int
    solved: int
    thanked: int


@dataclass(frozen=True)
class Entry:
    """One line of a person's own ledger."""

    cause: str
    amount: int
    given_at: datetime
    article_id: int
    excerpt: str


def award(session: Session, comment: Comment, cause: str, given_by_id: int | None, at: datetime) -> int:
    """Give the author of a comment the points for a cause, unless they hold them already.

    Returns:
        The points given now.
    """
    if cause != "thanked" and _held(session, comment.id, cause) > 0:
        return 0
    # A reviewer who approves what solves their own comment gives nothing; the points still are theirs.
    giver = None if given_by_id == comment.author_id else given_by_id
    amount = AMOUNTS[cause]
    session.add(
        Point(
            person_id=comment.author_id,
            comment_id=comment.id,
            cause=cause,
            amount=amount,
            given_by_id=giver,
            given_at=at,
        )
    )
    return amount


def take_back(session: Session, comment: Comment, cause: str, at: datetime) -> None:
    """Enter the opposite of what the author of a comment holds for a cause."""
    held = _held(session, comment.id, cause)
    if held:
        session.add(
            Point(person_id=comment.author_id, comment_id=comment.id, cause=cause, amount=-held, given_at=at)
        )


def _held(session: Session, comment_id: int, cause: str) -> int:
    session.flush()
    return (
        session.scalar(
            select(func.sum(Point.amount)).where(Point.comment_id == comment_id, Point.cause == cause)
        )
        or 0
    )


def team_of(session: Session, actor: Actor) -> frozenset[int] | None:
    """Return the departments whose people's points the actor may see: those they lead; ``None`` is all."""
    if may(actor, Permission.INSIGHT_READ):
        return None
    return led_departments(session, actor)


def standings(
    session: Session,
    actor: Actor,
    since: datetime,
    until: datetime,
    department_id: int | None = None,
) -> list[Standing]:
    """Return who earned points in a period, most first.

    Args:
        since: First instant of the period.
        until: First instant after it.
        department_id: Only people of this department and those below it.

    Raises:
        Forbidden: if the actor may not see the points of others.
    """
    team = team_of(session, actor)
    if team is not None and not team:
        raise Forbidden("您只能查看自己的积分。")
    earned = (
        select(
            Point.person_id,
            func.sum(Point.amount).label("total"),
            *(_count_of(cause).label(cause) for cause in AMOUNTS),
        )
        .where(Point.given_at >= since, Point.given_at < until)
        .group_by(Point.person_id)
        .having(func.sum(Point.amount) != 0)
        .subquery()
    )
    rows = session.execute(
        select(Person.id, Person.name, Person.staff_number, Department.name.label("department"), earned)
        .join(earned, earned.c.person_id == Person.id)
        .join(Department, Department.id == Person.department_id)
        .where(_under(team), _under(None if department_id is None else {department_id}))
        .order_by(earned.c.total.desc(), Person.id)
    )
    return [
        Standing(
            row.id,
            row.name,
            row.staff_number,
            row.department,
            row.total,
            row.adopted,
            row.solved,
            row.thanked,
        )
        for row in rows
    ]


def own_entries(session: Session, actor: Actor, limit: int = 50) -> Sequence[Entry]:
    """Return the actor's own ledger, newest first."""
    rows = session.execute(
        select(Point.cause, Point.amount, Point.given_at, Comment.article_id, Comment.text)
        .join(Comment, Comment.id == Point.comment_id)
        .where(Point.person_id == actor.person_id)
        .order_by(Point.id.desc())
        .limit(limit)
    )
    return [Entry(cause, amount, at, article_id, text[:60]) for cause, amount, at, article_id, text in rows]


def own_total(session: Session, actor: Actor) -> int:
    """Return the points that the actor holds."""
    return session.scalar(select(func.sum(Point.amount)).where(Point.person_id == actor.person_id)) or 0


def _count_of(cause: str) -> ColumnElement[int]:
    sign = case((Point.amount > 0, 1), else_=-1)
    return func.coalesce(func.sum(case((Point.cause == cause, sign), else_=0)), 0)


def _under(department_ids: Collection[int] | None) -> ColumnElement[bool]:
    if department_ids is None:
        return true()
    return or_(*(Department.path.contains(f"/{number}/") for number in sorted(department_ids)))
