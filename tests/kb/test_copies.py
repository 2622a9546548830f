"""Copied wording: the record holds the exact text, and only the right people find it."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest
from announcing import actor, another_version, colleague
from small_bank import NOON, World
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.copies import CopiedLine, CopyFilter, find_copies, record_copy
from kb.database import Database
from kb.errors import Forbidden
from kb.models import Article, Copy, Revision

FIRST = "您好，已为您登记口头挂失，有效期五天，请尽快到网点办理正式挂失。"
SECOND = "补卡工本费为每张十元，六十五岁以上客户免收。"


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """One transaction over the small bank."""
    with database.write() as session:
        yield session


def revision(session: Session, world: World, article: str = "loss", number: int = 2) -> Revision:
    """One revision of an article."""
    return session.get_one(Article, world.articles[article]).revisions[number - 1]


def copy(
    session: Session, world: World, block: int | None = 1, token: str = "", **more: object
) -> Copy | None:
    """The agent copies a block of the loss article."""
    who = actor(session, world, "agent")
    name = token or f"token-{session.query(Copy).count():08}"
    return record_copy(session, who, revision(session, world), block, NOON, token=name, **more)  # type: ignore[arg-type]


def found(session: Session, who: Actor, **wanted: object) -> list[CopiedLine]:
    """What a person finds."""
    scope = audience_scope(session, who)
    return find_copies(session, who, scope, CopyFilter(**wanted))[0]  # type: ignore[arg-type]


def test_the_record_holds_the_hash_and_leads_to_the_exact_text(session: Session, world: World) -> None:
    row = copy(session, world, 2)
    assert row is not None
    assert row.text_hash == hashlib.sha256(SECOND.encode()).hexdigest()
    another_version(session, world, "loss", "补卡免费。", NOON + timedelta(days=1))
    (line,) = found(session, actor(session, world, "manager"))
    assert (line.text, line.block_title, line.number) == (SECOND, "补卡收费", 2)
    assert (line.person, line.staff_number, line.department) == ("李晓雯", "1001", "客户服务中心")


def test_all_blocks_together_are_one_copy(session: Session, world: World) -> None:
    copy(session, world, None)
    (line,) = found(session, actor(session, world, "manager"))
    assert line.text == f"{FIRST}\n\n{SECOND}"


def test_a_block_that_is_not_there_leaves_no_record(session: Session, world: World) -> None:
    assert copy(session, world, 3) is None
    assert copy(session, world, 0) is None
    assert copy(session, world, token="short") is None


def test_a_report_sent_twice_is_kept_once(session: Session, world: World) -> None:
    assert copy(session, world, token="same-token") is not None
    assert copy(session, world, token="same-token") is None


def test_a_late_report_is_dated_back_but_not_beyond_half_a_day(session: Session, world: World) -> None:
    late = copy(session, world, age=timedelta(minutes=90))
    ancient = copy(session, world, age=timedelta(days=3))
    future = copy(session, world, age=timedelta(hours=-3))
    times = [row.copied_at for row in (late, ancient, future) if row is not None]
    assert times == [NOON - timedelta(minutes=90), NOON - timedelta(hours=12), NOON]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("call-20261123/7", "call-20261123/7"),
        ("13812345678", "138****5678"),
        ("<script>", ""),
        ("x" * 65, ""),
    ],
)
def test_the_call_id_is_kept_unless_it_is_a_person_or_nonsense(
    session: Session, world: World, given: str, kept: str
) -> None:
    row = copy(session, world, call_id=given)
    assert row is not None and row.call_id == kept


def test_it_is_found_by_person_article_call_and_time(session: Session, world: World) -> None:
    copy(session, world, call_id="call-7")
    manager = actor(session, world, "manager")
    hour = timedelta(hours=1)
    for wanted in (
        {"person": "晓雯"},
        {"person": "1001"},
        {"article": str(world.articles["loss"])},
        {"article": "挂失与补卡"},
        {"call_id": "call-7"},
        {"since": NOON, "until": NOON + hour},
    ):
        assert len(found(session, manager, **wanted)) == 1, wanted
    for wanted in (
        {"person": "孙"},
        {"person": "%"},
        {"article": "999"},
        {"call_id": "call-8"},
        {"since": NOON + hour},
        {"until": NOON},
    ):
        assert found(session, manager, **wanted) == [], wanted


def test_reviewers_find_only_what_their_departments_own(session: Session, world: World) -> None:
    copy(session, world)
    owner = colleague(session, world, "r2", "retail", "reviewer")
    assert len(found(session, owner)) == 1
    assert found(session, actor(session, world, "reviewer")) == []
    for role in ("agent", "publisher", "admin"):
        with pytest.raises(Forbidden):
            found(session, actor(session, world, role))
