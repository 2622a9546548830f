"""Writes the hash-chained audit log in the transaction of the action, and verifies the chain."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from kb.access import Actor, Permission, require
from kb.masking import mask_personal_data
from kb.models import AuditEvent, ChangeCounter, Person

GENESIS = "0" * 64
_CHECKSUM = re.compile(r"[0-9a-f]{32,128}")


@dataclass(frozen=True)
class EventFilter:
    """Which events are looked for; empty parts do not count. Instants are aware, ``until`` is exclusive.

    ``person`` is part of a name, a username or a staff number; ``subject`` the beginning of one, such as
    ``article:12``; ``before`` the id of an event of which only older ones are wanted.
    """

    action: str = ""
    person: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None


def record(
    session: Session,
    actor: Actor | None,
    action: str,
    subject: str,
    at: datetime,
    *,
    revision_hash: str = "",
    reason: str = "",
    detail: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Append one event to the chain.

    Args:
        actor: Who acted; ``None`` for a job of the system.
        action: Verb such as ``article.import``.
        subject: What it was done to, such as ``article:12``.
        at: When, aware UTC.
        revision_hash: Content hash of the revision concerned.
        reason: Why, in the actor's words; personal data is masked.
        detail: Further JSON values, masked as well.
    """
    # Holding the counter row keeps two writers from reading the same last event on PostgreSQL.
    session.execute(update(ChangeCounter).values(value=ChangeCounter.value))
    previous = session.scalar(select(AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1)) or GENESIS
    event = AuditEvent(
        # The hash is over the instant as it is read back: in UTC, whatever zone the caller counts in.
        at=at.astimezone(UTC),
        actor_id=actor.person_id if actor else None,
        actor_name=actor.name if actor else "系统",
        action=action,
        subject=subject,
        revision_hash=revision_hash,
        reason=mask_personal_data(reason),
        detail=json.dumps(_masked(detail or {}), ensure_ascii=False, sort_keys=True),
        previous_hash=previous,
        hash="",
    )
    event.hash = event_hash(event)
    session.add(event)
    session.flush()
    return event


def _masked(value: object) -> object:
    if isinstance(value, str):
        # The digits of a checksum are nobody's number, and have to stay what they are.
        return value if _CHECKSUM.fullmatch(value) else mask_personal_data(value)
    if isinstance(value, Mapping):
        return {name: _masked(inner) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_masked(inner) for inner in value]
    return value


def event_hash(event: AuditEvent) -> str:
    """Return the SHA-256 over all columns of an event but its id and its own hash."""
    fields = [
        event.at.isoformat(timespec="microseconds"),
        event.actor_id,
        event.actor_name,
        event.action,
        event.subject,
        event.revision_hash,
        event.reason,
        event.detail,
        event.previous_hash,
    ]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


def first_broken(session: Session) -> int | None:
    """Return the id of the first event that does not fit the chain, or ``None`` if all do."""
    previous = GENESIS
    for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=500)):
        if event.previous_hash != previous or event.hash != event_hash(event):
            return event.id
        previous = event.hash
    return None


def find_events(session: Session, actor: Actor, wanted: EventFilter, limit: int) -> list[AuditEvent]:
    """Return the newest events that a filter lets through.

    Raises:
        Forbidden: if the actor may not read the audit log.
    """
    require(actor, Permission.AUDIT_READ)
    statement = _matching(select(AuditEvent), wanted)
    return list(session.scalars(statement.order_by(AuditEvent.id.desc()).limit(limit)))


def known_actions(session: Session) -> Sequence[str]:
    """Return every action that was ever recorded, in alphabetical order."""
    return session.scalars(select(AuditEvent.action).distinct().order_by(AuditEvent.action)).all()


def _matching(statement: Select[AuditEvent], wanted: EventFilter) -> Select[AuditEvent]:
    if wanted.action:
        statement = statement.where(AuditEvent.action == wanted.action)
    if person := wanted.person.strip():
        numbered = select(Person.id).where(
            or_(Person.staff_number == person, Person.username == person.lower())
        )
        by_name = AuditEvent.actor_name.contains(person, autoescape=True)
        statement = statement.where(or_(by_name, AuditEvent.actor_id.in_(numbered)))
    if subject := wanted.subject.strip():
        # A number stands for itself alone: article:1 is not the beginning of article:12.
        exact = AuditEvent.subject == subject
        is_whole = subject[-1:].isdigit()
        statement = statement.where(
            exact if is_whole else AuditEvent.subject.startswith(subject, autoescape=True)
        )
    if wanted.since is not None:
        statement = statement.where(AuditEvent.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditEvent.at < wanted.until)
    if wanted.before is not None:
        statement = statement.where(AuditEvent.id < wanted.before)
    return statement
