"""Required reading: what has to be confirmed, by whom, until when, and when it is asked again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from announcing import DUE, actor, announce, another_version, asked, colleague, confirm
from small_bank import NOON, World
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import audience_scope
from kb.acknowledgements import acknowledge, last_read, pending
from kb.activity import record_view
from kb.announcement_versions import chain_of, mark_material
from kb.announcement_writing import Notice, rewrite, withdraw
from kb.database import Database
from kb.errors import Conflict, Forbidden, NotFound
from kb.models import Acknowledgement, Article, AuditEvent, Department, DepartmentLead, Notification, Role
from kb.reminders import of_announcements, send
from kb.revisions import settle
from kb.rosters import State, roster

DAY = timedelta(days=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction over the small bank."""
    with database.write() as session:
        yield session


def test_what_is_asked_is_gone_once_it_is_confirmed(session: Session, world: World) -> None:
    announcement = announce(session, world, role=Role.AGENT)
    agent = actor(session, world, "agent")
    assert asked(session, agent) == [("必读", 1)]
    assert asked(session, actor(session, world, "reviewer")) == []
    confirm(session, agent, announcement)
    assert asked(session, agent) == []


def test_a_confirmation_is_kept_with_the_hash_of_what_was_read_and_audited(
    session: Session, world: World
) -> None:
    announcement = announce(session, world, title="", article_id=world.articles["loss"])
    confirm(session, actor(session, world, "agent"), announcement)
    row = session.scalars(select(Acknowledgement)).one()
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    revision = session.get_one(Article, world.articles["loss"]).revisions[-1]
    assert (row.revision_id, row.text_id, row.content_hash) == (revision.id, None, revision.content_hash)
    assert event is not None
    assert (event.action, event.revision_hash) == ("announcement.acknowledge", revision.content_hash)


def test_confirming_twice_is_confirming_once(session: Session, world: World) -> None:
    announcement = announce(session, world)
    agent = actor(session, world, "agent")
    confirm(session, agent, announcement)
    confirm(session, agent, announcement, NOON + DAY)
    assert session.scalar(select(func.count()).select_from(Acknowledgement)) == 1


def test_a_version_replaced_meanwhile_cannot_be_confirmed(session: Session, world: World) -> None:
    announcement = announce(session, world, title="", article_id=world.articles["loss"])
    seen = chain_of(session, announcement, NOON).current
    assert seen is not None
    another_version(session, world, "loss", "补卡免费。", NOON + DAY)
    agent = actor(session, world, "agent")
    scope = audience_scope(session, agent)
    with pytest.raises(Conflict):
        acknowledge(session, agent, scope, announcement.id, seen.id, seen.content_hash, NOON + DAY)
    with pytest.raises(Conflict):
        acknowledge(session, agent, scope, announcement.id, seen.id + 1, "0" * 64, NOON)
    assert session.scalars(select(Acknowledgement)).all() == []


def test_who_is_not_asked_cannot_confirm(session: Session, world: World) -> None:
    announcement = announce(session, world, role=Role.AGENT)
    plain = announce(session, world, is_required=False, due_at=None)
    with pytest.raises(Forbidden):
        confirm(session, actor(session, world, "manager"), announcement)
    with pytest.raises(NotFound):
        confirm(session, actor(session, world, "reviewer"), announcement)
    with pytest.raises(Forbidden):
        confirm(session, actor(session, world, "agent"), plain)


def test_a_material_change_asks_again_and_another_one_does_not(session: Session, world: World) -> None:
    announcement = announce(session, world, title="补卡", article_id=world.articles["loss"])
    agent = actor(session, world, "agent")
    confirm(session, agent, announcement)
    typo = another_version(session, world, "loss", "补卡免费", NOON + DAY)
    mark_material(session, actor(session, world, "reviewer"), typo, False, NOON + DAY)
    assert asked(session, agent, NOON + DAY) == []
    another_version(session, world, "loss", "补卡收费 5 元", NOON + 2 * DAY)
    assert asked(session, agent, NOON + 2 * DAY) == [("补卡", 4)]
    confirm(session, agent, announcement, NOON + 2 * DAY)
    assert asked(session, agent, NOON + 2 * DAY) == []


