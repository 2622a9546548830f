"""What the clock makes due: people are reminded once of each thing, however often this runs.

Finding out is reading and may take a while in a large bank; only sending takes the one writer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.acknowledgements import confirmed_versions
from kb.announcement_versions import REMINDERS, Chain, chains, reminder_key
from kb.models import Announcement, Article, Notification, Person, PersonRole, Revision, Role
from kb.notifications import notify
from kb.recipients import Addressing, Recipient, access_keys
from kb.revisions import is_shown_at
from kb.rosters import outstanding

BEFORE_DUE = timedelta(days=1)
BEFORE_REVIEW = timedelta(days=14)


@dataclass(frozen=True)
class Reminder:
    """A notification to write for people who were not told yet; ``once_key`` names it for ever."""

    kind: str
    person_ids: frozenset[int]
    subject: str
    article_id: int | None
    detail: Mapping[str, object]
    once_key: str


def of_announcements(session: Session, at: datetime, only: int | None = None) -> list[Reminder]:
    """Return whom to tell what they have to confirm: when it is asked, a day before the end, and after it.

    Args:
        only: The id of one announcement to look at.
    """
    statement = select(Announcement).where(
        Announcement.is_required, Announcement.withdrawn_at.is_(None), Announcement.published_at <= at
    )
    if only is not None:
        statement = statement.where(Announcement.id == only)
    active = session.scalars(statement).all()
    if not active:
        return []
    addressing, keys = Addressing(session), access_keys(session, active)
    confirmed: dict[int, dict[int, set[int]]] = {}
    found = confirmed_versions(session, [item.id for item in active])
    for (announcement_id, person_id), versions in found.items():
        confirmed.setdefault(announcement_id, {})[person_id] = versions
    reminders = []
    for chain in chains(session, active, at):
        announcement = chain.announcement
        people = addressing.recipients(announcement, keys.get(announcement.article_id or 0, ""))
        waiting = outstanding(chain, people, confirmed.get(announcement.id, {}))
        reminders += _about(session, chain, waiting, at)
    return reminders


def of_reviews(session: Session, at: datetime) -> list[Reminder]:
    """Return whom to tell which articles have to be looked at: two weeks before the date, and on it.

    Who answers for several gets one line for all of them, and another only when one more falls due.
    """
    due = session.execute(
        select(
            Article.id,
            Revision.title,
            Article.review_due_at,
            Article.responsible_id,
            Article.owner_department_id,
        )
        .join(Revision, Revision.article_id == Article.id)
        .where(is_shown_at(at), Article.review_due_at <= at + BEFORE_REVIEW)
    ).all()
    writers = _writers(session) if due else {}
    lists: dict[int, list[_Due]] = {}
    for article_id, title, due_at, responsible, department in due:
        if due_at is None:
            continue
        people = [responsible] if responsible is not None else writers.get(department, [])
        for person_id in people:
            lists.setdefault(person_id, []).append(_Due(article_id, title, due_at))
    reminders = []
    for person_id, items in lists.items():
        reminder = _about_reviews(person_id, items, at)
        if not_told(session, [person_id], reminder.once_key):
            reminders.append(reminder)
    return reminders


@dataclass(frozen=True)
class _Due:
    article_id: int
    title: str
    due_at: datetime

    def noticed_at(self, at: datetime) -> datetime:
        """When this came to the person's attention last: on the date, or two weeks before it."""
        return self.due_at if self.due_at <= at else self.due_at - BEFORE_REVIEW


def _about_reviews(person_id: int, items: Sequence[_Due], at: datetime) -> Reminder:
    newest = max(item.noticed_at(at) for item in items)
    late = sum(item.due_at <= at for item in items)
    kind = "review_overdue" if late else "review_due"
    key = f"review:{int(newest.timestamp())}"
    if len(items) == 1:
        item = items[0]
        detail = {"path": f"/due/{item.article_id}", "due_at": item.due_at.isoformat()}
        return Reminder(kind, frozenset({person_id}), item.title, item.article_id, detail, key)
    subject = f"{len(items)} 篇知识待复核" + (f"，其中 {late} 篇已逾期" if late else "")
    path = "/due" if late else "/due?show=soon"
    counted = {"path": path, "count": len(items), "late": late}
    return Reminder(kind, frozenset({person_id}), subject, None, counted, key)


def _writers(session: Session) -> dict[int, list[int]]:
    rows = session.execute(
        select(Person.department_id, Person.id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(Person.is_active, PersonRole.role == Role.PUBLISHER)
    )
    found: dict[int, list[int]] = {}
    for department_id, person_id in rows:
        found.setdefault(department_id, []).append(person_id)
    return found


def send(session: Session, reminders: Iterable[Reminder], at: datetime) -> int:
    """Write the notifications, leaving out whom somebody else told meanwhile, and return how many."""
    return sum(
        notify(
            session,
            reminder.person_ids,
            reminder.kind,
            reminder.subject,
            at,
            article_id=reminder.article_id,
            detail=reminder.detail,
            once_key=reminder.once_key,
            is_private=True,
        )
        for reminder in reminders
    )


def not_told(session: Session, person_ids: Iterable[int], once_key: str) -> frozenset[int]:
    """Return those who have no notification with this key."""
    told = session.scalars(select(Notification.person_id).where(Notification.once_key == once_key))
    return frozenset(person_ids) - frozenset(told)


def tell_of_announcement(session: Session, announcement: Announcement, at: datetime) -> int:
    """Tell those addressed about an announcement that was published just now."""
    if announcement.is_required:
        return send(session, of_announcements(session, at, only=announcement.id), at)
    key = access_keys(session, [announcement]).get(announcement.article_id or 0, "")
    people = Addressing(session).recipients(announcement, key)
    reminder = Reminder(
        "announcement",
        frozenset(person.person_id for person in people) - {announcement.author_id},
        announcement.title,
        announcement.article_id,
        {"path": f"/announcements/{announcement.id}"},
        f"announcement:{announcement.id}",
    )
    return send(session, [reminder], at)


def _about(session: Session, chain: Chain, waiting: Sequence[Recipient], at: datetime) -> list[Reminder]:
    announcement, material, due_at = chain.announcement, chain.material, chain.due_at
    if material is None or due_at is None or chain.current is None or not waiting:
        return []
    wanted, soon, late = REMINDERS
    kinds = [wanted]
    if at >= due_at:
        kinds.append(late)
    elif at >= due_at - BEFORE_DUE and chain.asked_at < due_at - BEFORE_DUE:
        kinds.append(soon)
    ids = {person.person_id for person in waiting}
    detail = {"path": f"/announcements/{announcement.id}", "due_at": due_at.isoformat()}
    reminders = []
    for kind in kinds:
        key = reminder_key(kind, announcement.id, material.id)
        if new := not_told(session, ids, key):
            reminders.append(Reminder(kind, new, announcement.title, announcement.article_id, detail, key))
    return reminders
