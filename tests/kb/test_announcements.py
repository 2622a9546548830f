"""Announcements: who may publish and change them, whom they reach, what is kept of them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from announcing import DUE, actor, announce, colleague
from pages import statements
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import audience_scope
from kb.announcement_writing import Notice, publish, rewrite, withdraw
from kb.announcements import find, listed, texts_of
from kb.database import Database
from kb.errors import Forbidden, Invalid, NotFound
from kb.models import Announcement, Audience, AuditEvent, Notification, Role, Webhook, WebhookDelivery
from kb.reminders import tell_of_announcement
from kb.webhook_outbox import new_secret


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction over the small bank."""
    with database.write() as session:
        yield session


def titles(session: Session, world: World, role: str) -> list[str]:
    """The announcements in a person's list."""
    who = actor(session, world, role)
    return [item.announcement.title for item in listed(session, who, audience_scope(session, who))[0]]


@pytest.mark.parametrize("role", ["agent", "reviewer", "admin"])
def test_only_publishers_and_managers_announce(session: Session, world: World, role: str) -> None:
    with pytest.raises(Forbidden):
        announce(session, world, by=role)


def test_everything_wrong_is_said_at_once(session: Session, world: World) -> None:
    with pytest.raises(Invalid) as failure:
        announce(session, world, title=" ", source="", due_at=None, department_id=999)
    assert set(failure.value.errors) == {"title", "source", "due", "department"}
    with pytest.raises(Invalid) as failure:
        announce(session, world, due_at=NOON)
    assert set(failure.value.errors) == {"due"}


def test_publishing_is_audited(session: Session, world: World) -> None:
    announcement = announce(session, world)
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert (event.action, event.subject) == ("announcement.publish", f"announcement:{announcement.id}")
    assert event.revision_hash == texts_of(session, announcement)[0].content_hash


def test_every_condition_that_is_set_must_hold(session: Session, world: World) -> None:
    announce(session, world, title="全行")
    announce(session, world, title="坐席", role=Role.AGENT)
    announce(session, world, title="客服坐席", role=Role.AGENT, department_id=world.departments["service"])
    announce(session, world, title="运营坐席", role=Role.AGENT, department_id=world.departments["ops"])
    inside = session.scalars(select(Audience.id)).one()
    announce(session, world, title="个金范围", audience_id=inside)
    assert set(titles(session, world, "agent")) == {"全行", "坐席", "客服坐席"}
    assert set(titles(session, world, "publisher")) == {"全行", "个金范围"}
    assert len(titles(session, world, "manager")) == 5


def test_an_announcement_on_a_hidden_article_reaches_only_its_readers(session: Session, world: World) -> None:
    announcement = announce(session, world, title="反欺诈", article_id=world.articles["restricted"])
    assert titles(session, world, "agent") == []
    assert titles(session, world, "publisher") == ["反欺诈"]
    who = actor(session, world, "agent")
    with pytest.raises(NotFound):
        find(session, who, audience_scope(session, who), announcement.id)


def test_a_publisher_announces_only_articles_that_they_may_write(session: Session, world: World) -> None:
    assert announce(session, world, by="publisher", title="", article_id=world.articles["loss"]).title
    with pytest.raises(Forbidden):
        announce(session, world, by="publisher", article_id=world.articles["annual-fee"])
    with pytest.raises(Invalid):
        announce(session, world, by="publisher", article_id=987654)


def test_another_department_cannot_change_it(session: Session, world: World) -> None:
    announcement = announce(session, world, by="publisher")
    other = colleague(session, world, "p2", "cards", "publisher")
    scope = audience_scope(session, other)
    with pytest.raises(Forbidden):
        rewrite(session, other, scope, announcement.id, Notice("改", "改", is_required=False), NOON)
    with pytest.raises(Forbidden):
        withdraw(session, other, scope, announcement.id, "不要了", NOON)


def test_another_text_becomes_a_version_and_other_conditions_do_not(session: Session, world: World) -> None:
    announcement = announce(session, world, by="publisher")
    who = actor(session, world, "publisher")
    scope = audience_scope(session, who)
    same = Notice("必读", "请阅读。", is_required=True, due_at=DUE + timedelta(days=1))
    rewrite(session, who, scope, announcement.id, same, NOON)
    assert [text.number for text in texts_of(session, announcement)] == [1]
    other = Notice("必读", "请仔细阅读。", is_required=True, due_at=DUE, change_summary="措辞")
    rewrite(session, who, scope, announcement.id, other, NOON)
    assert [text.source for text in texts_of(session, announcement)] == ["请仔细阅读。", "请阅读。"]