def test_a_later_slip_covers_nobody_who_missed_the_material_change(session: Session, world: World) -> None:
    announcement = announce(session, world, title="补卡", article_id=world.articles["loss"])
    agent = actor(session, world, "agent")
    confirm(session, agent, announcement)
    another_version(session, world, "loss", "补卡收费 5 元", NOON + DAY)
    slip = another_version(session, world, "loss", "补卡收费 5 元。", NOON + 2 * DAY)
    mark_material(session, None, slip, False, NOON + 2 * DAY)
    assert asked(session, agent, NOON + 2 * DAY) == [("补卡", 4)]


def test_a_scheduled_version_asks_when_it_comes_into_force_with_as_much_time(
    session: Session, world: World
) -> None:
    announcement = announce(session, world, title="补卡", article_id=world.articles["loss"])
    agent = actor(session, world, "agent")
    confirm(session, agent, announcement)
    start = NOON + 10 * DAY
    another_version(session, world, "loss", "补卡收费 5 元", NOON + DAY, start)
    assert asked(session, agent, start - timedelta(seconds=1)) == []
    (item,) = pending(session, agent, audience_scope(session, agent), start)
    assert item.due_at == start + (DUE - NOON)
    assert item.confirmed is not None and item.confirmed.number == 2


def test_nobody_is_asked_about_an_article_out_of_force(session: Session, world: World) -> None:
    announce(session, world, title="补卡", article_id=world.articles["loss"])
    article = session.get_one(Article, world.articles["loss"])
    article.withdrawn_at = NOON + DAY
    settle(article)
    session.flush()
    agent = actor(session, world, "agent")
    assert asked(session, agent, NOON) == [("补卡", 2)]
    assert asked(session, agent, NOON + DAY) == []


def test_nobody_is_asked_once_it_is_withdrawn(session: Session, world: World) -> None:
    announcement = announce(session, world)
    manager = actor(session, world, "manager")
    withdraw(session, manager, audience_scope(session, manager), announcement.id, "发错了", NOON)
    assert asked(session, actor(session, world, "agent")) == []


def test_another_text_asks_again_if_its_publisher_says_so(session: Session, world: World) -> None:
    announcement = announce(session, world)
    agent, manager = actor(session, world, "agent"), actor(session, world, "manager")
    scope = audience_scope(session, manager)
    confirm(session, agent, announcement)
    notice = Notice("必读", "请阅读！", is_required=True, due_at=DUE, is_material=False)
    rewrite(session, manager, scope, announcement.id, notice, NOON)
    assert asked(session, agent) == []
    notice = Notice("必读", "请阅读并执行。", is_required=True, due_at=DUE, is_material=True)
    rewrite(session, manager, scope, announcement.id, notice, NOON)
    assert asked(session, agent) == [("必读", 3)]


def test_the_most_urgent_comes_first(session: Session, world: World) -> None:
    announce(session, world, title="不急", due_at=NOON + 9 * DAY)
    announce(session, world, title="急", due_at=NOON + DAY)
    assert [title for title, _number in asked(session, actor(session, world, "agent"))] == ["急", "不急"]


