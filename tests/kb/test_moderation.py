"""Verdicts on comments: who may give them, what they set going, and taking them back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from talking import ZONE, actor, comment, newcomer, passed, task_of

from kb.comment_reactions import report
from kb.comments import reply
from kb.database import Database
from kb.errors import Forbidden, Invalid
from kb.models import AuditEvent, Comment, NodeGrant, Notification, Role, Task
from kb.moderation import UNDO_WITHIN, Refusal, Verdict, decide, undo
from kb.moderation_queue import Filters, Tab, moderates_anything, queue
from kb.moderation_rules import DEFAULT_MODE, mode_at, set_rule
from kb.points import own_total
from kb.tasks import adopt

LATER = NOON + timedelta(seconds=5)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction over the small bank."""
    with database.write() as session:
        yield session


def judge(
    session: Session, world: World, said: Comment, verdict: Verdict, reason: str = "", role: str = "reviewer"
):
    return decide(session, actor(session, world, role), [said.id], verdict, NOON, ZONE, reason)


def kinds_told(session: Session, person_id: int) -> list[str]:
    return list(session.scalars(select(Notification.kind).where(Notification.person_id == person_id)))


def test_nobody_judges_their_own_comment(session: Session, world: World) -> None:
    said = comment(session, world, role="reviewer")
    outcome = judge(session, world, said, Verdict.PASS)
    assert outcome.done == ()
    assert outcome.refused == {said.id: Refusal.OWN}
    assert said.state == "pending"


def test_the_database_itself_refuses_a_verdict_on_ones_own(session: Session, world: World) -> None:
    said = comment(session, world)
    said.decided_by_id = said.author_id
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


@pytest.mark.parametrize("role", ["agent", "publisher", "admin"])
def test_a_role_without_the_right_cannot_judge(session: Session, world: World, role: str) -> None:
    said = comment(session, world, role="manager")
    outcome = judge(session, world, said, Verdict.PASS, role=role)
    assert outcome.done == ()
    with pytest.raises(Forbidden):
        set_rule(session, actor(session, world, role), world.nodes["personal"], "post", NOON)


def test_a_grant_for_others_takes_the_right_from_the_role(session: Session, world: World) -> None:
    said = comment(session, world)
    node = world.nodes["personal"]
    other = newcomer(session, "rev2", "吴敏", "ops", Role.REVIEWER)
    session.add(NodeGrant(node_id=node, permission="comment:moderate", person_id=other.person_id))
    session.flush()
    assert judge(session, world, said, Verdict.PASS).done == ()
    assert queue(session, actor(session, world, "reviewer"), Filters()).rows == []
    assert [row.comment.id for row in queue(session, other, Filters()).rows] == [said.id]
    assert decide(session, other, [said.id], Verdict.PASS, NOON, ZONE).done == (said.id,)


def test_comments_on_what_a_moderator_may_not_read_do_not_exist_for_them(
    session: Session, world: World
) -> None:
    said = comment(session, world, article="restricted", number=1, role="publisher")
    reviewer = actor(session, world, "reviewer")
    assert queue(session, reviewer, Filters()).rows == []
    assert queue(session, reviewer, Filters()).counts[Tab.PENDING] == 0
    outcome = decide(session, reviewer, [said.id], Verdict.PASS, NOON, ZONE)
    assert outcome.refused == {said.id: Refusal.UNKNOWN}
    assert [row.comment.id for row in queue(session, actor(session, world, "manager"), Filters()).rows] == [
        said.id
    ]


def test_rejecting_needs_a_reason_that_the_author_is_told(session: Session, world: World) -> None:
    said = comment(session, world)
    with pytest.raises(Invalid):
        judge(session, world, said, Verdict.REJECT)
    judge(session, world, said, Verdict.REJECT, "请写明在哪一段")
    assert (said.state, said.state_reason) == ("rejected", "请写明在哪一段")
    assert "comment_rejected" in kinds_told(session, said.author_id)
    assert session.scalar(select(Task).where(Task.comment_id == said.id)) is None


