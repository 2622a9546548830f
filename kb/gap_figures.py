"""What is asked in vain in a period: the gaps with their askers, owners, age and state, for those who steer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from kb.insights import SMALLEST_GROUP, Period
from kb.models import Department, Gap, GapAsker


@dataclass(frozen=True)
class GapFigure:
    """One question; ``people`` is ``None`` where fewer than five asked."""

    text: str
    people: int | None
    department: str
    state: str
    asked_first: datetime
    asked_last: datetime
    waited_seconds: float


@dataclass(frozen=True)
class GapFigures:
    """The questions asked by most people, and how many there are in each state."""

    lines: Sequence[GapFigure]
    open: int
    answered: int
    declined: int


def gap_figures(session: Session, period: Period, now: datetime, limit: int = 50) -> GapFigures:
    """Return the gaps that were asked or closed in a period, or wait still; in two queries.

    Args:
        period: Its department is the one that shall answer, with those below it.
    """
    wanted = _wanted(period)
    people = select(func.count()).select_from(GapAsker).where(GapAsker.gap_id == Gap.id).scalar_subquery()
    rows = session.execute(
        select(Gap, people, Department.name)
        .join(Department, Department.id == Gap.department_id)
        .where(wanted)
        .order_by(people.desc(), Gap.asked_at.desc(), Gap.id.desc())
        .limit(limit)
    )
    lines = [
        GapFigure(
            gap.text,
            asked if asked >= SMALLEST_GROUP else None,
            department,
            gap.state,
            gap.created_at,
            gap.asked_at,
            ((gap.closed_at or now) - gap.created_at).total_seconds(),
        )
        for gap, asked, department in rows
    ]
    sums = session.execute(
        select(
            *[func.sum(case((Gap.state == state, 1), else_=0)) for state in ("open", "answered", "declined")]
        )
        .select_from(Gap)
        .join(Department, Department.id == Gap.department_id)
        .where(wanted)
    ).one()
    return GapFigures(lines, *(int(value or 0) for value in sums))


def _wanted(period: Period) -> ColumnElement[bool]:
    moved = or_(
        and_(Gap.asked_at >= period.start, Gap.asked_at < period.end),
        and_(Gap.closed_at >= period.start, Gap.closed_at < period.end),
        and_(Gap.state == "open", Gap.created_at < period.end),
    )
    if period.department_id is None:
        return moved
    return and_(moved, Department.path.contains(f"/{period.department_id}/"))
