"""Adds to the small bank what most people must not learn of, in every table that can hold words of it.

A part that stores words about an article adds a step to ``SEEDS``; the walk then looks for them on
every page.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from PIL import Image as Pillow
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope
from kb.activity import record_search, record_view
from kb.announcement_writing import Notice
from kb.announcement_writing import publish as announce
from kb.articles import RevisionText, Wording, add_revision, approve, create_article
from kb.attachments import NewFile, attach
from kb.comments import NewComment, post
from kb.images import add_image
from kb.models import (
    Article,
    Audience,
    Comment,
    CommentKind,
    Department,
    NodeGrant,
    Person,
    PersonRole,
    Revision,
    RevisionState,
    Role,
    Task,
)
from kb.moderation import Verdict, decide
from kb.node_changes import create_node, set_node_audience
from kb.notifications import notify

# Stands in everything secret and nowhere else; QUERY finds it without naming it.
MARKER = "蓝鲸座头"
QUERY = "甄别口令"
# Without the marker, because it stands in an address, which error pages repeat.
DOCUMENT = "甄别〔2026〕9号"
ZONE = ZoneInfo("Asia/Shanghai")


@dataclass
class Secret:
    """What was added; ``ids`` by the name of the argument that addresses it in a route."""

    world: World
    ids: dict[str, int] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)


def add(session: Session, world: World) -> Secret:
    """Add the secret article with all that hangs on it, and people on both sides of the wall."""
    secret = Secret(world)
    _add_people(session, secret)
    for seed in SEEDS:
        seed(session, secret)
        session.flush()
    return secret


def actor_of(session: Session, username: str) -> Actor:
    """Return the actor behind a user name."""
    return Actor.of(session.scalars(select(Person).where(Person.username == username)).unique().one())


def _add_people(session: Session, secret: Secret) -> None:
    """One person for each role, inside the audience and outside, all with the small bank's password."""
    known = session.get_one(Person, secret.world.people["agent"]).password_hash
    places = {"in": "retail", "out": "service"}
    for side, department in places.items():
        for role in (Role.AGENT, Role.PUBLISHER, Role.REVIEWER):
            username = f"{side}-{role.value}"
            person = Person(
                username=username,
                name=f"{'内' if side == 'in' else '外'}部{role.value}",
                department=session.get_one(Department, secret.world.departments[department]),
                password_hash=known,
                created_at=NOON - timedelta(days=400),
                role_rows=[PersonRole(role=role)],
            )
            session.add(person)
            secret.people[username] = role.value
    session.flush()
    for role in (Role.MANAGER, Role.ADMIN):
        secret.people[role.value] = role.value


def seed_article(session: Session, secret: Secret) -> None:
    """A category and an article of two revisions, a draft, files, kept for the retail department."""
    publisher, reviewer = actor_of(session, "in-publisher"), actor_of(session, "in-reviewer")
    audience = session.scalars(select(Audience.id)).first()
    node = create_node(session, None, f"专区{MARKER}", None, NOON - timedelta(days=90))
    set_node_audience(session, None, node, audience, NOON - timedelta(days=90))
    owner = session.get_one(Department, secret.world.departments["retail"])
    article = create_article(session, node, owner, NOON - timedelta(days=60), external_id="secret")
    for days in (50, 5, None):
        revision = add_revision(
            session, article, _text(days), NOON - timedelta(days=days or 1), author_id=publisher.person_id
        )
        file = NewFile(f"{MARKER}{QUERY}.txt", f"{MARKER}的{QUERY}附件正文".encode())
        attached = attach(session, revision, file, 0, NOON)
        if days is not None:
            approve(session, revision, NOON - timedelta(days=days), reviewer.person_id)
            secret.ids["attachment_id"] = attached.id
            secret.ids["shown_id"] = revision.id
        else:
            picture = NewFile(f"{MARKER}.png", _picture())
            secret.ids["draft_attachment_id"] = attach(session, revision, picture, 1, NOON).id
            revision.state = RevisionState.IN_REVIEW
            secret.ids["revision_id"] = revision.id
    secret.ids |= {"article_id": article.id, "node_id": node.id, "number": 1}
    # An open article that was replaced by the secret one: the link must not tell.
    session.get_one(Article, secret.world.articles["expired"]).successor_id = article.id


