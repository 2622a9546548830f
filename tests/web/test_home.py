"""The home page: what it lists for whom, its tabs, and how few questions it asks the database."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from small_bank import NOON, World
from sqlalchemy import event

from kb.access import Actor, AudienceScope
from kb.activity import recent_searches, recent_views
from kb.articles import RevisionText, add_revision, approve, create_article
from kb.clock import FixedClock
from kb.database import Database
from kb.feeds import ending_soon, hottest
from kb.models import Article, Department, Node, Person, Revision, Search, View

LoggedIn = Callable[..., FlaskClient]
EVERYTHING = AudienceScope(None)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """Collect the statements that go to the database."""
    statements: list[str] = []

    def note(_connection, _cursor, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


def read(
    database: Database, world: World, article: str, person: str, at: datetime, counts: bool = True
) -> None:
    """Note that a person read an article."""
    with database.write() as session:
        found = session.get_one(Article, world.articles[article])
        session.add(
            View(
                article_id=found.id,
                revision_id=found.revisions[-1].id,
                person_id=world.people[person],
                viewed_at=at,
                counts=counts,
            )
        )


def search(database: Database, world: World, text: str, person: str, at: datetime, total: int = 3) -> None:
    """Note that a person searched."""
    with database.write() as session:
        session.add(
            Search(
                person_id=world.people[person], text=text, folded=text.lower(), total=total, searched_at=at
            )
        )


def publish(database: Database, world: World, titles: list[str], at: datetime) -> None:
    """Publish an article for each title."""
    with database.write() as session:
        node = session.get_one(Node, world.nodes["card"])
        owner = session.get_one(Department, world.departments["cards"])
        for title in titles:
            article = create_article(session, node, owner, at)
            approve(session, add_revision(session, article, RevisionText(title, "正文"), at), at)


def section(text: str, name: str) -> str:
    """The part of a page that is one of its sections, by id."""
    found = re.search(rf'<section[^>]*id="{name}".*?</section>', text, re.DOTALL)
    assert found is not None
    return found.group()


def titles(text: str, name: str) -> list[str]:
    """The titles of articles listed in a section."""
    return re.findall(r'<a href="/a/\d+" title="([^"]+)"', section(text, name))


def actor(database: Database, world: World, role: str) -> Actor:
    with database.read() as session:
        return Actor.of(session.get_one(Person, world.people[role]))


def test_the_latest_come_first_and_only_what_is_in_force(client: FlaskClient, logged_in: LoggedIn) -> None:
    text = logged_in(client).get("/?latest=all").text
    assert titles(text, "latest") == [
        "大额存单转让操作指引",
        "信用卡年费收取与减免规则",
        "借记卡挂失与补卡业务办理口径",
        "社保卡挂失补卡省内通办试点通知",
    ]


def test_a_scheduled_article_appears_when_its_hour_has_come(
    client: FlaskClient, logged_in: LoggedIn, clock: FixedClock
) -> None:
    clock.at = NOON + timedelta(days=7)
    assert titles(logged_in(client).get("/?latest=all").text, "latest")[0] == "个人转账手续费调整方案"


def test_an_article_for_one_department_is_listed_for_that_department_only(
    client: FlaskClient, logged_in: LoggedIn, app
) -> None:
    restricted = "借记卡反欺诈监测阈值说明"
    assert restricted not in logged_in(client, "agent").get("/?latest=all").text
    assert restricted in titles(logged_in(app.test_client(), "publisher").get("/?latest=all").text, "latest")


def test_counts_of_categories_leave_out_what_the_viewer_may_not_read(
    client: FlaskClient, logged_in: LoggedIn, app
) -> None:
    def of_personal(text: str) -> str:
        found = re.search(r"<span>个人业务</span></a>\s*<span class=\"category-count\">(\d+) 篇", text)
        assert found is not None
        return found.group(1)

    assert of_personal(logged_in(client, "agent").get("/").text) == "3"
    assert of_personal(logged_in(app.test_client(), "publisher").get("/").text) == "4"


def test_the_tab_of_today_lists_today_only(client: FlaskClient, logged_in: LoggedIn) -> None:
    assert titles(logged_in(client).get("/?latest=day").text, "latest") == ["大额存单转让操作指引"]


def test_today_begins_at_midnight_of_the_bank_not_of_utc(
    client: FlaskClient, logged_in: LoggedIn, clock: FixedClock
) -> None:
    # 00:30 in Shanghai is still the day before in UTC.
    clock.at = datetime.fromisoformat("2026-11-24T00:30:00+08:00")
    assert titles(logged_in(client).get("/?latest=day").text, "latest") == []


def test_without_a_choice_a_thin_day_gives_way_to_all(client: FlaskClient, logged_in: LoggedIn) -> None:
    text = section(logged_in(client).get("/").text, "latest")
    assert re.search(r'aria-current="true">全部</a>', text)


def test_without_a_choice_a_full_day_is_shown(
    client: FlaskClient, logged_in: LoggedIn, database: Database, world: World
) -> None:
    publish(database, world, [f"新知识{number}" for number in range(6)], NOON - timedelta(hours=1))
    text = section(logged_in(client).get("/").text, "latest")
    assert re.search(r'aria-current="true">今日</a>', text)


@pytest.mark.parametrize("query", ["latest=month", "hot=all", "latest=%27", "hot=", "latest=day&latest=week"])
def test_an_unknown_tab_is_ignored(client: FlaskClient, logged_in: LoggedIn, query: str) -> None:
    assert logged_in(client).get(f"/?{query}").status_code == 200


def test_an_empty_list_says_so(client: FlaskClient, logged_in: LoggedIn) -> None:
    text = logged_in(client).get("/").text
    assert "这段时间还没有人看过知识。" in section(text, "hottest")
    assert "您看过的知识会列在这里。" in section(text, "mine")


def test_the_hottest_count_different_people_not_reloads(database: Database, world: World) -> None:
    for minute in range(9):
        read(database, world, "annual-fee", "agent", NOON - timedelta(minutes=minute))
    for person in ("agent", "reviewer"):
        read(database, world, "loss", person, NOON)
    with database.read() as session:
        found = hottest(session, EVERYTHING, NOON, days=7)
    assert [(item.title[:3], item.people) for item in found] == [("借记卡", 2), ("信用卡", 1)]


def test_views_by_its_own_publishers_do_not_heat_an_article(database: Database, world: World) -> None:
    read(database, world, "loss", "publisher", NOON, counts=False)
    with database.read() as session:
        assert hottest(session, EVERYTHING, NOON, days=7) == []


def test_older_readers_weigh_less(database: Database, world: World) -> None:
    for person in ("agent", "reviewer"):
        read(database, world, "loss", person, NOON - timedelta(days=6))
    read(database, world, "annual-fee", "agent", NOON)
    with database.read() as session:
        assert [item.title[:3] for item in hottest(session, EVERYTHING, NOON, days=7)] == ["信用卡", "借记卡"]


def test_the_move_compares_with_the_ranks_of_a_day_ago(database: Database, world: World) -> None:
    for person in ("agent", "reviewer"):
        read(database, world, "loss", person, NOON - timedelta(days=2))
    read(database, world, "annual-fee", "agent", NOON - timedelta(days=2))
    for person in ("agent", "reviewer", "manager"):
        read(database, world, "annual-fee", person, NOON)
    read(database, world, "today", "agent", NOON)
    with database.read() as session:
        moves = {item.title[:3]: item.rank_change for item in hottest(session, EVERYTHING, NOON, days=7)}
    assert moves == {"信用卡": 1, "借记卡": -1, "大额存": 0}


def test_views_before_the_period_do_not_count(database: Database, world: World) -> None:
    read(database, world, "loss", "agent", NOON - timedelta(days=2))
    with database.read() as session:
        assert hottest(session, EVERYTHING, NOON, days=1) == []


def test_hot_queries_need_more_than_one_person(
    client: FlaskClient, logged_in: LoggedIn, database: Database, world: World
) -> None:
    for person in ("agent", "reviewer"):
        search(database, world, "补卡工本费", person, NOON - timedelta(hours=1))
    for _ in range(5):
        search(database, world, "我的秘密问题", "reviewer", NOON - timedelta(hours=1))
    text = logged_in(client).get("/").text
    assert re.search(r'href="/search\?q=[^"]+">补卡工本费</a>', text)
    assert "我的秘密问题" not in text


def test_recent_views_list_each_article_once_newest_first(database: Database, world: World) -> None:
    for name, minutes in (("loss", 30), ("annual-fee", 20), ("loss", 10)):
        read(database, world, name, "agent", NOON - timedelta(minutes=minutes))
    me = actor(database, world, "agent")
    with database.read() as session:
        found = recent_views(session, me, EVERYTHING, NOON)
    assert [(view.title[:3], view.viewed_at) for view in found] == [
        ("借记卡", NOON - timedelta(minutes=10)),
        ("信用卡", NOON - timedelta(minutes=20)),
    ]


def test_recent_views_of_a_person_are_theirs_alone(database: Database, world: World) -> None:
    read(database, world, "loss", "reviewer", NOON)
    me = actor(database, world, "agent")
    with database.read() as session:
        assert recent_views(session, me, EVERYTHING, NOON) == []


def test_recent_searches_are_different_and_newest_first(database: Database, world: World) -> None:
    for text in ("挂失", "年费", "挂失", "补卡"):
        search(database, world, text, "agent", NOON)
    search(database, world, "别人的", "reviewer", NOON)
    me = actor(database, world, "agent")
    with database.read() as session:
        assert recent_searches(session, me) == ["补卡", "挂失", "年费"]
        assert recent_searches(session, me, prefix="挂") == ["挂失"]


def test_a_publisher_sees_what_of_the_department_ends_soon(client: FlaskClient, logged_in: LoggedIn) -> None:
    mine = section(logged_in(client, "publisher").get("/").text, "mine")
    assert "社保卡挂失补卡省内通办试点通知" in mine
    assert "还有 6 天" in mine


def test_an_agent_is_not_bothered_with_what_ends_soon(client: FlaskClient, logged_in: LoggedIn) -> None:
    assert "即将失效" not in logged_in(client, "agent").get("/").text


def test_a_text_with_a_successor_does_not_end(database: Database, world: World) -> None:
    with database.write() as session:
        article = session.get_one(Article, world.articles["ending"])
        following = RevisionText("新试点通知", "正文", effective_from=NOON + timedelta(days=6))
        approve(session, add_revision(session, article, following, NOON), NOON)
    with database.read() as session:
        assert session.get_one(Revision, article.revisions[0].id).shown_to == NOON + timedelta(days=6)
        assert ending_soon(session, EVERYTHING, world.departments["retail"], NOON) == []


@pytest.mark.parametrize("role", ["agent", "publisher", "manager"])
def test_the_home_page_asks_the_database_few_questions(
    client: FlaskClient, logged_in: LoggedIn, database: Database, world: World, role: str
) -> None:
    logged_in(client, role)
    publish(database, world, [f"新知识{number}" for number in range(20)], NOON - timedelta(hours=1))
    for name in ("loss", "annual-fee", "today"):
        for person in ("agent", "publisher", "manager", "reviewer"):
            read(database, world, name, person, NOON)
            search(database, world, f"问题{name}", person, NOON)
    # The first page of a process also reads the tree and the departments, which are kept.
    assert client.get("/").status_code == 200
    with counted(database) as statements:
        assert client.get("/").status_code == 200
    assert 5 < len(statements) <= 20, "\n\n".join(statements)


def test_a_category_leads_to_its_articles_newest_first(
    client: FlaskClient, logged_in: LoggedIn, world: World
) -> None:
    answer = logged_in(client).get(f"/n/{world.nodes['personal']}")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/search?node={world.nodes['personal']}&sort=newest"
    listed = client.get(answer.headers["Location"])
    assert listed.status_code == 200
    assert "大额存单转让操作指引" in listed.text
    assert "信用卡年费收取与减免规则" not in listed.text


def test_the_search_box_has_the_focus(client: FlaskClient, logged_in: LoggedIn) -> None:
    assert re.search(r'<input id="q"[^>]* autofocus', logged_in(client).get("/").text)


def test_a_title_with_markup_is_shown_as_text(
    client: FlaskClient, logged_in: LoggedIn, database: Database, world: World
) -> None:
    publish(database, world, ["<script>alert(1)</script>&\"'"], NOON)
    text = logged_in(client).get("/?latest=all").text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_who_is_on_duty_sees_a_sudden_rush_and_agents_do_not(
    app: Flask, logged_in: LoggedIn, database: Database, world: World
) -> None:
    with database.write() as session:
        for number in range(6):
            person = Person(
                username=f"rush{number}",
                name="坐席",
                department_id=world.departments["service"],
                password_hash="-",
                created_at=NOON,
            )
            session.add(person)
            session.flush()
            text = {"text": "手机银行登不上", "folded": "手机银行登不上", "total": 0}
            session.add(Search(person_id=person.id, searched_at=NOON - timedelta(minutes=3), **text))
    assert "手机银行登不上" in logged_in(app.test_client(), "manager").get("/").text
    assert "手机银行登不上" not in logged_in(app.test_client(), "agent").get("/").text
