"""What other pages show of required reading: the strip on the home page and the bar on an article."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope
from kb.acknowledgements import Asked, pending
from kb.announcements import meant_for, readable
from kb.clock import local_day
from kb.models import Announcement
from web.transactions import services

STRIP_LINES = 4


@dataclass(frozen=True)
class Asking:
    """One confirmation that is wanted, ready to be shown."""

    asked: Asked
    is_overdue: bool
    is_again: bool


@dataclass(frozen=True)
class Strip:
    """The strip at the top of the home page: the most urgent of ``total``, and what is pinned."""

    wanted: Sequence[Asking]
    total: int
    pinned: Sequence[Announcement]


def strip(session: Session, actor: Actor, scope: AudienceScope, moment: datetime) -> Strip:
    """Return what the home page shows, in at most five questions."""
    asked = pending(session, actor, scope, moment)
    shown = {item.announcement.id for item in asked}
    pinned = session.scalars(
        select(Announcement)
        .where(
            Announcement.is_pinned,
            Announcement.withdrawn_at.is_(None),
            meant_for(actor),
            readable(scope),
            Announcement.id.not_in(shown),
        )
        .order_by(Announcement.published_at.desc())
        .limit(STRIP_LINES)
    ).all()
    return Strip([asking(item, moment) for item in asked[:STRIP_LINES]], len(asked), pinned)


def asking_of(
    session: Session, actor: Actor, scope: AudienceScope, article_id: int, moment: datetime
) -> Asking | None:
    """Return what is asked of the actor about an article, or ``None``."""
    found = pending(session, actor, scope, moment, article_id=article_id)
    return asking(found[0], moment) if found else None


def asking(asked: Asked, moment: datetime) -> Asking:
    """Return a wanted confirmation as pages show it."""
    return Asking(asked, asked.is_overdue(moment), asked.confirmed is not None)


def deadline(value: datetime | None) -> str:
    """Write the end of a time limit: the last day, or day and minute if it ends during a day."""
    if value is None:
        return ""
    zone = services().zone
    local = value.astimezone(zone)
    if (local.hour, local.minute) == (0, 0):
        return local_day(value - timedelta(seconds=1), zone).isoformat()
    return local.strftime("%Y-%m-%d %H:%M")
