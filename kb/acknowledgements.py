"""Required reading: which version has to be confirmed by whom until when, and confirming it.

A confirmation is bound to one exact version: a revision of the announced article, or a text of the
announcement. A later version asks again if it is material; one that is not is covered by what was
confirmed before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, AudienceScope
from kb.announcement_versions import REMINDERS, Chain, Version, chain_of, chains, reminder_key
from kb.announcements import find, meant_for, readable, subject_of
from kb.errors import Conflict, Forbidden
from kb.models import Acknowledgement, Announcement, Notification, View


@dataclass(frozen=True)
class Asked:
    """What one person has to confirm; ``confirmed`` is the earlier version they confirmed, if any."""

    chain: Chain
    version: Version
    due_at: datetime
    confirmed: Version | None

    @property
    def announcement(self) -> Announcement:
        """The announcement that asks."""
        return self.chain.announcement

    def is_overdue(self, now: datetime) -> bool:
        """Return whether the time is over."""
        return self.due_at <= now


def pending(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    now: datetime,
    *,
    article_id: int | None = None,
) -> list[Asked]:
    """Return what the actor still has to confirm, the most urgent first, in at most four queries.

    Args:
        article_id: Only what is asked about this article.
    """
    statement = select(Announcement).where(
        Announcement.is_required,
        Announcement.withdrawn_at.is_(None),
        Announcement.published_at <= now,
        meant_for(actor),
        readable(scope),
    )
    if article_id is not None:
        statement = statement.where(Announcement.article_id == article_id)
    announcements = session.scalars(statement).all()
    if not announcements:
        return []
    confirmed = confirmed_versions(session, [item.id for item in announcements], actor.person_id)
    asked = []
    for chain in chains(session, announcements, now):
        mine = confirmed.get((chain.announcement.id, actor.person_id), set())
        version, due_at = chain.current, chain.due_at
        if version is not None and due_at is not None and not chain.is_satisfied(mine):
            asked.append(Asked(chain, version, due_at, chain.last_confirmed(mine)))
    return sorted(asked, key=lambda item: (item.due_at, item.announcement.id))


def confirmed_versions(
    session: Session, announcement_ids: Sequence[int], person_id: int | None = None
) -> dict[tuple[int, int], set[int]]:
    """Return the ids of the versions confirmed, by (announcement, person)."""
    statement = select(
        Acknowledgement.announcement_id,
        Acknowledgement.person_id,
        func.coalesce(Acknowledgement.revision_id, Acknowledgement.text_id),
    ).where(Acknowledgement.announcement_id.in_(announcement_ids))
    if person_id is not None:
        statement = statement.where(Acknowledgement.person_id == person_id)
    found: dict[tuple[int, int], set[int]] = {}
    for announcement_id, person, version_id in session.execute(statement):
        found.setdefault((announcement_id, person), set()).add(version_id)
    return found


def acknowledge(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    announcement_id: int,
    version_id: int,
    seen_hash: str,
    at: datetime,
) -> Acknowledgement:
    """Confirm having read exactly the version that the person had before them.

    Raises:
        Conflict: if another version is in force by now; nothing was confirmed.
        Forbidden: if the person is not among those who are asked.
        NotFound: if the person may not know of the announcement.
    """
    announcement = find(session, actor, scope, announcement_id)
    is_meant = session.scalar(
        select(Announcement.id).where(Announcement.id == announcement.id, meant_for(actor))
    )
    if not is_meant or not announcement.is_required or announcement.withdrawn_at is not None:
        raise Forbidden("这条公告不需要您确认。")
    chain = chain_of(session, announcement, at)
    version = chain.current
    if version is None or version.id != version_id or version.content_hash != seen_hash:
        raise Conflict("内容刚刚更新，您看到的不是现行版本；请阅读新版后再确认。")
    column = Acknowledgement.text_id if announcement.article_id is None else Acknowledgement.revision_id
    known = session.scalar(
        select(Acknowledgement).where(
            Acknowledgement.announcement_id == announcement.id,
            Acknowledgement.person_id == actor.person_id,
            column == version.id,
        )
    )
    if known is not None:
        return known
    row = Acknowledgement(
        announcement_id=announcement.id,
        person_id=actor.person_id,
        content_hash=version.content_hash,
        acknowledged_at=at,
        **{column.key: version.id},
    )
    session.add(row)
    session.flush()
    _settle_reminders(session, actor, chain, at)
    detail = {"version": version.number, "article": announcement.article_id}
    audit.record(
        session,
        actor,
        "announcement.acknowledge",
        subject_of(announcement),
        at,
        revision_hash=version.content_hash,
        detail=detail,
    )
    return row


def _settle_reminders(session: Session, actor: Actor, chain: Chain, at: datetime) -> None:
    # What was asked is done: its reminders need no reading any more.
    keys = [
        reminder_key(kind, chain.announcement.id, item.id) for kind in REMINDERS for item in chain.versions
    ]
    session.execute(
        update(Notification)
        .where(
            Notification.person_id == actor.person_id,
            Notification.once_key.in_(keys),
            Notification.read_at.is_(None),
        )
        .values(read_at=at)
        .execution_options(synchronize_session=False)
    )


def last_read(session: Session, actor: Actor, chain: Chain) -> Version | None:
    """Return the version that the person read last before the current one.

    The one last confirmed counts; who confirmed none of an article is known by what they opened.
    """
    earlier = [item for item in chain.versions if chain.current is None or item.id != chain.current.id]
    mine = confirmed_versions(session, [chain.announcement.id], actor.person_id)
    confirmed = chain.last_confirmed(mine.get((chain.announcement.id, actor.person_id), ()))
    if confirmed is not None:
        return confirmed if confirmed in earlier else None
    if chain.announcement.article_id is None or not earlier:
        return None
    opened = session.scalar(
        select(View.revision_id)
        .where(View.person_id == actor.person_id, View.revision_id.in_([item.id for item in earlier]))
        .order_by(View.viewed_at.desc())
        .limit(1)
    )
    return next((item for item in earlier if item.id == opened), None)
