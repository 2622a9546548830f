"""Accounts as an administrator keeps them: finding people, changing, unlocking, closing, new passwords."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, require
from kb.errors import Forbidden, Invalid, NotFound
from kb.models import Department, Person, PersonRole, Role
from kb.passwords import hash_password
from kb.people import end_sessions, set_active, subject_of

PAGE = 50
# Letters and digits that nobody mistakes for one another when they are read out.
READABLE = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
PASSWORD_LENGTH = 14


@dataclass(frozen=True)
class PeopleFilter:
    """Which people to list; ``text`` is part of a user name, a name or a staff number."""

    text: str = ""
    department_id: int | None = None
    role: Role | None = None
    is_active: bool | None = None


def list_people(
    session: Session, chosen: PeopleFilter, page: int = 1, size: int = PAGE
) -> tuple[list[Person], int]:
    """Return one page of the people who fit, by department and user name, and how many fit."""
    conditions = _conditions(chosen)
    total = session.scalar(select(func.count()).select_from(Person).where(*conditions)) or 0
    rows = session.scalars(
        select(Person)
        .join(Department, Department.id == Person.department_id)
        .where(*conditions)
        .order_by(Person.is_active.desc(), Department.path, Person.username)
        .offset((max(1, page) - 1) * size)
        .limit(size)
    ).unique()
    return list(rows), total


def person_of(session: Session, person_id: int) -> Person:
    """Return a person.

    Raises:
        NotFound: if there is none with this id.
    """
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("没有找到这个用户。")
    return person


def change_person(
    session: Session,
    actor: Actor | None,
    person: Person,
    *,
    name: str,
    staff_number: str,
    department: Department,
    roles: Iterable[Role],
    at: datetime,
) -> None:
    """Change a person's name, place and roles; what they may do changes with their next request.

    Raises:
        Invalid: with the reason by field.
        Forbidden: if somebody changes their own roles.
    """
    require(actor, Permission.PERSON_MANAGE)
    wanted = sorted(set(roles))
    errors: dict[str, str] = {}
    if not 0 < len(name.strip()) <= 64:
        errors["name"] = "请填写姓名，最多 64 个字。"
    if len(staff_number.strip()) > 32:
        errors["staff_number"] = "工号最多 32 个字符。"
    if not wanted:
        errors["roles"] = "请至少选择一个角色。"
    if errors:
        raise Invalid("用户没有保存，请按提示修改。", errors)
    before = _plain(person)
    former = sorted(row.role for row in person.role_rows)
    if former != wanted:
        _refuse_own(actor, person, "不能修改自己的角色，请由另一位系统管理员办理。")
        if Role.ADMIN not in wanted:
            _keep_an_admin(session, person)
        kept = [row for row in person.role_rows if row.role in wanted]
        new = [PersonRole(role=role) for role in wanted if role not in former]
        person.role_rows = [*kept, *new]
    person.name, person.staff_number = name.strip(), staff_number.strip()
    person.department = department
    session.flush()
    detail = {"before": before, "after": _plain(person)}
    audit.record(session, actor, "person.change", subject_of(person), at, detail=detail)


def close_account(session: Session, actor: Actor | None, person: Person, at: datetime) -> None:
    """Forbid a person to log in and end their logins.

    Raises:
        Forbidden: if it is one's own account, or the last one that can manage accounts.
    """
    require(actor, Permission.PERSON_MANAGE)
    _refuse_own(actor, person, "不能停用自己的账号。")
    _keep_an_admin(session, person)
    set_active(session, person, False, at, by=actor)


def reopen_account(session: Session, actor: Actor | None, person: Person, at: datetime) -> None:
    """Allow a person to log in again."""
    require(actor, Permission.PERSON_MANAGE)
    set_active(session, person, True, at, by=actor)


def unlock_account(session: Session, actor: Actor | None, person: Person, at: datetime) -> None:
    """Let a person who typed a wrong password too often try again at once."""
    require(actor, Permission.PERSON_MANAGE)
    person.failed_logins, person.locked_until = 0, None
    audit.record(session, actor, "person.unlock", subject_of(person), at)


def reset_password(session: Session, actor: Actor | None, person: Person, at: datetime) -> str:
    """Give a person a new password that is told once, and end their logins.

    Raises:
        Forbidden: if it is one's own, which is changed with the current one instead.
    """
    require(actor, Permission.PERSON_MANAGE)
    _refuse_own(actor, person, "不能重置自己的密码，请用“修改密码”。")
    password = new_password()
    person.password_hash = hash_password(password)
    person.failed_logins, person.locked_until = 0, None
    end_sessions(session, person)
    audit.record(session, actor, "person.reset_password", subject_of(person), at)
    return password


def new_password() -> str:
    """Return a password that nobody guesses and that can be read out."""
    return "".join(secrets.choice(READABLE) for _place in range(PASSWORD_LENGTH))


def _conditions(chosen: PeopleFilter) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    text = chosen.text.strip()
    if text:
        conditions.append(
            or_(
                Person.username.contains(text.lower(), autoescape=True),
                Person.name.contains(text, autoescape=True),
                Person.staff_number.contains(text, autoescape=True),
            )
        )
    if chosen.department_id is not None:
        below = select(Department.id).where(Department.path.contains(f"/{chosen.department_id}/"))
        conditions.append(Person.department_id.in_(below))
    if chosen.role is not None:
        conditions.append(Person.id.in_(select(PersonRole.person_id).where(PersonRole.role == chosen.role)))
    if chosen.is_active is not None:
        conditions.append(Person.is_active.is_(chosen.is_active))
    return conditions


def _refuse_own(actor: Actor | None, person: Person, reason: str) -> None:
    if actor is not None and actor.person_id == person.id:
        raise Forbidden(reason)


def _keep_an_admin(session: Session, person: Person) -> None:
    others = session.scalar(
        select(func.count())
        .select_from(Person)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role == Role.ADMIN, Person.is_active, Person.id != person.id)
    )
    if not others and any(row.role == Role.ADMIN for row in person.role_rows):
        raise Forbidden("这是最后一个系统管理员，停用或改角色后就没有人能管理账号了。")


def _plain(person: Person) -> dict[str, object]:
    return {
        "name": person.name,
        "staff_number": person.staff_number,
        "department": person.department_id,
        "roles": sorted(row.role for row in person.role_rows),
    }
