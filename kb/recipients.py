"""To whom an announcement is addressed, person by person, for rosters and reminders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from kb.access import READS_EVERYTHING, Actor, belongs, path_ids
from kb.models import Announcement, Article, Audience, Department, DepartmentLead, Person, PersonRole, Role


@dataclass(frozen=True)
class Recipient:
    """An active person as rosters show them."""

    actor: Actor
    staff_number: str
    department: str

    @property
    def person_id(self) -> int:
        """Who it is."""
        return self.actor.person_id


class Addressing:
    """Decides for many announcements and people at once; asks the database three times in all.

    Args:
        session: Where to look.
        under: Only people of these departments and those below them; ``None`` for everybody.
    """

    def __init__(self, session: Session, under: Iterable[int] | None = None) -> None:
        self._people = _active_people(session, under)
        audiences = session.scalars(select(Audience).options(selectinload(Audience.rules)))
        self._audiences = {audience.id: audience for audience in audiences}

    def recipients(self, announcement: Announcement, access_key: str) -> list[Recipient]:
        """Return those who are addressed and may read what is announced.

        Args:
            access_key: Of the announced article; ``""`` if there is none.
        """
        return [person for person in self._people if self._is_meant(person.actor, announcement, access_key)]

    def _is_meant(self, actor: Actor, announcement: Announcement, access_key: str) -> bool:
        if announcement.role is not None and announcement.role not in actor.roles:
            return False
        if announcement.department_id is not None and announcement.department_id not in actor.department_ids:
            return False
        if announcement.audience_id is not None and not self._belongs(announcement.audience_id, actor):
            return False
        if actor.roles & READS_EVERYTHING:
            return True
        return all(self._belongs(int(part), actor) for part in access_key.split("+") if part)

    def _belongs(self, audience_id: int, actor: Actor) -> bool:
        audience = self._audiences.get(audience_id)
        return audience is not None and belongs(audience, actor)


def access_keys(session: Session, announcements: Sequence[Announcement]) -> dict[int, str]:
    """Return the access keys of the announced articles by article id, in one query."""
    ids = {item.article_id for item in announcements if item.article_id is not None}
    if not ids:
        return {}
    rows = session.execute(select(Article.id, Article.access_key).where(Article.id.in_(ids)))
    return {article_id: key for article_id, key in rows}


def led_departments(session: Session, actor: Actor) -> frozenset[int]:
    """Return the departments that the actor leads."""
    rows = session.scalars(
        select(DepartmentLead.department_id).where(DepartmentLead.person_id == actor.person_id)
    )
    return frozenset(rows)


def _active_people(session: Session, under: Iterable[int] | None) -> list[Recipient]:
    statement = (
        select(Person.id, Person.name, Person.staff_number, Department.id, Department.name, Department.path)
        .join(Department, Department.id == Person.department_id)
        .where(Person.is_active)
        .order_by(Department.path, Person.staff_number, Person.id)
    )
    if under is not None:
        places = [Department.path.contains(f"/{number}/", autoescape=True) for number in under]
        statement = statement.where(or_(*places) if places else Person.id.is_(None))
    roles: dict[int, set[Role]] = {}
    for person_id, role in session.execute(select(PersonRole.person_id, PersonRole.role)):
        roles.setdefault(person_id, set()).add(Role(role))
    return [
        Recipient(
            Actor(
                person_id,
                name,
                department_id,
                frozenset(path_ids(path)),
                frozenset(roles.get(person_id, ())),
            ),
            staff_number,
            department,
        )
        for person_id, name, staff_number, department_id, department, path in session.execute(statement)
    ]
