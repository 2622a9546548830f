"""The versions that readers of an announcement were shown, and which of them ask for a confirmation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from kb import audit
from kb.access import Actor
from kb.models import Announcement, AnnouncementText, MaterialMark, Revision

# Kinds of notification about a wanted confirmation: asked, soon due, late.
REMINDERS = ("acknowledgement_wanted", "acknowledgement_due", "acknowledgement_overdue")


@dataclass(frozen=True)
class Version:
    """What readers were shown from ``since`` on; ``id`` is of a revision or of an announcement's text."""

    id: int
    number: int
    title: str
    content_hash: str
    since: datetime
    is_material: bool


@dataclass(frozen=True)
class Chain:
    """The versions of one announcement that have been shown, in that order.

    ``in_force`` is false while the announced article has expired or was withdrawn: then nobody is asked.
    """

    announcement: Announcement
    versions: tuple[Version, ...]
    in_force: bool

    @property
    def current(self) -> Version | None:
        """The version in force."""
        return self.versions[-1] if self.versions and self.in_force else None

    @property
    def material(self) -> Version | None:
        """The last version that asked everybody; the first one always did."""
        asking = [item for place, item in enumerate(self.versions) if item.is_material or place == 0]
        return asking[-1] if asking else None

    @property
    def asked_at(self) -> datetime:
        """Since when the present confirmation is wanted."""
        published = self.announcement.published_at
        return max(published, self.material.since) if self.material else published

    @property
    def due_at(self) -> datetime | None:
        """Until when; after a material change the readers have as long as they had at first."""
        due, published = self.announcement.due_at, self.announcement.published_at
        return self.asked_at + (due - published) if due is not None else None

    def last_confirmed(self, version_ids: Iterable[int]) -> Version | None:
        """Return the newest of these versions."""
        ids = set(version_ids)
        return next((item for item in reversed(self.versions) if item.id in ids), None)

    def is_satisfied(self, version_ids: Iterable[int]) -> bool:
        """Return whether who confirmed these versions has nothing more to confirm."""
        if not self.announcement.is_required or self.current is None or self.material is None:
            return True
        confirmed = self.last_confirmed(version_ids)
        return confirmed is not None and self.versions.index(confirmed) >= self.versions.index(self.material)


def chains(session: Session, announcements: Sequence[Announcement], now: datetime) -> list[Chain]:
    """Return the versions shown so far of each announcement, in at most two queries."""
    by_article = _revisions(session, {item.article_id for item in announcements if item.article_id}, now)
    by_text = _texts(session, [item.id for item in announcements if item.article_id is None])
    found = []
    for item in announcements:
        if item.article_id is None:
            found.append(Chain(item, tuple(by_text.get(item.id, ())), True))
        else:
            versions, in_force = by_article.get(item.article_id, ((), False))
            found.append(Chain(item, tuple(versions), in_force))
    return found


def chain_of(session: Session, announcement: Announcement, now: datetime) -> Chain:
    """Return the versions shown so far of one announcement."""
    return chains(session, [announcement], now)[0]


def reminder_key(kind: str, announcement_id: int, version_id: int) -> str:
    """Return the key under which people are reminded once of a material version."""
    return f"{kind}:{announcement_id}:{version_id}"


def mark_material(
    session: Session, actor: Actor | None, revision: Revision, is_material: bool, at: datetime
) -> None:
    """Say whether a revision changes what readers must do, so that they are asked again.

    Call it when a revision is submitted or approved; a revision that nobody marked counts as material.
    """
    mark = session.get(MaterialMark, revision.id)
    if mark is None:
        mark = MaterialMark(revision_id=revision.id, is_material=is_material, marked_at=at)
        session.add(mark)
    elif mark.is_material == is_material:
        return
    mark.is_material, mark.marked_at = is_material, at
    mark.person_id = actor.person_id if actor else None
    session.flush()
    audit.record(
        session,
        actor,
        "revision.material",
        f"article:{revision.article_id}",
        at,
        revision_hash=revision.content_hash,
        detail={"revision": revision.number, "material": is_material},
    )


def is_material(session: Session, revision_id: int) -> bool:
    """Return whether a revision asks readers again."""
    mark = session.get(MaterialMark, revision_id)
    return mark is None or mark.is_material


def _revisions(
    session: Session, article_ids: set[int], now: datetime
) -> dict[int, tuple[list[Version], bool]]:
    if not article_ids:
        return {}
    rows = session.execute(
        select(
            Revision.article_id,
            Revision.id,
            Revision.number,
            Revision.title,
            Revision.content_hash,
            Revision.shown_from,
            Revision.shown_to,
            func.coalesce(MaterialMark.is_material, True),
        )
        .outerjoin(MaterialMark, MaterialMark.revision_id == Revision.id)
        .where(Revision.article_id.in_(article_ids), Revision.shown_from <= now)
        .order_by(Revision.shown_from, Revision.number)
    )
    found: dict[int, tuple[list[Version], bool]] = {}
    for article_id, number_id, number, title, content_hash, since, until, is_material in rows:
        versions, _in_force = found.get(article_id, ([], False))
        if since is not None:
            versions.append(Version(number_id, number, title, content_hash, since, bool(is_material)))
            found[article_id] = (versions, until is None or until > now)
    return found


def _texts(session: Session, announcement_ids: Sequence[int]) -> dict[int, list[Version]]:
    if not announcement_ids:
        return {}
    rows = session.scalars(
        select(AnnouncementText)
        .where(AnnouncementText.announcement_id.in_(announcement_ids))
        .options(defer(AnnouncementText.source), defer(AnnouncementText.html), defer(AnnouncementText.text))
        .order_by(AnnouncementText.announcement_id, AnnouncementText.number)
    )
    found: dict[int, list[Version]] = {}
    for row in rows:
        version = Version(row.id, row.number, row.title, row.content_hash, row.created_at, row.is_material)
        found.setdefault(row.announcement_id, []).append(version)
    return found
