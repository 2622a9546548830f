"""Steps that tests about announcements share: people, publishing, another version, a confirmation."""

from datetime import datetime, timedelta

from small_bank import NOON, World
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.acknowledgements import acknowledge, pending
from kb.announcement_versions import chain_of
from kb.announcement_writing import Notice, publish
from kb.articles import RevisionText, add_revision, approve
from kb.models import Announcement, Article, Department, Person, PersonRole, Revision

DUE = NOON + timedelta(days=3)


def actor(session: Session, world: World, role: str) -> Actor:
    """The person with a role."""
    return Actor.of(session.get_one(Person, world.people[role]))


def colleague(session: Session, world: World, username: str, department: str, role: str = "agent") -> Actor:
    """Another person, who cannot log in by a password but counts everywhere else."""
    person = Person(
        username=username,
        name=f"同事{username}",
        staff_number=username.upper(),
        department=session.get_one(Department, world.departments[department]),
        password_hash="-",
        created_at=NOON,
        role_rows=[PersonRole(role=role)],
    )
    session.add(person)
    session.flush()
    return Actor.of(person)


def announce(session: Session, world: World, by: str = "manager", **fields: object) -> Announcement:
    """Publish required reading for everybody, unless the fields say otherwise."""
    who = actor(session, world, by)
    values: dict[str, object] = {"title": "必读", "source": "请阅读。", "is_required": True, "due_at": DUE}
    notice = Notice(**{**values, **fields})  # type: ignore[arg-type]
    return publish(session, who, audience_scope(session, who), notice, NOON)


def another_version(
    session: Session, world: World, article: str, source: str, at: datetime, start: datetime | None = None
) -> Revision:
    """Approve another revision of an article."""
    found = session.get_one(Article, world.articles[article])
    text = RevisionText(title=found.revisions[-1].title, source=source, effective_from=start)
    revision = add_revision(session, found, text, at, author_id=world.people["publisher"])
    approve(session, revision, at, world.people["reviewer"])
    session.flush()
    return revision


def confirm(session: Session, who: Actor, announcement: Announcement, at: datetime = NOON) -> None:
    """Confirm what is in force."""
    version = chain_of(session, announcement, at).current
    assert version is not None
    scope = audience_scope(session, who)
    acknowledge(session, who, scope, announcement.id, version.id, version.content_hash, at)


def asked(session: Session, who: Actor, at: datetime = NOON) -> list[tuple[str, int]]:
    """What a person has to confirm: (title, version)."""
    found = pending(session, who, audience_scope(session, who), at)
    return [(item.announcement.title, item.version.number) for item in found]