def test_a_comment_that_passes_becomes_a_task_of_the_owner(session: Session, world: World) -> None:
    said = passed(session, world)
    task = task_of(session, said)
    assert task.department_id == world.departments["retail"]
    assert "task_assigned" in kinds_told(session, world.people["publisher"])


def test_every_verdict_is_audited_with_what_it_changed(session: Session, world: World) -> None:
    said = comment(session, world)
    judge(session, world, said, Verdict.REJECT, "重复")
    judge(session, world, said, Verdict.PASS)
    judge(session, world, said, Verdict.HIDE, "含有内部电话")
    events = session.execute(
        select(AuditEvent.action, AuditEvent.reason).where(AuditEvent.subject == f"comment:{said.id}")
    ).all()
    assert [tuple(event) for event in events[1:]] == [
        ("comment.reject", "重复"),
        ("comment.pass", ""),
        ("comment.hide", "含有内部电话"),
    ]


def test_a_verdict_on_what_somebody_judged_meanwhile_is_reported(session: Session, world: World) -> None:
    said = passed(session, world)
    outcome = decide(session, actor(session, world, "manager"), [said.id], Verdict.REJECT, NOON, ZONE, "重复")
    assert outcome.done == ()
    assert said.id in outcome.refused
    assert said.state == "visible"


def test_one_verdict_on_many_leaves_out_only_what_cannot_have_it(session: Session, world: World) -> None:
    ours = comment(session, world, "自己写的", role="reviewer")
    others = [comment(session, world, f"问题 {number}") for number in range(3)]
    ids = [ours.id, *[said.id for said in others], 999_999]
    outcome = decide(session, actor(session, world, "reviewer"), ids, Verdict.PASS, NOON, ZONE)
    assert outcome.done == tuple(said.id for said in others)
    assert set(outcome.refused) == {ours.id, 999_999}


def test_undoing_within_seconds_leaves_nothing_behind(session: Session, world: World) -> None:
    said = passed(session, world, "请 @赵立群 看看")
    outcome = undo(session, actor(session, world, "reviewer"), [said.id], LATER)
    assert outcome.done == (said.id,)
    assert said.state == "pending"
    assert session.scalar(select(Task).where(Task.comment_id == said.id)) is None
    assert kinds_told(session, world.people["publisher"]) == []
    assert kinds_told(session, said.author_id) == []
    assert session.scalars(select(AuditEvent.action).order_by(AuditEvent.id.desc())).first() == "comment.undo"


def test_a_verdict_can_be_given_again_after_it_was_undone(session: Session, world: World) -> None:
    said = passed(session, world)
    undo(session, actor(session, world, "reviewer"), [said.id], LATER)
    assert decide(session, actor(session, world, "manager"), [said.id], Verdict.PASS, LATER, ZONE).done
    assert task_of(session, said).state == "open"


def test_undoing_ends_after_its_seconds_and_belongs_to_who_judged(session: Session, world: World) -> None:
    said = passed(session, world)
    assert undo(session, actor(session, world, "manager"), [said.id], LATER).done == ()
    late = NOON + UNDO_WITHIN + timedelta(seconds=1)
    assert undo(session, actor(session, world, "reviewer"), [said.id], late).done == ()
    assert said.state == "visible"


def test_a_task_that_was_taken_up_meanwhile_keeps_the_verdict(session: Session, world: World) -> None:
    said = passed(session, world)
    adopt(session, actor(session, world, "publisher"), task_of(session, said).id, NOON + timedelta(seconds=2))
    outcome = undo(session, actor(session, world, "reviewer"), [said.id], LATER)
    assert outcome.done == ()
    assert said.state == "visible"


