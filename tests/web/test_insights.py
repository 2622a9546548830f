"""The page of figures, its exports, the feed, and that no personal number reaches any of them."""

import io
import random
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.activity import record_search
from kb.clock import FixedClock
from kb.database import Database
from kb.gaps import file_gap
from kb.masking import mask_personal_data
from kb.models import Article, Comment, Person, PersonRole, Role, Search, Task
from tests.kb.test_masking import cards, identities, mobiles
from tests.pages import fetch, statements, words
from web.cli import run

LoggedIn = Callable[..., FlaskClient]
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def crowd(database: Database, world: World) -> list[int]:
    """Ten agents who searched last week, one of their queries looking like a formula."""
    with database.write() as session:
        people = [
            Person(
                username=f"seat{number}",
                name="坐席",
                department_id=world.departments["service"],
                password_hash="-",
                created_at=NOON,
                role_rows=[PersonRole(role=Role.AGENT)],
            )
            for number in range(10)
        ]
        session.add_all(people)
        session.flush()
        for person in people:
            for text, total in (("补卡工本费", 3), ("=1+2", 0), ("数字人民币钱包", 0)):
                session.add(
                    Search(
                        person_id=person.id,
                        text=text,
                        folded=text,
                        total=total,
                        searched_at=NOON - timedelta(days=2),
                    )
                )
        return [person.id for person in people]


def ask(session: Session, world: World, people: list[int], text: str) -> None:
    for person_id in people:
        who = Actor.of(session.get_one(Person, person_id))
        file_gap(session, who, text, {}, (None, world.departments["retail"]), NOON - timedelta(hours=3))


def accept(session: Session, world: World) -> None:
    article = session.get_one(Article, world.articles["loss"])
    comment = Comment(
        article_id=article.id,
        revision_id=article.revisions[-1].id,
        author_id=world.people["agent"],
        kind="error",
        text="费用写错了",
        state="visible",
        created_at=NOON - timedelta(days=1),
        decided_at=NOON - timedelta(days=1),
        decided_by_id=world.people["reviewer"],
    )
    session.add(comment)
    session.flush()
    session.add(
        Task(
            comment_id=comment.id,
            article_id=article.id,
            department_id=world.departments["retail"],
            created_at=NOON - timedelta(days=1),
            due_at=NOON - timedelta(hours=1),
            changed_at=NOON - timedelta(days=1),
        )
    )


@pytest.fixture
def manager(client: FlaskClient, logged_in: LoggedIn) -> FlaskClient:
    return logged_in(client, "manager")


def test_the_figures_show_a_week_with_tables_behind_every_chart(
    manager: FlaskClient, crowd: list[int]
) -> None:
    text = fetch(manager, "/insights")
    assert "补卡工本费" in text
    assert "数字人民币钱包" in text.split("搜不到的", 1)[1]
    assert "66.7%" in text
    assert text.count("data-chart=") == text.count('<details class="insights-data">') == 3
    assert "内容健康" in text


@pytest.mark.parametrize(
    "query",
    [
        "preset=today",
        "preset=month",
        "preset=nonsense",
        "preset=custom&from=2026-11-01&to=2026-11-23",
        "department=3",
        "department=999",
        "department=x",
    ],
)
def test_any_choice_is_answered(manager: FlaskClient, crowd: list[int], query: str) -> None:
    assert "运行分析" in fetch(manager, f"/insights?{query}")


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-11-20&to=2026-11-01",
        "from=x&to=y",
        "from=2020-01-01&to=2026-11-01",
        "from=0001-01-01&to=9999-12-31",
    ],
)
def test_a_wrong_range_is_explained(manager: FlaskClient, query: str) -> None:
    assert "admin-error" in fetch(manager, f"/insights?preset=custom&{query}", status=422)


def test_few_people_are_hidden_on_the_page_and_in_the_files(
    manager: FlaskClient, world: World, database: Database
) -> None:
    with database.write() as session:
        for role in ("agent", "reviewer"):
            who = Actor.of(session.get_one(Person, world.people[role]))
            record_search(session, who, "只有两个人", {}, 0, 1, NOON - timedelta(hours=2))
    text = fetch(manager, "/insights")
    assert "不足 5 人" in words(text)
    assert "只有两个人" not in text
    assert manager.get("/insights/empty.csv").status_code == 404


def test_the_files_hold_the_table_and_no_formula(
    manager: FlaskClient, crowd: list[int], database: Database, world: World
) -> None:
    with database.write() as session:
        ask(session, world, crowd, "=1+2")
        accept(session, world)
    for table in ("trend", "clock", "queries", "empty", "gaps", "health", "turnround"):
        rows = manager.get(f"/insights/{table}.csv").get_data(as_text=True).splitlines()
        book = load_workbook(io.BytesIO(manager.get(f"/insights/{table}.xlsx").get_data()))
        sheet = list(book.active.values)
        assert len(rows) == len(sheet) > 1, table
        assert not any(cell.startswith(("=", '"=')) for row in rows for cell in row.split(","))
    assert "'=1+2" in manager.get("/insights/empty.csv").get_data(as_text=True)


def test_a_gap_is_listed_with_owner_and_state_and_its_askers_only_from_five_on(
    manager: FlaskClient, crowd: list[int], database: Database, world: World
) -> None:
    with database.write() as session:
        ask(session, world, crowd[:6], "数字藏品怎么绑卡")
        ask(session, world, crowd[:4], "夜市收款音箱")
    rows = manager.get("/insights/gaps.csv").get_data(as_text=True).splitlines()
    assert [row.split(",")[:4] for row in rows[1:]] == [
        ["数字藏品怎么绑卡", "6", "个人金融部", "待回答"],
        ["夜市收款音箱", "不足 5 人", "个人金融部", "待回答"],
    ]
    page = fetch(manager, "/insights")
    assert "待回答 2" in words(page)
    assert '数字藏品怎么绑卡</a></th><td class="admin-number">6</td>' in page
    other = fetch(manager, f"/insights?department={world.departments['cards']}")
    assert "夜市收款音箱" not in other


