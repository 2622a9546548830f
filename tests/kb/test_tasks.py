"""Improvement tasks: their clock, every step and its reason, who may take it, and the figures."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.orm import Session
from talking import ZONE, actor, newcomer, passed, task_of

from kb import publishing
from kb.articles import RevisionText, add_revision, approve
from kb.database import Database
from kb.drafts import discard, save_draft
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.models import Article, DepartmentLead, Notification, Revision, Role, TaskEvent
from kb.points import own_total
from kb.publishing import submit
from kb.reminders import send
from kb.revision_text import text_of
from kb.task_lists import TaskFilters, TaskTab, course, department_figures, task_list
from kb.task_reminders import of_tasks
from kb.tasks import adopt, close_solved, decline, link_draft, reopen, solve, start_draft, transfer

HOUR = timedelta(hours=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction over the small bank."""
    with database.write() as session:
        yield session


def draft(session: Session, world: World) -> Revision:
    """A new revision of the article about lost cards that its publisher wrote."""
    article = session.get_one(Article, world.articles["loss"])
    text = RevisionText(title=article.revisions[-1].title, source="口头挂失有效期 5 天，自登记次日起算。")
    return add_revision(session, article, text, NOON + HOUR, author_id=world.people["publisher"])


def told(session: Session, world: World, role: str) -> list[str]:
    rows = session.scalars(select(Notification.kind).where(Notification.person_id == world.people[role]))
    return list(rows)


@pytest.mark.parametrize(
    ("kind", "at", "due"),
    [
        ("error", datetime(2026, 11, 23, 14, 5, tzinfo=ZONE), datetime(2026, 11, 24, 14, 5, tzinfo=ZONE)),
        ("expired", datetime(2026, 11, 27, 17, 0, tzinfo=ZONE), datetime(2026, 11, 30, 17, 0, tzinfo=ZONE)),
        ("question", datetime(2026, 11, 28, 10, 0, tzinfo=ZONE), datetime(2026, 12, 1, 10, 0, tzinfo=ZONE)),
        ("unclear", datetime(2026, 11, 26, 9, 0, tzinfo=ZONE), datetime(2026, 12, 1, 9, 0, tzinfo=ZONE)),
        ("suggestion", datetime(2026, 11, 23, 9, 0, tzinfo=ZONE), datetime(2026, 11, 30, 9, 0, tzinfo=ZONE)),
    ],
)
def test_the_clock_runs_by_kind_in_working_days(
    session: Session, world: World, kind: str, at: datetime, due: datetime
) -> None:
    said = passed(session, world, kind=kind, at=at)
    assert task_of(session, said).due_at == due


def test_adopting_gives_points_and_tells_the_author(session: Session, world: World) -> None:
    said = passed(session, world)
    adopt(session, actor(session, world, "publisher"), task_of(session, said).id, NOON)
    assert task_of(session, said).state == "adopted"
    assert own_total(session, actor(session, world, "agent")) == 5
    assert "task_adopted" in told(session, world, "agent")


def test_two_people_cannot_both_adopt(session: Session, world: World) -> None:
    task = task_of(session, passed(session, world))
    adopt(session, actor(session, world, "publisher"), task.id, NOON)
    with pytest.raises(Conflict):
        adopt(session, actor(session, world, "manager"), task.id, NOON)


@pytest.mark.parametrize("role", ["agent", "reviewer", "admin"])
def test_other_departments_do_not_know_of_a_task(session: Session, world: World, role: str) -> None:
    task = task_of(session, passed(session, world))
    with pytest.raises(NotFound):
        adopt(session, actor(session, world, role), task.id, NOON)
    assert task_list(session, actor(session, world, role), TaskFilters(), NOON).rows == []


def test_nobody_adopts_their_own_comment(session: Session, world: World) -> None:
    said = passed(session, world, role="publisher")
    with pytest.raises(Forbidden):
        adopt(session, actor(session, world, "publisher"), task_of(session, said).id, NOON)


def test_declining_needs_a_reason_and_takes_points_back(session: Session, world: World) -> None:
    said = passed(session, world)
    publisher, task = actor(session, world, "publisher"), task_of(session, said)
    adopt(session, publisher, task.id, NOON)
    with pytest.raises(Invalid):
        decline(session, publisher, task.id, " ", NOON + HOUR)
    decline(session, publisher, task.id, "与监管要求不符", NOON + HOUR)
    assert (task.state, task.reason) == ("declined", "与监管要求不符")
    assert own_total(session, actor(session, world, "agent")) == 0
    assert "task_declined" in told(session, world, "agent")


