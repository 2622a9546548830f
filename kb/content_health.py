"""How the texts in force stand by department: due for a look, ending, unread, without anybody in charge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from kb.models import Article, Department, Person, PersonRole, Revision, Role, View
from kb.revisions import is_shown_at

# What has no review date counts as stale when nobody has changed it for so long.
STALE_AFTER = timedelta(days=365)
ENDING_WITHIN = timedelta(days=30)
UNREAD_FOR = timedelta(days=90)


@dataclass(frozen=True)
class Health:
    """The texts in force of one department: how many, and how many need a look."""

    department_id: int
    department: str
    articles: int
    stale: int
    ending: int
    unread: int
    unowned: int

    @property
    def wanting(self) -> int:
        """How many times something is wanting; an article can be counted more than once."""
        return self.stale + self.ending + self.unread + self.unowned


def health(session: Session, now: datetime, department_id: int | None = None) -> list[Health]:
    """Return by department how the texts in force stand, worst first, in two queries.

    Stale is what is past its review date, or has none and is older than a year; ending, what leaves
    within 30 days with nothing to follow; unread, what nobody opened in 90 days; unowned, what has
    neither a responsible person nor a publisher in its department or below.
    """
    following, keeper = aliased(Revision), aliased(Person)
    read = select(View.id).where(View.article_id == Article.id, View.viewed_at > now - UNREAD_FOR).exists()
    follows = (
        select(following.id)
        .where(following.article_id == Article.id, following.shown_from == Revision.shown_to)
        .exists()
    )
    stale = or_(
        Article.review_due_at <= now,
        and_(Article.review_due_at.is_(None), Revision.approved_at < now - STALE_AFTER),
    )
    ending = and_(Revision.shown_to.is_not(None), Revision.shown_to <= now + ENDING_WITHIN, ~follows)
    statement = (
        select(
            Department.id,
            Department.name,
            Department.path,
            func.count(),
            _count(stale),
            _count(ending),
            _count(~read),
            _count(keeper.id.is_(None)),
        )
        .join(Article, Article.owner_department_id == Department.id)
        .join(Revision, Revision.article_id == Article.id)
        .outerjoin(keeper, and_(keeper.id == Article.responsible_id, keeper.is_active))
        .where(is_shown_at(now))
        .group_by(Department.id, Department.name, Department.path)
    )
    if department_id is not None:
        statement = statement.where(Department.path.contains(f"/{department_id}/"))
    writing = _departments_with_publishers(session)
    lines = []
    for number, name, path, articles, *counts in session.execute(statement):
        late, leaving, unread, without_keeper = (int(value or 0) for value in counts)
        is_written = any(place.startswith(path) for place in writing)
        lines.append(
            Health(number, name, articles, late, leaving, unread, 0 if is_written else without_keeper)
        )
    return sorted(lines, key=lambda line: (-line.wanting, line.department))


def total(lines: Sequence[Health]) -> Mapping[str, int]:
    """Return the sums over all departments by the name of the figure."""
    names = ("articles", "stale", "ending", "unread", "unowned")
    return {name: sum(int(getattr(line, name)) for line in lines) for name in names}


def _departments_with_publishers(session: Session) -> Sequence[str]:
    return session.scalars(
        select(Department.path)
        .join(Person, Person.department_id == Department.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(Person.is_active, PersonRole.role == Role.PUBLISHER)
        .distinct()
    ).all()


def _count(condition: ColumnElement[bool] | Any) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