def _text(days: int | None) -> RevisionText:
    return RevisionText(
        title=f"{MARKER}{QUERY}办理办法{days or '草稿'}",
        source=f"## {MARKER}\n\n{QUERY}：{MARKER}，借记卡挂失时使用。",
        summary=f"{MARKER}{QUERY}",
        wording=(Wording(MARKER, f"{QUERY}为{MARKER}。"),),
        internal_notes=f"{MARKER}不得外传。",
        document_number=DOCUMENT,
        tags=f"{MARKER},{QUERY}",
        change_summary=f"{MARKER}改动",
    )


def seed_image(session: Session, secret: Secret) -> None:
    """An image of the secret article."""
    article = session.get_one(Article, secret.ids["article_id"])
    publisher = actor_of(session, "in-publisher")
    secret.ids["image_id"] = add_image(session, publisher, article, _picture(), NOON).id


def _picture() -> bytes:
    drawn = BytesIO()
    Pillow.new("RGB", (8, 8), "navy").save(drawn, "PNG")
    return drawn.getvalue()


def seed_activity(session: Session, secret: Secret) -> None:
    """Several insiders searched for the secret by name and read it, so that it is hot among them."""
    article = session.get_one(Article, secret.ids["article_id"])
    revision = session.get_one(Revision, secret.ids["shown_id"])
    for username in ("in-agent", "in-publisher", "in-reviewer", "manager"):
        insider = actor_of(session, username)
        for text in (MARKER, f"{QUERY}{MARKER}"):
            record_search(session, insider, text, {}, 1, 3, NOON - timedelta(hours=1))
        record_view(session, insider, article, revision, NOON - timedelta(hours=1))


def seed_comments(session: Session, secret: Secret) -> None:
    """Visible and waiting comments, one of which became a task."""
    revision = session.get_one(Revision, secret.ids["shown_id"])
    made: list[Comment] = []
    for kind in (CommentKind.ERROR, CommentKind.QUESTION):
        new = NewComment(kind.value, f"{MARKER}这里写错了{kind.value}")
        made.append(
            post(
                session,
                actor_of(session, "in-agent"),
                secret.ids["article_id"],
                revision.number,
                new,
                NOON,
                ZONE,
            )
        )
    decide(session, actor_of(session, "in-reviewer"), [made[0].id], Verdict.PASS, NOON, ZONE)
    session.flush()
    secret.ids["comment_id"] = made[0].id
    secret.ids["task_id"] = session.scalars(select(Task.id)).first() or 0


def seed_messages(session: Session, secret: Secret) -> None:
    """Everybody was told of the secret and an announcement speaks of it, also to those outside."""
    everybody = session.scalars(select(Person.id)).all()
    notify(
        session,
        everybody,
        "review_requested",
        f"{MARKER}待审核",
        NOON,
        article_id=secret.ids["article_id"],
        detail={"note": MARKER},
    )
    announcement = announce(
        session,
        actor_of(session, "in-publisher"),
        AudienceScope(None),
        Notice(
            f"{MARKER}公告",
            f"{MARKER}正文",
            secret.ids["article_id"],
            is_required=True,
            is_pinned=True,
            due_at=NOON + timedelta(days=3),
        ),
        NOON,
    )
    secret.ids["announcement_id"] = announcement.id


def seed_grant(session: Session, secret: Secret) -> None:
    """A grant at the secret category."""
    grant = NodeGrant(node_id=secret.ids["node_id"], permission="article:write", role=Role.PUBLISHER.value)
    session.add(grant)
    session.flush()
    secret.ids["grant_id"] = grant.id


SEEDS: list[Callable[[Session, Secret], None]] = [
    seed_article,
    seed_image,
    seed_activity,
    seed_comments,
    seed_messages,
    seed_grant,
]