def test_a_transferred_task_belongs_to_the_other_department(session: Session, world: World) -> None:
    task = task_of(session, passed(session, world))
    publisher = actor(session, world, "publisher")
    cards = newcomer(session, "cardpub", "何明", "cards", Role.PUBLISHER)
    transfer(session, publisher, task.id, world.departments["cards"], "属于信用卡口径", NOON, ZONE)
    with pytest.raises(NotFound):
        adopt(session, publisher, task.id, NOON + HOUR)
    adopt(session, cards, task.id, NOON + HOUR)
    assert [step.to_department for step in course(session, task)] == ["", "信用卡中心", ""]


def test_passing_a_task_on_does_not_stop_its_clock(session: Session, world: World) -> None:
    task = task_of(session, passed(session, world, kind="suggestion"))
    due = task.due_at
    manager = actor(session, world, "manager")
    transfer(session, manager, task.id, world.departments["cards"], "属于信用卡口径", NOON + HOUR, ZONE)
    assert task.due_at == due
    late = due + timedelta(days=1)
    transfer(session, manager, task.id, world.departments["retail"], "退回", late, ZONE)
    assert task.due_at > late


def test_an_approved_draft_closes_the_tasks_it_was_written_for(session: Session, world: World) -> None:
    said = passed(session, world)
    task, revision = task_of(session, said), draft(session, world)
    link_draft(session, actor(session, world, "publisher"), task.id, revision, NOON + HOUR)
    assert task.state == "adopted"
    approve(session, revision, NOON + 2 * HOUR, world.people["reviewer"])
    reviewer = actor(session, world, "reviewer")
    assert close_solved(session, reviewer, revision, NOON + 2 * HOUR) == 1
    assert (task.state, task.revision_id) == ("solved", revision.id)
    assert own_total(session, actor(session, world, "agent")) == 10
    assert "task_solved" in told(session, world, "agent")
    assert close_solved(session, reviewer, revision, NOON + 3 * HOUR) == 0


def test_a_draft_of_another_article_cannot_solve_a_task(session: Session, world: World) -> None:
    task = task_of(session, passed(session, world, article="annual-fee", number=1))
    manager = actor(session, world, "manager")
    with pytest.raises(Invalid):
        link_draft(session, manager, task.id, draft(session, world), NOON + HOUR)


def test_only_a_revision_after_the_comment_counts_as_its_solution(session: Session, world: World) -> None:
    task = task_of(session, passed(session, world))
    publisher = actor(session, world, "publisher")
    with pytest.raises(Invalid):
        solve(session, publisher, task.id, 2, NOON + HOUR)
    revision = draft(session, world)
    with pytest.raises(Invalid):
        solve(session, publisher, task.id, revision.number, NOON + HOUR)
    approve(session, revision, NOON + 2 * HOUR, world.people["reviewer"])
    solve(session, publisher, task.id, revision.number, NOON + 3 * HOUR)
    assert task.state == "solved"


def test_a_closed_task_can_be_taken_up_again_for_a_reason(session: Session, world: World) -> None:
    task = task_of(session, passed(session, world))
    publisher = actor(session, world, "publisher")
    decline(session, publisher, task.id, "重复", NOON)
    reopen(session, publisher, task.id, "并非重复", NOON + HOUR, ZONE)
    assert (task.state, task.closed_at) == ("open", None)


def test_overdue_tasks_are_listed_first_and_counted(session: Session, world: World) -> None:
    slow = passed(session, world, "建议", kind="suggestion")
    urgent = passed(session, world, "有误", kind="error")
    publisher, moment = actor(session, world, "publisher"), NOON + timedelta(days=2)
    found = task_list(session, publisher, TaskFilters(), moment)
    assert [row.comment.id for row in found.rows] == [urgent.id, slow.id]
    assert found.counts == {TaskTab.TODO: 2, TaskTab.OVERDUE: 1, TaskTab.CLOSED: 0}
    overdue = task_list(session, publisher, TaskFilters(tab=TaskTab.OVERDUE), moment)
    assert [row.comment.id for row in overdue.rows] == [urgent.id]


def test_tasks_about_what_a_person_may_not_read_stay_hidden(session: Session, world: World) -> None:
    outsider = newcomer(session, "cardpub", "何明", "cards", Role.PUBLISHER)
    said = passed_restricted(session, world)
    transfer(
        session,
        actor(session, world, "manager"),
        task_of(session, said).id,
        world.departments["cards"],
        "核对",
        NOON,
        ZONE,
    )
    assert task_list(session, outsider, TaskFilters(), NOON).rows == []
    with pytest.raises(NotFound):
        adopt(session, outsider, task_of(session, said).id, NOON)


