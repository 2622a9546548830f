"""Tells people who open the same draft about each other; nothing is locked."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb.models import EditorPresence, Person

# An open editor reports every 30 seconds, so that one lost report does not make a person vanish.
FRESH = timedelta(seconds=75)


def mark_editing(session: Session, revision_id: int, person_id: int, at: datetime) -> None:
    """Note that a person has a draft open."""
    found = session.scalar(
        select(EditorPresence).where(
            EditorPresence.revision_id == revision_id, EditorPresence.person_id == person_id
        )
    )
    if found is None:
        session.add(EditorPresence(revision_id=revision_id, person_id=person_id, seen_at=at))
        session.flush()
    else:
        found.seen_at = at


def stop_editing(session: Session, revision_id: int, person_id: int) -> None:
    """Forget that a person had a draft open."""
    session.execute(
        delete(EditorPresence).where(
            EditorPresence.revision_id == revision_id, EditorPresence.person_id == person_id
        )
    )


def others_editing(session: Session, revision_id: int, person_id: int, at: datetime) -> list[str]:
    """Return the names of the other people who have a draft open."""
    return list(
        session.scalars(
            select(Person.name)
            .join(EditorPresence, EditorPresence.person_id == Person.id)
            .where(
                EditorPresence.revision_id == revision_id,
                EditorPresence.person_id != person_id,
                EditorPresence.seen_at > at - FRESH,
            )
            .order_by(Person.name)
        )
    )
