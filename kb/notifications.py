"""What people are told: writing notifications, listing them by rights, marking them as read."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope
from kb.errors import NotFound
from kb.models import Article, Notification, Person
from kb.prepared import ask
from kb.webhook_outbox import emit

SUBJECT_LIMIT = 400
BATCH = 500


@dataclass(frozen=True)
class Line:
    """A notification as its receiver may see it.

    ``subject`` is empty and ``article_id`` is ``None`` if it concerns an article that the receiver
    may no longer read; ``is_hidden`` tells this from one that never named an article.
    """

    id: int
    kind: str
    subject: str
    article_id: int | None
    detail: Mapping[str, object]
    created_at: datetime
    read_at: datetime | None
    is_hidden: bool


@dataclass(frozen=True)
class Inbox:
    """One page of a person's notifications, the number of all that match, and of those not read."""

    lines: tuple[Line, ...]
    total: int
    unread: int


def notify(
    session: Session,
    person_ids: Iterable[int],
    kind: str,
    subject: str,
    at: datetime,
    *,
    article_id: int | None = None,
    detail: Mapping[str, object] | None = None,
    once_key: str | None = None,
    is_private: bool = False,
) -> int:
    """Tell people something, in the transaction of what happened, and the webhooks that want to know.

    Args:
        person_ids: Who is told; the same person twice is told once, who cannot log in is left out.
        kind: What happened, such as ``review_requested``; labels are in ``web.notifications``.
        subject: What it concerns, as a rule the title of the article; cut at 400 characters.
        at: When, aware.
        article_id: The article concerned. Its readers' rights then decide, whenever the list is shown,
            whether the subject and the detail appear.
        detail: JSON values; ``path`` is an address of this site to open instead of the article.
        once_key: Makes a repeated call with this key tell each person only once.
        is_private: Keep the subject out of webhooks even if everybody may read the article.

    Returns:
        How many people were told now.
    """
    receivers = _receivers(session, set(person_ids), once_key)
    values = [
        {
            "person_id": person_id,
            "kind": kind,
            "subject": subject[:SUBJECT_LIMIT],
            "article_id": article_id,
            "detail": json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True),
            "created_at": at,
            "once_key": once_key,
        }
        for person_id in receivers
    ]
    for start in range(0, len(values), BATCH):
        session.execute(insert(Notification), values[start : start + BATCH])
    if receivers:
        _tell_webhooks(session, receivers, kind, "" if is_private else subject, article_id, at)
    return len(receivers)


def _receivers(session: Session, wanted: set[int], once_key: str | None) -> dict[int, str]:
    """Return the user names of those to be told, by id."""
    found: dict[int, str] = {}
    ids = sorted(wanted)
    for start in range(0, len(ids), BATCH):
        statement = select(Person.id, Person.username).where(
            Person.id.in_(ids[start : start + BATCH]), Person.is_active
        )
        if once_key is not None:
            told = select(Notification.person_id).where(Notification.once_key == once_key)
            statement = statement.where(Person.id.not_in(told))
        found.update((person_id, username) for person_id, username in session.execute(statement))
    return found


def _tell_webhooks(
    session: Session,
    receivers: Mapping[int, str],
    kind: str,
    subject: str,
    article_id: int | None,
    at: datetime,
) -> None:
    key = None
    if article_id is not None:
        key = session.scalar(select(Article.access_key).where(Article.id == article_id))
    data: dict[str, object] = {"kind": kind, "receivers": sorted(receivers.values())}
    if article_id is not None:
        data["article_id"] = str(article_id)
    # Whoever reads a chat group may be anybody: only what everybody may read is named there.
    if subject and not key:
        data["subject"] = subject[:SUBJECT_LIMIT]
    emit(session, f"notification.{kind}", data, at)


_NOTED = Notification.__table__.c
_UNREAD = select(func.count(_NOTED.id)).where(
    _NOTED.person_id == bindparam("person"), _NOTED.read_at.is_(None)
)


def unread_count(session: Session, actor: Actor) -> int:
    """Return how many notifications the actor has not read."""
    return ask(session, _UNREAD, person=actor.person_id).scalar() or 0


def inbox(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    *,
    unread_only: bool = False,
    offset: int = 0,
    limit: int = 30,
) -> Inbox:
    """Return a page of the actor's notifications, newest first, by what the actor may read now."""
    mine = Notification.person_id == actor.person_id
    wanted = (mine, Notification.read_at.is_(None)) if unread_only else (mine,)
    rows = session.execute(
        select(Notification, Article.access_key)
        .outerjoin(Article, Article.id == Notification.article_id)
        .where(*wanted)
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    unread = unread_count(session, actor)
    total = unread
    if not unread_only:
        total = session.scalar(select(func.count()).select_from(Notification).where(mine)) or 0
    lines = tuple(_line(row, key is None or scope.admits(key)) for row, key in rows)
    return Inbox(lines, total, unread)


def _line(row: Notification, is_visible: bool) -> Line:
    return Line(
        row.id,
        row.kind,
        row.subject if is_visible else "",
        row.article_id if is_visible else None,
        json.loads(row.detail) if is_visible else {},
        row.created_at,
        row.read_at,
        not is_visible,
    )


def own_line(session: Session, actor: Actor, scope: AudienceScope, notification_id: int) -> Line:
    """Return one of the actor's notifications.

    Raises:
        NotFound: if it is somebody else's or does not exist.
    """
    row = session.execute(
        select(Notification, Article.access_key)
        .outerjoin(Article, Article.id == Notification.article_id)
        .where(Notification.id == notification_id, Notification.person_id == actor.person_id)
    ).first()
    if row is None:
        raise NotFound("没有找到这条通知。")
    return _line(row[0], row[1] is None or scope.admits(row[1]))


def mark_read(session: Session, actor: Actor, at: datetime, notification_id: int | None = None) -> int:
    """Mark one of the actor's notifications as read, or all of them, and return how many changed."""
    statement = update(Notification).where(
        Notification.person_id == actor.person_id, Notification.read_at.is_(None)
    )
    if notification_id is not None:
        statement = statement.where(Notification.id == notification_id)
    changed = session.execute(statement.values(read_at=at).execution_options(synchronize_session=False))
    return int(changed.rowcount)  # type: ignore[attr-defined]