def test_a_withdrawn_one_is_gone_for_readers_and_kept_for_its_publishers(
    session: Session, world: World
) -> None:
    announcement = announce(session, world, by="publisher")
    who = actor(session, world, "publisher")
    scope = audience_scope(session, who)
    with pytest.raises(Invalid):
        withdraw(session, who, scope, announcement.id, "  ", NOON)
    withdraw(session, who, scope, announcement.id, "发错了", NOON)
    assert titles(session, world, "agent") == titles(session, world, "publisher") == []
    agent = actor(session, world, "agent")
    with pytest.raises(NotFound):
        find(session, agent, audience_scope(session, agent), announcement.id)
    assert find(session, who, scope, announcement.id).withdrawn_at == NOON
    assert [item.announcement.id for item in listed(session, who, scope, withdrawn=True)[0]] == [1]
    assert listed(session, agent, audience_scope(session, agent), withdrawn=True) == ([], 0)


def test_markup_is_sanitised_when_it_is_saved(session: Session, world: World) -> None:
    announcement = announce(session, world, source="**重要** <script>alert(1)</script>")
    html = texts_of(session, announcement)[0].html
    assert "<strong>重要</strong>" in html and "<script" not in html


def test_a_webhook_hears_the_title_only_of_what_everybody_may_read(session: Session, world: World) -> None:
    session.add(Webhook(name="群", url="http://127.0.0.1/", secret=new_secret(), created_at=NOON))
    announce(session, world, title="全行公告")
    announce(session, world, title="仅坐席", role=Role.AGENT)
    announce(session, world, title="反欺诈", article_id=world.articles["restricted"])
    bodies = session.scalars(select(WebhookDelivery.body).order_by(WebhookDelivery.id)).all()
    assert ["全行公告" in bodies[0], "仅坐席" in bodies[1], "反欺诈" in bodies[2]] == [True, False, False]


def test_a_plain_announcement_is_told_once_to_everybody_but_its_author(
    session: Session, world: World
) -> None:
    announcement = announce(session, world, is_required=False, due_at=None)
    assert tell_of_announcement(session, announcement, NOON) == len(world.people) - 1
    assert tell_of_announcement(session, announcement, NOON) == 0


def test_telling_of_one_announcement_looks_at_that_one_alone(
    session: Session, world: World, database: Database
) -> None:
    def cost() -> int:
        announcement = announce(session, world, role=Role.AGENT)
        with statements(database) as asked:
            assert tell_of_announcement(session, announcement, NOON) == 1
        return len(asked)

    alone = cost()
    others = [announce(session, world, title="另一条").id for _number in range(3)]
    assert cost() == alone
    told = session.scalars(select(Notification.detail)).all()
    assert not [detail for detail in told for other in others if f"/announcements/{other}" in detail]


def test_a_list_is_cut_into_pages_with_the_pinned_first(session: Session, world: World) -> None:
    for number in range(5):
        announce(session, world, title=f"第{number}条", is_pinned=number == 1)
    who = actor(session, world, "agent")
    items, total = listed(session, who, audience_scope(session, who), limit=2)
    assert ([item.announcement.title for item in items], total) == (["第1条", "第4条"], 5)
    assert session.scalars(select(Announcement)).all()


def test_publish_refuses_a_text_that_is_too_long(session: Session, world: World) -> None:
    who = actor(session, world, "manager")
    with pytest.raises(Invalid) as failure:
        publish(session, who, audience_scope(session, who), Notice("长", "长" * 20_001), NOON)
    assert set(failure.value.errors) == {"source"}


def test_what_was_taken_back_needs_no_reading_any_more(session: Session, world: World) -> None:
    required = announce(session, world, role=Role.AGENT)
    plain = announce(session, world, is_required=False, due_at=None, role=Role.AGENT)
    for announcement in (required, plain):
        tell_of_announcement(session, announcement, NOON)
    assert session.scalars(select(Notification.read_at)).all() == [None, None]
    manager = actor(session, world, "manager")
    for announcement in (required, plain):
        withdraw(session, manager, audience_scope(session, manager), announcement.id, "发错了", NOON)
    assert session.scalars(select(Notification.read_at)).all() == [NOON, NOON]
