"""Review dates: when an article is due, who may sign that it is right, what is kept and who is told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from announcing import actor, another_version, colleague
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.database import Database
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.models import Article, AuditEvent, Notification, ReviewCheck
from kb.reminders import of_reviews, send
from kb.review_dates import checks_of, plan, still_right
from kb.review_queue import Queue, counts, may_look, queue

DAY = timedelta(days=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction over the small bank."""
    with database.write() as session:
        yield session


def planned(
    session: Session,
    world: World,
    article: str,
    days: int | None,
    by: str = "publisher",
    who: int | None = None,
) -> Article:
    """Give an article an interval."""
    person = actor(session, world, by)
    scope = audience_scope(session, person)
    return plan(session, person, scope, world.articles[article], days, who, NOON)


def sign(session: Session, who: Actor, article: Article, at=NOON, seen: str | None = None) -> ReviewCheck:
    """Sign that the newest revision is still right."""
    scope = audience_scope(session, who)
    seen = seen or article.revisions[-1].content_hash
    return still_right(session, who, scope, article.id, seen, at, "看过")


def titles(session: Session, who: Actor, wanted: Queue, **more: object) -> list[str]:
    """The titles in a list."""
    rows, total = queue(session, who, audience_scope(session, who), wanted, NOON, **more)  # type: ignore[arg-type]
    assert total == len(rows)
    return [row.title for row in rows]


def test_an_article_is_due_its_interval_after_the_last_approval(session: Session, world: World) -> None:
    article = planned(session, world, "loss", 30)
    assert article.review_due_at == NOON - 40 * DAY + 30 * DAY
    another_version(session, world, "loss", "补卡免费", NOON)
    assert article.review_due_at == NOON + 30 * DAY
    planned(session, world, "loss", None)
    assert article.review_due_at is None


def test_signing_sets_the_next_date_and_keeps_who_when_and_which_text(session: Session, world: World) -> None:
    article = planned(session, world, "loss", 30)
    reviewer = actor(session, world, "reviewer")
    sign(session, reviewer, article)
    assert article.review_due_at == NOON + 30 * DAY
    ((line),) = checks_of(session, article.id)
    assert (line.person, line.number, line.check.note) == ("孙慧敏", 2, "看过")
    event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event is not None
    assert (event.action, event.revision_hash) == (
        "article.still_right",
        article.revisions[-1].content_hash,
    )
    another_version(session, world, "loss", "补卡免费", NOON + DAY)
    assert article.review_due_at == NOON + 31 * DAY


def test_a_text_replaced_meanwhile_cannot_be_signed(session: Session, world: World) -> None:
    article = planned(session, world, "loss", 30)
    seen = article.revisions[-1].content_hash
    another_version(session, world, "loss", "补卡免费", NOON)
    with pytest.raises(Conflict):
        sign(session, actor(session, world, "reviewer"), article, seen=seen)
    assert session.scalars(select(ReviewCheck)).all() == []


def test_who_may_sign(session: Session, world: World) -> None:
    article = planned(session, world, "loss", 30)
    for role in ("agent", "manager", "admin"):
        with pytest.raises(Forbidden):
            sign(session, actor(session, world, role), article)
    other = colleague(session, world, "p2", "cards", "publisher")
    with pytest.raises(Forbidden):
        sign(session, other, article)
    planned(session, world, "loss", 30, who=other.person_id)
    assert sign(session, other, article).next_due_at == NOON + 30 * DAY


def test_a_restricted_or_ended_article_cannot_be_signed(session: Session, world: World) -> None:
    secret = session.get_one(Article, world.articles["restricted"])
    with pytest.raises(NotFound):
        sign(session, actor(session, world, "reviewer"), secret)
    ended = session.get_one(Article, world.articles["expired"])
    with pytest.raises(NotFound):
        sign(session, actor(session, world, "reviewer"), ended)


