"""Secret addresses under which a feed reader, which cannot log in, reads as one person."""

import hashlib
import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor
from kb.models import Person
from kb.people import subject_of

TOKEN_BYTES = 24


def renew_token(session: Session, actor: Actor, at: datetime) -> str:
    """Give a person a new secret for feeds, told this once; the former one stops working."""
    person = session.get_one(Person, actor.person_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    person.feed_hash = _hash(token)
    audit.record(session, actor, "feed.token", subject_of(person), at)
    return token


def drop_token(session: Session, actor: Actor, at: datetime) -> None:
    """End a person's secret address for feeds."""
    person = session.get_one(Person, actor.person_id)
    person.feed_hash = None
    audit.record(session, actor, "feed.token_end", subject_of(person), at)


def has_token(session: Session, actor: Actor) -> bool:
    """Return whether a person has a secret address for feeds."""
    return session.scalar(select(Person.feed_hash).where(Person.id == actor.person_id)) is not None


def reader_of(session: Session, token: str) -> Actor | None:
    """Return as whom a secret reads, with the rights of this moment; ``None`` if it is worth nothing."""
    if not 16 <= len(token) <= 64:
        return None
    person = session.scalar(select(Person).where(Person.feed_hash == _hash(token), Person.is_active))
    return Actor.of(person) if person is not None else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