def test_changes_are_counted_from_what_this_reader_confirmed_or_else_opened(
    session: Session, world: World
) -> None:
    announcement = announce(session, world, title="补卡", article_id=world.articles["loss"])
    agent, reviewer = actor(session, world, "agent"), actor(session, world, "reviewer")
    article = session.get_one(Article, world.articles["loss"])
    record_view(session, reviewer, article, article.revisions[0], NOON - 50 * DAY)
    confirm(session, agent, announcement)
    assert last_read(session, agent, chain_of(session, announcement, NOON)) is None
    another_version(session, world, "loss", "补卡收费 5 元", NOON + DAY)
    another_version(session, world, "loss", "补卡收费 6 元", NOON + 2 * DAY)
    chain = chain_of(session, announcement, NOON + 2 * DAY)
    read_by_agent, read_by_reviewer = last_read(session, agent, chain), last_read(session, reviewer, chain)
    assert read_by_agent is not None and read_by_agent.number == 2
    assert read_by_reviewer is not None and read_by_reviewer.number == 1
    assert last_read(session, actor(session, world, "publisher"), chain) is None


def test_reminders_come_when_asked_before_the_end_and_after_it_each_once(
    session: Session, world: World
) -> None:
    announce(session, world, role=Role.AGENT)

    def kinds_at(moment) -> list[str]:
        send(session, of_announcements(session, moment), moment)
        assert send(session, of_announcements(session, moment), moment) == 0
        return list(session.scalars(select(Notification.kind).order_by(Notification.id)))

    assert kinds_at(NOON) == ["acknowledgement_wanted"]
    assert kinds_at(DUE - timedelta(hours=25)) == ["acknowledgement_wanted"]
    assert kinds_at(DUE - timedelta(hours=23))[1:] == ["acknowledgement_due"]
    assert kinds_at(DUE)[2:] == ["acknowledgement_overdue"]


def test_who_confirmed_is_reminded_no_more_and_the_reminder_is_settled(
    session: Session, world: World
) -> None:
    announcement = announce(session, world, role=Role.AGENT)
    send(session, of_announcements(session, NOON), NOON)
    confirm(session, actor(session, world, "agent"), announcement)
    assert session.scalars(select(Notification.read_at)).all() == [NOON]
    assert of_announcements(session, DUE + DAY) == []


def test_a_reminder_reaches_nobody_outside_of_the_audience_of_the_article(
    session: Session, world: World
) -> None:
    announce(session, world, title="反欺诈", article_id=world.articles["restricted"])
    (reminder,) = of_announcements(session, NOON)
    readers = {world.people[role] for role in ("publisher", "manager", "admin")}
    assert reminder.person_ids == readers


def test_the_roster_of_a_lead_holds_their_departments_and_nobody_else(session: Session, world: World) -> None:
    announcement = announce(session, world)
    agent = actor(session, world, "agent")
    team = session.get_one(Department, world.departments["service"])
    below = Department(code="service-night", name="夜班组", parent_id=team.id)
    session.add(below)
    session.flush()
    below.path = f"{team.path}{below.id}/"
    world.departments["service-night"] = below.id
    night = colleague(session, world, "n1", "service-night")
    lead = colleague(session, world, "lead", "service", "reviewer")
    session.add(DepartmentLead(department_id=team.id, person_id=lead.person_id))
    session.flush()
    confirm(session, night, announcement)
    found = roster(session, lead, announcement, DUE)
    states = {line.recipient.person_id: (line.state, line.number) for line in found.lines}
    assert states == {
        agent.person_id: (State.OVERDUE, 0),
        lead.person_id: (State.OVERDUE, 0),
        night.person_id: (State.CONFIRMED, 1),
    }
    assert found.departments() == [("客户服务中心", 0, 2), ("夜班组", 1, 1)]
    del world.departments["service-night"]
    with pytest.raises(Forbidden):
        roster(session, agent, announcement, NOON)
    assert len(roster(session, actor(session, world, "manager"), announcement, NOON).lines) == 7


def test_the_roster_leaves_out_who_may_not_read_the_article(session: Session, world: World) -> None:
    announcement = announce(session, world, title="反欺诈", article_id=world.articles["restricted"])
    found = roster(session, actor(session, world, "manager"), announcement, NOON)
    people = {line.recipient.person_id for line in found.lines}
    assert people == {world.people[role] for role in ("publisher", "manager", "admin")}