def test_a_plan_refuses_what_makes_no_sense(session: Session, world: World) -> None:
    for days in (0, 4000):
        with pytest.raises(Invalid) as failure:
            planned(session, world, "loss", days)
        assert set(failure.value.errors) == {"interval"}
    with pytest.raises(Invalid) as failure:
        planned(session, world, "loss", 30, who=999)
    assert set(failure.value.errors) == {"responsible"}


def test_the_lists_and_their_numbers_agree(session: Session, world: World) -> None:
    planned(session, world, "loss", 30)
    planned(session, world, "today", 20)
    manager = actor(session, world, "manager")
    lists = {item: titles(session, manager, item) for item in Queue}
    assert lists[Queue.OVERDUE] == ["借记卡挂失与补卡业务办理口径"]
    assert lists[Queue.SOON] == ["大额存单转让操作指引"]
    assert lists[Queue.EXPIRING] == ["社保卡挂失补卡省内通办试点通知"]
    assert len(lists[Queue.UNPLANNED]) == 3
    rows = {row.name: row for row in counts(session, audience_scope(session, manager), NOON)}
    retail = rows["个人金融部"]
    assert (retail.overdue, retail.soon, retail.expiring, retail.unplanned) == (1, 1, 1, 2)
    for item in Queue:
        assert sum(row.of(item) for row in rows.values()) == len(lists[item])


def test_lists_keep_to_department_person_and_rights(session: Session, world: World) -> None:
    publisher, reviewer = actor(session, world, "publisher"), actor(session, world, "reviewer")
    planned(session, world, "loss", 30, who=reviewer.person_id)
    planned(session, world, "restricted", 5)
    retail, cards = world.departments["retail"], world.departments["cards"]
    assert len(titles(session, publisher, Queue.OVERDUE, department_id=retail)) == 2
    assert titles(session, publisher, Queue.OVERDUE, department_id=cards) == []
    assert titles(session, publisher, Queue.OVERDUE, mine=True) == []
    assert titles(session, reviewer, Queue.OVERDUE) == ["借记卡挂失与补卡业务办理口径"]
    assert titles(session, reviewer, Queue.OVERDUE, mine=True) == ["借记卡挂失与补卡业务办理口径"]
    assert not may_look(actor(session, world, "agent"))


def test_the_list_says_where_the_viewer_may_sign(session: Session, world: World) -> None:
    planned(session, world, "loss", 30)

    def signable(role: str) -> list[bool]:
        who = actor(session, world, role)
        rows, _total = queue(session, who, audience_scope(session, who), Queue.OVERDUE, NOON)
        return [row.may_check for row in rows]

    assert (signable("publisher"), signable("reviewer"), signable("manager")) == ([True], [True], [False])


def test_reminders_come_two_weeks_before_and_on_the_date_to_who_answers(
    session: Session, world: World
) -> None:
    article = planned(session, world, "loss", 60)
    due = article.review_due_at
    assert due is not None

    def told(moment) -> list[tuple[str, int]]:
        send(session, of_reviews(session, moment), moment)
        assert of_reviews(session, moment) == []
        return [
            (row.kind, row.person_id)
            for row in session.scalars(select(Notification).order_by(Notification.id))
        ]

    publisher = world.people["publisher"]
    assert told(due - 15 * DAY) == []
    assert told(due - 14 * DAY) == [("review_due", publisher)]
    assert told(due - 3 * DAY) == [("review_due", publisher)]
    assert told(due)[1:] == [("review_overdue", publisher)]
    sign(session, actor(session, world, "publisher"), article, due)
    assert all(session.scalars(select(Notification.read_at)))


def test_who_answers_for_several_gets_one_line(session: Session, world: World) -> None:
    reviewer = world.people["reviewer"]
    planned(session, world, "loss", 30, who=reviewer)
    planned(session, world, "today", 10, who=reviewer)
    (reminder,) = of_reviews(session, NOON)
    assert (reminder.person_ids, reminder.subject) == ({reviewer}, "2 篇知识待复核，其中 1 篇已逾期")
