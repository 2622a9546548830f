"""People: creating them, their passwords, whether they may log in, and how they like the pages."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, require
from kb.errors import Invalid, NotFound
from kb.models import Department, LoginSession, Person, PersonRole, Role
from kb.passwords import check_password_rules, hash_password, matches

USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
CHOICES: Mapping[str, frozenset[str]] = {
    "theme": frozenset({"auto", "light", "dark"}),
    "locale": frozenset({"zh", "en"}),
    "font_size": frozenset({"small", "medium", "large"}),
    "single_keys": frozenset({"on", "off"}),
}


def folded_username(username: str) -> str:
    """Return a user name as it is stored: without blanks around it, in lower case."""
    return username.strip().lower()


def create_person(
    session: Session,
    username: str,
    name: str,
    password: str,
    department: Department,
    roles: Iterable[Role],
    at: datetime,
    staff_number: str = "",
    *,
    by: Actor | None = None,
) -> Person:
    """Create a person who can log in.

    Args:
        at: When, aware.
        by: Who creates the account; ``None`` is the system.

    Raises:
        Invalid: with the reason by field.
    """
    require(by, Permission.PERSON_MANAGE)
    folded = folded_username(username)
    wanted = sorted(set(roles))
    errors: dict[str, str] = {}
    if not USERNAME.fullmatch(folded):
        errors["username"] = "用户名只能用字母、数字和 . _ @ -，最多 64 个字符。"
    elif session.scalar(select(Person.id).where(Person.username == folded)) is not None:
        errors["username"] = "这个用户名已经有人使用。"
    if not 0 < len(name.strip()) <= 64:
        errors["name"] = "请填写姓名，最多 64 个字。"
    if not wanted:
        errors["roles"] = "请至少选择一个角色。"
    try:
        check_password_rules(password, folded)
    except Invalid as error:
        errors |= error.errors
    if errors:
        raise Invalid("账号未能建立，请按提示修改。", errors)
    person = Person(
        username=folded,
        name=name.strip(),
        staff_number=staff_number.strip(),
        department=department,
        password_hash=hash_password(password),
        created_at=at,
        role_rows=[PersonRole(role=role) for role in wanted],
    )
    session.add(person)
    session.flush()
    audit.record(
        session, by, "person.create", subject_of(person), at, detail={"roles": wanted, "username": folded}
    )
    return person


def change_password(session: Session, person: Person, current: str, new: str, at: datetime) -> None:
    """Let a person choose another password, which ends all their logins.

    Raises:
        Invalid: if the current password is wrong or the new one is not good enough.
    """
    if not matches(person.password_hash, current):
        raise Invalid("当前密码不正确。", {"current": "当前密码不正确。"})
    check_password_rules(new, person.username)
    if new == current:
        raise Invalid("新密码不能与当前密码相同。", {"password": "新密码不能与当前密码相同。"})
    person.password_hash = hash_password(new)
    end_sessions(session, person)
    audit.record(session, Actor.of(person), "person.password", subject_of(person), at)


def set_active(
    session: Session, person: Person, is_active: bool, at: datetime, *, by: Actor | None = None
) -> None:
    """Allow or forbid a person to log in; forbidding ends all their logins at once."""
    person.is_active = is_active
    if not is_active:
        end_sessions(session, person)
    audit.record(session, by, "person.enable" if is_active else "person.disable", subject_of(person), at)


def end_sessions(session: Session, person: Person) -> None:
    """End every login of a person."""
    session.execute(delete(LoginSession).where(LoginSession.person_id == person.id))


def set_preferences(session: Session, person_id: int, chosen: Mapping[str, str]) -> Person:
    """Keep how a person likes the pages.

    Args:
        chosen: Any of ``theme`` (auto, light, dark), ``locale`` (zh, en), ``font_size`` (small,
            medium, large) and ``single_keys`` (on, off); others are left as they are.

    Raises:
        Invalid: if a name or a value is unknown.
        NotFound: if there is no such person.
    """
    for field, value in chosen.items():
        if value not in CHOICES.get(field, frozenset()):
            raise Invalid("没有这个选项。", {field: "没有这个选项。"})
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("没有找到这个用户。")
    for field, value in chosen.items():
        setattr(person, field, value == "on" if field == "single_keys" else value)
    return person


def names_of(session: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """Return the names of people by id."""
    wanted = set(person_ids)
    if not wanted:
        return {}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {person_id: name for person_id, name in rows}


def subject_of(person: Person) -> str:
    """Return how the audit log names a person."""
    return f"person:{person.id}"