def test_the_dealing_with_comments_is_told_by_department(
    manager: FlaskClient, crowd: list[int], database: Database, world: World
) -> None:
    with database.write() as session:
        accept(session, world)
    rows = manager.get("/insights/turnround.csv").get_data(as_text=True).splitlines()
    assert rows[1:] == ["个人金融部,1,1,0,0,,"]
    assert "评论办理" in fetch(manager, "/insights")


def test_the_sums_are_added_up_once_a_minute(
    manager: FlaskClient, crowd: list[int], database: Database, clock: FixedClock
) -> None:
    assert "新的问题" not in fetch(manager, "/insights")
    with database.write() as session:
        for person_id in crowd:
            asked = {"person_id": person_id, "text": "新的问题", "folded": "新的问题", "total": 1}
            session.add(Search(**asked, searched_at=NOON - timedelta(hours=1)))
    with statements(database) as asked_again:
        assert "新的问题" not in fetch(manager, "/insights")
    clock.at += timedelta(seconds=61)
    with statements(database) as added_up:
        assert "新的问题" in fetch(manager, "/insights")
    assert len(asked_again) < len(added_up)


def test_the_page_asks_a_fixed_number_of_questions(
    manager: FlaskClient, crowd: list[int], database: Database, clock: FixedClock
) -> None:
    counts = []
    # What is kept in memory between requests is read once.
    fetch(manager, "/insights?preset=month")
    for extra in (0, 2000):
        chance = random.Random(1)
        with database.write() as session:
            for _row in range(extra):
                session.add(
                    Search(
                        person_id=chance.choice(crowd),
                        text="x",
                        folded=f"问题{chance.randint(0, 300)}",
                        total=1,
                        searched_at=NOON - timedelta(minutes=chance.randint(1, 9000)),
                    )
                )
        clock.at += timedelta(minutes=2)
        with statements(database) as asked:
            fetch(manager, "/insights?preset=month")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 26


def test_the_feed_lists_the_latest_within_the_rights_of_its_person(
    client: FlaskClient, logged_in: LoggedIn, csrf_token: Callable[[FlaskClient], str]
) -> None:
    seen = {}
    for role in ("agent", "publisher"):
        own = logged_in(client.application.test_client(), role)
        page = own.post("/feeds", data={"csrf_token": csrf_token(own)}).text
        found = re.search(r"(/feeds/latest\.atom\?token=[\w-]+)", page)
        assert found
        answer = client.get(found[1])
        assert answer.mimetype == "application/atom+xml"
        feed = ElementTree.fromstring(answer.get_data())  # noqa: S314 - our own answer
        seen[role] = [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]
        again = client.get(found[1], headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    assert seen["agent"][0] == "大额存单转让操作指引"
    assert set(seen["publisher"]) - set(seen["agent"]) == {"借记卡反欺诈监测阈值说明"}
    own.post("/feeds/end", data={"csrf_token": csrf_token(own)})
    assert client.get(found[1]).status_code == 404
    assert client.get("/feeds/latest.atom").status_code == 404


@given(st.one_of(cards(), identities(), mobiles()))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_personal_number_is_stored_shown_or_exported(
    manager: FlaskClient, crowd: list[int], database: Database, number: str
) -> None:
    text = f"客户{number}挂失"
    with database.write() as session:
        for person_id in crowd[:6]:
            who = Actor.of(session.get_one(Person, person_id))
            record_search(
                session, who, text, {"q": mask_personal_data(text)}, 0, 1, NOON - timedelta(hours=2)
            )
    with database.read() as session:
        rows = session.execute(select(Search.text, Search.folded, Search.conditions)).all()
    shown = [fetch(manager, "/insights"), manager.get("/insights/empty.csv").get_data(as_text=True)]
    stored = [str(column) for row in rows for column in row]
    assert any("客户" in whole for whole in shown)
    assert not any(number in whole for whole in [*shown, *stored])


def test_a_search_leaves_no_personal_number_in_database_page_or_log(
    client: FlaskClient,
    logged_in: LoggedIn,
    database: Database,
    home: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    logged_in(client)
    numbers = ["6222021234567890128", "11010519491231002X", "13800138000"]
    with caplog.at_level("DEBUG"):
        for number in numbers:
            fetch(client, f"/search?q=挂失 {number}")
            fetch(client, f"/suggest?q=挂失 {number}")
    raw = b"".join(path.read_bytes() for path in home.glob("kb.sqlite3*"))
    for number in numbers:
        assert number.encode() not in raw, number
        ours = [record.getMessage() for record in caplog.records if not record.name.startswith("sqlalchemy")]
        assert not any(number in message for message in ours)


def test_old_records_are_deleted_by_command(
    home: Path,
    database: Database,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with database.write() as session:
        old = {"person_id": world.people["agent"], "text": "旧", "folded": "旧", "total": 1}
        session.add(Search(**old, searched_at=NOON - timedelta(days=3000)))
    monkeypatch.setenv("KB_HOME", str(home))
    assert run(["purge", "--days", "1000"]) == 0
    assert "已删除 1 次搜索" in capsys.readouterr().out
    monkeypatch.setenv("KB_ACTIVITY_DAYS", "0")
    assert run(["purge"]) == 1
