"""Logging in and out: attempts, lockout, and login sessions that the server can end at any moment."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session, joinedload

from kb import audit
from kb.access import Actor
from kb.models import Department, LoginSession, Person, PersonRole
from kb.passwords import hash_password, is_outdated, matches
from kb.people import folded_username, subject_of
from kb.prepared import ask
from kb.structure import VERSION, note_version

FAILURES_ALLOWED = 5
LOCKOUT = timedelta(minutes=15)
SESSIONS_ALLOWED = 5
SEEN_EVERY = timedelta(minutes=1)
TOKEN_BYTES = 32


@dataclass(frozen=True)
class PasswordCheck:
    """A typed password compared with the stored one, outside the transaction that acts on it.

    ``stored`` is the hash compared with (``None`` for an unknown user name) and ``renewed`` a fresh
    hash if that one has become too weak.
    """

    username: str
    stored: str | None
    fits: bool
    renewed: str | None = None


@dataclass(frozen=True)
class Attempt:
    """What became of an attempt to log in.

    ``token`` is the secret of the new login, or ``None``; ``minutes_locked`` says how long the account
    refuses every password. A wrong name and a wrong password are deliberately not told apart.
    """

    token: str | None
    person_id: int | None = None
    minutes_locked: int = 0


def check_password(session: Session, username: str, password: str) -> PasswordCheck:
    """Compare a typed password; takes the same time whether or not the user name exists.

    Done before the writing transaction, so that hashing never holds up other writers.
    """
    folded = folded_username(username)
    stored = session.scalar(select(Person.password_hash).where(Person.username == folded))
    fits = matches(stored, password)
    renewed = hash_password(password) if fits and stored is not None and is_outdated(stored) else None
    return PasswordCheck(folded, stored, fits, renewed)


def log_in(
    session: Session,
    check: PasswordCheck,
    at: datetime,
    address: str,
    length: timedelta = timedelta(hours=12),
) -> Attempt:
    """Open a login session, or count the failure; never raises, so that the count is committed.

    Args:
        check: The comparison made by ``check_password``.
        at: Now, aware.
        address: Where the request came from, for the audit log.
        length: How long the login lasts at most.
    """
    person = session.scalar(
        select(Person).where(Person.username == check.username).with_for_update(of=Person)
    )
    if person is None:
        # The typed name is not kept: people type passwords into the wrong field.
        audit.record(session, None, "login.fail", "person:unknown", at, detail={"address": address})
        return Attempt(None)
    if person.locked_until is not None and person.locked_until > at:
        detail = {"address": address, "locked": True}
        audit.record(session, None, "login.fail", subject_of(person), at, detail=detail)
        return Attempt(None, person.id, _minutes_left(person.locked_until, at))
    # A password changed since the comparison makes the comparison worthless.
    if not (check.fits and check.stored == person.password_hash and person.is_active):
        return _count_failure(session, person, at, address)
    person.failed_logins, person.locked_until = 0, None
    person.password_hash = check.renewed or person.password_hash
    token = _open_session(session, person, at, address, length)
    audit.record(session, Actor.of(person), "login", subject_of(person), at, detail={"address": address})
    return Attempt(token, person.id)


def session_person(
    session: Session, token: str, at: datetime, idle: timedelta
) -> tuple[Person, LoginSession] | None:
    """Return whose login a token is, in one query, or ``None`` if it has ended for any reason.

    Args:
        idle: How long a login survives without a request.
    """
    found = (
        session.execute(
            select(Person, LoginSession)
            .join(LoginSession, LoginSession.person_id == Person.id)
            .where(
                LoginSession.token_hash == _hash(token),
                LoginSession.expires_at > at,
                LoginSession.last_seen_at > at - idle,
                Person.is_active,
            )
            .options(joinedload(Person.role_rows))
        )
        .unique()
        .first()
    )
    return None if found is None else (found[0], found[1])


_STATE = (
    select(
        LoginSession.__table__.c.last_seen_at,
        VERSION.scalar_subquery(),
        *Person.__table__.c,
        *Department.__table__.c,
        select(func.aggregate_strings(PersonRole.__table__.c.role, "+"))
        .where(PersonRole.__table__.c.person_id == Person.__table__.c.id)
        .scalar_subquery(),
    )
    .select_from(LoginSession.__table__)
    .join(Person.__table__, LoginSession.__table__.c.person_id == Person.__table__.c.id)
    .join(Department.__table__, Person.__table__.c.department_id == Department.__table__.c.id)
    .where(
        LoginSession.__table__.c.token_hash == bindparam("token_hash"),
        LoginSession.__table__.c.expires_at > bindparam("at"),
        LoginSession.__table__.c.last_seen_at > bindparam("since"),
        Person.__table__.c.is_active,
    )
)


def session_state(
    session: Session, token: str, at: datetime, idle: timedelta
) -> tuple[datetime, tuple[object, ...]] | None:
    """Return when a login was last noted to be in use, and everything that its person is made of.

    A person read before is the same as long as the second value is; that asks less than reading them anew.

    Returns:
        ``None`` if the login has ended for any reason, as for ``session_person``.
    """
    row = ask(session, _STATE, token_hash=_hash(token), at=at, since=at - idle).first()
    if row is None:
        return None
    last_seen_at, version, *person = tuple(row)
    # Every page needs it in a moment: read along, it costs no question of its own.
    note_version(session, version)
    return last_seen_at, tuple(person)


def is_stale(last_seen_at: datetime, at: datetime) -> bool:
    """Return whether it is time to note that a login is still in use."""
    return at - last_seen_at >= SEEN_EVERY


def mark_seen(session: Session, token: str, at: datetime) -> None:
    """Note that a login is in use, which restarts its idle time."""
    login = session.get(LoginSession, _hash(token))
    if login is not None and at > login.last_seen_at:
        login.last_seen_at = at


def log_out(session: Session, token: str, at: datetime) -> None:
    """End a login; does nothing if it has ended already."""
    login = session.get(LoginSession, _hash(token))
    if login is None:
        return
    person = session.get_one(Person, login.person_id)
    session.delete(login)
    audit.record(session, Actor.of(person), "logout", subject_of(person), at)


def _count_failure(session: Session, person: Person, at: datetime, address: str) -> Attempt:
    if person.locked_until is not None:
        person.failed_logins, person.locked_until = 0, None
    person.failed_logins += 1
    detail = {"address": address, "failures": person.failed_logins}
    audit.record(session, None, "login.fail", subject_of(person), at, detail=detail)
    if person.failed_logins < FAILURES_ALLOWED:
        return Attempt(None, person.id)
    person.locked_until = at + LOCKOUT
    audit.record(session, None, "login.lock", subject_of(person), at, detail={"address": address})
    return Attempt(None, person.id, _minutes_left(person.locked_until, at))


def _open_session(session: Session, person: Person, at: datetime, address: str, length: timedelta) -> str:
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= at))
    older = session.scalars(
        select(LoginSession)
        .where(LoginSession.person_id == person.id)
        .order_by(LoginSession.created_at.desc())
        .offset(SESSIONS_ALLOWED - 1)
    )
    for login in older:
        session.delete(login)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    session.add(
        LoginSession(
            token_hash=_hash(token),
            person_id=person.id,
            created_at=at,
            last_seen_at=at,
            expires_at=at + length,
            address=address[:64],
        )
    )
    return token


def _minutes_left(until: datetime, at: datetime) -> int:
    return max(1, -(-int((until - at).total_seconds()) // 60))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
