"""Notifications: who is told, once or every time, and what rights leave of them afterwards."""

from collections.abc import Iterator

import pytest
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.database import Database
from kb.errors import NotFound
from kb.models import Notification, Person, Webhook, WebhookDelivery
from kb.notifications import inbox, mark_read, notify, own_line, unread_count
from kb.webhook_outbox import new_secret


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction over the small bank."""
    with database.write() as session:
        yield session


def actor(session: Session, world: World, role: str) -> Actor:
    """The person with a role."""
    return Actor.of(session.get_one(Person, world.people[role]))


def lines(session: Session, world: World, role: str):
    """What a person's list shows."""
    who = actor(session, world, role)
    return inbox(session, who, audience_scope(session, who)).lines


def test_everybody_named_is_told_once(session: Session, world: World) -> None:
    agent, reviewer = world.people["agent"], world.people["reviewer"]
    assert notify(session, [agent, reviewer, agent], "approved", "补卡口径", NOON) == 2
    assert [line.subject for line in lines(session, world, "agent")] == ["补卡口径"]
    assert unread_count(session, actor(session, world, "reviewer")) == 1
    assert unread_count(session, actor(session, world, "manager")) == 0


def test_who_cannot_log_in_is_not_told(session: Session, world: World) -> None:
    session.get_one(Person, world.people["agent"]).is_active = False
    assert notify(session, [world.people["agent"]], "approved", "补卡口径", NOON) == 0


def test_a_repeated_reminder_arrives_once(session: Session, world: World) -> None:
    agent, reviewer = world.people["agent"], world.people["reviewer"]
    assert notify(session, [agent], "review_due", "补卡", NOON, once_key="due:1") == 1
    assert notify(session, [agent, reviewer], "review_due", "补卡", NOON, once_key="due:1") == 1
    assert len(lines(session, world, "agent")) == 1
    assert notify(session, [agent], "review_due", "补卡", NOON, once_key="due:2") == 1


def test_an_article_out_of_sight_keeps_its_title_to_itself(session: Session, world: World) -> None:
    secret = world.articles["restricted"]
    told = [world.people["agent"], world.people["publisher"]]
    notify(session, told, "approved", "反欺诈阈值", NOON, article_id=secret, detail={"reason": "阈值调低"})
    (hidden,) = lines(session, world, "agent")
    assert (hidden.subject, hidden.article_id, hidden.detail, hidden.is_hidden) == ("", None, {}, True)
    (seen,) = lines(session, world, "publisher")
    assert (seen.subject, seen.article_id, seen.is_hidden) == ("反欺诈阈值", secret, False)


def test_only_the_receiver_marks_a_line_as_read(session: Session, world: World) -> None:
    notify(session, [world.people["agent"]], "approved", "补卡", NOON)
    number = session.scalars(select(Notification.id)).one()
    assert mark_read(session, actor(session, world, "reviewer"), NOON, number) == 0
    assert mark_read(session, actor(session, world, "agent"), NOON, number) == 1
    assert unread_count(session, actor(session, world, "agent")) == 0
    reviewer = actor(session, world, "reviewer")
    with pytest.raises(NotFound):
        own_line(session, reviewer, audience_scope(session, reviewer), number)


def test_a_list_is_cut_into_pages_and_can_show_only_the_unread(session: Session, world: World) -> None:
    for number in range(5):
        notify(session, [world.people["agent"]], "approved", f"第 {number} 篇", NOON)
    who = actor(session, world, "agent")
    mark_read(session, who, NOON, session.scalars(select(Notification.id)).first())
    scope = audience_scope(session, who)
    page = inbox(session, who, scope, offset=2, limit=2)
    assert ([line.subject for line in page.lines], page.total, page.unread) == (["第 2 篇", "第 1 篇"], 5, 4)
    assert inbox(session, who, scope, unread_only=True).total == 4


def test_a_webhook_is_told_in_the_same_transaction_without_restricted_titles(
    session: Session, world: World
) -> None:
    session.add(Webhook(name="群", url="http://127.0.0.1/", secret=new_secret(), created_at=NOON))
    session.add(
        Webhook(
            name="别的",
            url="http://127.0.0.1/",
            secret=new_secret(),
            created_at=NOON,
            events="announcement.published",
        )
    )
    agent = world.people["agent"]
    notify(session, [agent], "approved", "公开的标题", NOON, article_id=world.articles["loss"])
    notify(session, [agent], "approved", "不能外传的标题", NOON, article_id=world.articles["restricted"])
    bodies = session.scalars(select(WebhookDelivery.body).order_by(WebhookDelivery.id)).all()
    assert len(bodies) == 2
    assert "公开的标题" in bodies[0] and '"receivers":["agent"]' in bodies[0]
    assert "不能外传" not in bodies[1]