def test_hiding_cancels_the_task_and_its_points_and_undoing_gives_both_back(
    session: Session, world: World
) -> None:
    said = passed(session, world)
    agent = actor(session, world, "agent")
    adopt(session, actor(session, world, "publisher"), task_of(session, said).id, NOON)
    at = NOON + timedelta(minutes=5)
    decide(session, actor(session, world, "reviewer"), [said.id], Verdict.HIDE, at, ZONE, "含有内部电话")
    assert (task_of(session, said).state, own_total(session, agent)) == ("cancelled", 0)
    undo(session, actor(session, world, "reviewer"), [said.id], at + timedelta(seconds=3))
    assert (said.state, task_of(session, said).state, own_total(session, agent)) == ("visible", "adopted", 5)


def test_a_report_waits_until_a_moderator_keeps_or_hides_the_comment(session: Session, world: World) -> None:
    said = passed(session, world)
    report(session, actor(session, world, "publisher"), said.id, "含有内部电话", NOON)
    reviewer = actor(session, world, "reviewer")
    found = queue(session, reviewer, Filters(tab=Tab.REPORTED))
    assert [row.reports[0].reason for row in found.rows] == ["含有内部电话"]
    judge(session, world, said, Verdict.KEEP)
    assert queue(session, reviewer, Filters(tab=Tab.REPORTED)).rows == []
    undo(session, reviewer, [said.id], LATER)
    assert len(queue(session, reviewer, Filters(tab=Tab.REPORTED)).rows) == 1
    assert said.state == "visible"


def test_the_queue_shows_the_history_of_an_author(session: Session, world: World) -> None:
    passed(session, world, "一")
    judge(session, world, comment(session, world, "二"), Verdict.REJECT, "重复")
    comment(session, world, "三")
    row = queue(session, actor(session, world, "reviewer"), Filters()).rows[0]
    assert (row.history.visible, row.history.refused, row.history.pending) == (1, 1, 1)


def test_the_queue_narrows_by_kind_department_category_and_sensitive_words(
    session: Session, world: World
) -> None:
    comment(session, world, "年费怎么减免？", article="annual-fee", number=1)
    comment(session, world, "是不是保本保息", kind="error")
    reviewer = actor(session, world, "reviewer")

    def texts(**values: object) -> list[str]:
        return [row.comment.text for row in queue(session, reviewer, Filters(**values)).rows]  # type: ignore[arg-type]

    assert texts() == ["年费怎么减免？", "是不是保本保息"]
    assert texts(kind="error") == ["是不是保本保息"]
    assert texts(department_id=world.departments["cards"]) == ["年费怎么减免？"]
    assert texts(node_id=world.nodes["personal"]) == ["是不是保本保息"]
    assert texts(is_sensitive=True) == ["是不是保本保息"]


def test_answers_are_judged_with_what_they_answer(session: Session, world: World) -> None:
    said = passed(session, world, "五天从哪天算？")
    reply(session, actor(session, world, "agent"), said.id, "补充一句", NOON, ZONE)
    row = queue(session, actor(session, world, "reviewer"), Filters()).rows[0]
    assert row.answers == "五天从哪天算？"


def test_rules_are_inherited_from_the_nearest_node_above(session: Session, world: World) -> None:
    from kb.models import Node

    manager = actor(session, world, "manager")
    leaf = session.get_one(Node, world.nodes["personal/debit/loss"])
    assert mode_at(session, leaf) is DEFAULT_MODE
    set_rule(session, manager, world.nodes["personal"], "post", NOON)
    assert mode_at(session, leaf) == "post"
    set_rule(session, manager, world.nodes["personal/debit"], "pre", NOON)
    assert mode_at(session, leaf) == "pre"
    set_rule(session, manager, world.nodes["personal/debit"], "", NOON)
    assert mode_at(session, leaf) == "post"


def test_only_those_who_judge_somewhere_have_a_queue(session: Session, world: World) -> None:
    assert moderates_anything(session, actor(session, world, "reviewer"))
    assert not moderates_anything(session, actor(session, world, "agent"))