def passed_restricted(session: Session, world: World):  # type: ignore[no-untyped-def]
    from talking import comment

    from kb.moderation import Verdict, decide

    said = comment(session, world, article="restricted", number=1, role="publisher")
    decide(session, actor(session, world, "manager"), [said.id], Verdict.PASS, NOON, ZONE)
    return said


def test_time_in_each_state_is_kept_with_the_department_it_was_spent_in(
    session: Session, world: World
) -> None:
    task = task_of(session, passed(session, world))
    manager = actor(session, world, "manager")
    transfer(session, manager, task.id, world.departments["cards"], "属于信用卡", NOON + HOUR, ZONE)
    adopt(session, manager, task.id, NOON + 3 * HOUR)
    decline(session, manager, task.id, "重复", NOON + 7 * HOUR)
    events = session.execute(
        select(TaskEvent.department_id, TaskEvent.former_state, TaskEvent.spent_seconds)
        .where(TaskEvent.task_id == task.id)
        .order_by(TaskEvent.id)
    ).all()
    retail, cards = world.departments["retail"], world.departments["cards"]
    assert [tuple(event) for event in events] == [
        (retail, "", 0),
        (retail, "open", 3600),
        (cards, "open", 7200),
        (cards, "adopted", 14400),
    ]
    figures = department_figures(session, manager, NOON - HOUR, NOON + 8 * HOUR)
    assert [(row.department, row.closed, row.until_taken, row.until_closed) for row in figures] == [
        ("信用卡中心", 1, 7200.0, 14400.0)
    ]


def test_from_task_to_draft_to_approval_by_another_person(session: Session, world: World) -> None:
    said = passed(session, world)
    task, publisher, reviewer = (
        task_of(session, said),
        actor(session, world, "publisher"),
        actor(session, world, "reviewer"),
    )
    start_draft(session, publisher, task.id, NOON + HOUR)
    working = session.get_one(Revision, task.revision_id)
    assert (task.state, working.state) == ("adopted", "draft")
    assert start_draft(session, publisher, task.id, NOON + HOUR).revision_id == working.id
    text = replace(text_of(working), source="口头挂失满 120 小时到期。", change_summary="写明到期时刻")
    saved = save_draft(session, publisher, working.id, working.lock_version, text, NOON + 2 * HOUR)
    sent = submit(session, publisher, saved.id, saved.lock_version, NOON + 3 * HOUR)
    publishing.approve(session, reviewer, sent.id, sent.content_hash, NOON + 4 * HOUR)
    assert (task.state, task.revision_id) == ("solved", working.id)
    assert own_total(session, actor(session, world, "agent")) == 10
    assert told(session, world, "agent") == ["comment_passed", "task_adopted", "task_solved"]


def test_who_may_not_write_the_article_cannot_start_its_draft(session: Session, world: World) -> None:
    task = task_of(session, passed(session, world))
    with pytest.raises(Forbidden):
        start_draft(session, actor(session, world, "manager"), task.id, NOON)


def test_a_draft_that_is_thrown_away_makes_room_for_another(session: Session, world: World) -> None:
    task, publisher = task_of(session, passed(session, world)), actor(session, world, "publisher")
    start_draft(session, publisher, task.id, NOON + HOUR)
    working = session.get_one(Revision, task.revision_id)
    discard(session, publisher, working.id, working.lock_version, NOON + 2 * HOUR)
    start_draft(session, publisher, task.id, NOON + 3 * HOUR)
    assert task.state == "adopted"
    assert task.revision_id != working.id


def test_a_task_that_ran_over_its_clock_is_told_once(session: Session, world: World) -> None:
    task = task_of(session, passed(session, world, kind="error"))
    assert of_tasks(session, task.due_at - HOUR) == []
    late = task.due_at + HOUR
    lead = newcomer(session, "lead", "郭主管", "retail", Role.AGENT)
    session.add(DepartmentLead(department_id=world.departments["retail"], person_id=lead.person_id))
    session.flush()
    (reminder,) = of_tasks(session, late)
    assert reminder.person_ids == {world.people["publisher"], lead.person_id}
    send(session, [reminder], late)
    assert of_tasks(session, late + HOUR) == []
    passed(session, world, "又一处有误", kind="error", at=NOON + HOUR)
    assert len(of_tasks(session, late + 2 * HOUR)) == 1


def test_where_nobody_writes_the_managers_are_told(session: Session, world: World) -> None:
    passed(session, world, article="annual-fee", number=1)
    assert "task_assigned" in told(session, world, "manager")
    assert "task_assigned" not in told(session, world, "publisher")
