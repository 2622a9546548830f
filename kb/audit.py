"""Writes the hash-chained audit log in the transaction of the action, and verifies the chain."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.models import AuditEvent, ChangeCounter

GENESIS = "0" * 64


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
        reason: Why, in the actor's words.
        detail: Further JSON values.
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
        reason=reason,
        detail=json.dumps(detail or {}, ensure_ascii=False, sort_keys=True),
        previous_hash=previous,
        hash="",
    )
    event.hash = event_hash(event)
    session.add(event)
    session.flush()
    return event


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
