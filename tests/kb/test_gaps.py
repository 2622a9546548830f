"""Knowledge gaps: merged by text, masked, sent to the right department, answered, told, kept golden."""

import json
from datetime import timedelta

import pytest
from small_bank import NOON, World
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.articles import add_revision, approve, create_article
from kb.database import Database
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.gaps import (
    answer_published,
    answer_with,
    begin_answer,
    decline,
    file_gap,
    gap_for,
    hand_over,
    open_count,
    place_for,
    queue,
)
from kb.golden_queries import check, ensure_golden, golden_queries, moves
from kb.models import Department, Gap, GapAsker, GoldenQuery, Node, Notification, Person
from kb.revision_text import RevisionText
from web.wiring import Services


def actor(session: Session, world: World, role: str) -> Actor:
    return Actor.of(session.get_one(Person, world.people[role]))


def file(session: Session, world: World, role: str, text: str, department: str = "retail") -> Gap:
    who = actor(session, world, role)
    return file_gap(session, who, text, {"time": "week"}, (None, world.departments[department]), NOON)[0]


def told(session: Session, world: World, role: str) -> list[tuple[str, str]]:
    rows = session.execute(
        select(Notification.kind, Notification.subject).where(Notification.person_id == world.people[role])
    )
    return [(kind, subject) for kind, subject in rows]


def test_the_same_question_of_several_people_is_one_gap_with_a_count(
    database: Database, world: World
) -> None:
    with database.write() as session:
        first = file(session, world, "agent", "外卡 ATM 限额")
        assert file(session, world, "manager", "外卡atm限额").id == first.id
        assert file(session, world, "agent", "外卡 atm限额").id == first.id
        assert session.scalar(select(func.count()).select_from(GapAsker)) == 2
        [line], total = queue(session, actor(session, world, "publisher"), "open", NOON)
        assert (line.people, total, line.department) == (2, 1, "个人金融部")


def test_personal_data_is_masked_before_it_is_stored(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        place = (None, world.departments["retail"])
        gap, _new = file_gap(
            session, agent, "客户13800138000挂失", {"from": "6222021234567890128"}, place, NOON
        )
        stored = f"{gap.text} {gap.folded} {gap.conditions}"
        assert "13800138000" not in stored
        assert json.loads(gap.conditions).keys() == {"from"}


def test_an_empty_question_is_refused(database: Database, world: World) -> None:
    with database.write() as session, pytest.raises(Invalid):
        file(session, world, "agent", "   ")


def test_the_place_comes_from_the_category_then_from_what_is_near_then_from_the_keepers(
    database: Database, world: World
) -> None:
    with database.read() as session:
        agent = actor(session, world, "agent")
        card = world.nodes["card"]
        assert place_for(session, agent, card, []) == (card, world.departments["cards"])
        near = place_for(session, agent, None, [world.articles["loss"]])
        assert near == (world.nodes["personal/debit/loss"], world.departments["retail"])
        secret = place_for(session, agent, None, [world.articles["restricted"]])
        assert secret == place_for(session, agent, None, []) == (None, world.departments["ops"])


def test_only_the_department_and_managers_see_a_gap(database: Database, world: World) -> None:
    with database.write() as session:
        gap = file(session, world, "agent", "外卡限额", "cards")
        publisher, manager = actor(session, world, "publisher"), actor(session, world, "manager")
        assert queue(session, publisher, "open", NOON) == ([], 0)
        assert (open_count(session, publisher), open_count(session, manager)) == (0, 1)
        with pytest.raises(NotFound):
            gap_for(session, publisher, gap.id)
        with pytest.raises(Forbidden):
            queue(session, actor(session, world, "agent"), "open", NOON)
        hand_over(session, manager, gap.id, world.departments["retail"], NOON)
        assert gap_for(session, publisher, gap.id) is gap


def test_an_answer_tells_everybody_who_asked_and_becomes_a_golden_query(
    database: Database, world: World
) -> None:
    with database.write() as session:
        gap = file(session, world, "agent", "大额转让")
        file(session, world, "manager", "大额转让")
        publisher = actor(session, world, "publisher")
        assert answer_with(session, publisher, gap.id, world.articles["today"], NOON) == 2
        assert told(session, world, "agent") == [("gap_answered", "大额存单转让操作指引")]
        [golden] = golden_queries(session)
        assert (golden.text, golden.article_id, golden.gap_id) == (
            "大额转让",
            world.articles["today"],
            gap.id,
        )
        with pytest.raises(Conflict):
            answer_with(session, publisher, gap.id, world.articles["today"], NOON)
        assert file(session, world, "agent", "大额转让").id != gap.id


@pytest.mark.parametrize("name", ["scheduled", "expired", None])
def test_only_what_is_in_force_answers(database: Database, world: World, name: str | None) -> None:
    with database.write() as session:
        gap = file(session, world, "agent", "大额转让")
        with pytest.raises(Invalid):
            answer_with(
                session, actor(session, world, "publisher"), gap.id, world.articles.get(name or "", 0), NOON
            )


def test_a_draft_answers_when_it_comes_into_force_and_not_before(database: Database, world: World) -> None:
    start = NOON + timedelta(days=1)
    with database.write() as session:
        gap = file(session, world, "agent", "数字钱包")
        node = session.get_one(Node, world.nodes["personal"])
        owner = session.get_one(Department, world.departments["retail"])
        article = create_article(session, node, owner, NOON)
        text = RevisionText("数字钱包开立口径", "正文", effective_from=start)
        revision = add_revision(session, article, text, NOON, author_id=world.people["publisher"])
        begin_answer(session, actor(session, world, "publisher"), gap.id, article.id, NOON)
        assert answer_published(session, NOON) == 0
        approve(session, revision, NOON, world.people["reviewer"])
        assert answer_published(session, NOON, article.id) == 0
        assert answer_published(session, start, article.id) == 1
        assert gap.state == "answered"


def test_a_declined_gap_tells_the_reason(database: Database, world: World) -> None:
    with database.write() as session:
        gap = file(session, world, "agent", "食堂菜单")
        publisher = actor(session, world, "publisher")
        with pytest.raises(Invalid):
            decline(session, publisher, gap.id, " ", NOON)
        decline(session, publisher, gap.id, "不属于业务知识", NOON)
        assert told(session, world, "agent") == [("gap_declined", "食堂菜单")]


def test_a_golden_query_is_checked_by_rank_and_a_move_shows_what_breaks(
    services: Services, world: World
) -> None:
    with services.database.write() as session:
        for text, name in (("信用卡年费", "annual-fee"), ("信用卡年费", "today")):
            department = world.departments["cards"]
            ensure_golden(session, text, department, world.articles[name], None, NOON, max_rank=1)
        checks = {
            item.query.article_id: item for item in check(services.engine, golden_queries(session), NOON)
        }
    good, bad = checks[world.articles["annual-fee"]], checks[world.articles["today"]]
    assert (good.rank, good.holds, bad.holds) == (1, True, False)
    [move] = moves([good, bad], [type(good)(good.query, 2), bad])
    assert (move.before, move.after, move.breaks) == (1, 2, True)


def test_a_query_and_an_article_are_judged_once(database: Database, world: World) -> None:
    with database.write() as session:
        for rank in (1, 5):
            ensure_golden(
                session,
                "年 费",
                world.departments["cards"],
                world.articles["annual-fee"],
                None,
                NOON,
                max_rank=rank,
            )
        assert session.scalars(select(GoldenQuery.max_rank)).all() == [5]
