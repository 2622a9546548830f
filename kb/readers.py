"""Which people may read an article: the audience rule turned round, as one SQL condition on people."""

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from kb.access import READS_EVERYTHING
from kb.models import Audience, AudienceRule, Department, Person, PersonRole


def may_read(session: Session, access_key: str) -> ColumnElement[bool]:
    """Return the SQL condition on ``Person``: active, and admitted by an article's access key.

    Args:
        access_key: Conjunction of audiences as articles carry it; ``""`` admits everybody.
    """
    active = Person.is_active.is_(True)
    ids = [int(part) for part in access_key.split("+") if part]
    if not ids:
        return active
    audiences = {
        audience.id: audience for audience in session.scalars(select(Audience).where(Audience.id.in_(ids)))
    }
    admitted = [_belongs(audiences[number]) if number in audiences else false() for number in ids]
    return and_(active, or_(holds_role(*READS_EVERYTHING), and_(*admitted)))


def below(department_id: int) -> ColumnElement[bool]:
    """Return the SQL condition on ``Person``: in the department or one below it."""
    inside = select(Department.id).where(Department.path.contains(f"/{department_id}/"))
    return Person.department_id.in_(inside)


def holds_role(*roles: str) -> ColumnElement[bool]:
    """Return the SQL condition on ``Person``: holds any of the roles."""
    return Person.id.in_(select(PersonRole.person_id).where(PersonRole.role.in_(sorted(roles))))


def _belongs(audience: Audience) -> ColumnElement[bool]:
    return or_(false(), *(_matches(rule) for rule in audience.rules))


def _matches(rule: AudienceRule) -> ColumnElement[bool]:
    wanted = []
    if rule.department_id is not None:
        wanted.append(below(rule.department_id))
    if rule.role is not None:
        wanted.append(holds_role(rule.role))
    return and_(*wanted) if wanted else false()
