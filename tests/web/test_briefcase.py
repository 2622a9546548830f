"""The briefcase's pages: the form behind F, folders, marks, the call sheet, the export, searching in it."""

import io
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from time import thread_time

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from small_bank import NOON, World

from kb.clock import FixedClock
from kb.database import Database
from kb.models import Article, BriefcaseItem
from kb.revisions import settle
from tests.pages import fetch, statements, titles, words

Token = Callable[[FlaskClient], str]


@pytest.fixture
def agent(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    return logged_in(client, "agent")


@pytest.fixture
def send(agent: FlaskClient, csrf_token: Token) -> Callable[..., object]:
    def post(path: str, status: int = 303, **form: object) -> object:
        with agent.post(path, data={"csrf_token": csrf_token(agent), **form}) as answer:
            assert answer.status_code == status, answer.text
            return answer

    return post


def test_a_card_and_an_article_offer_the_briefcase_with_f(agent: FlaskClient, world: World) -> None:
    link = f'href="/briefcase/keep?article={world.articles["loss"]}" data-keep data-key="f"'
    assert link in fetch(agent, "/search?q=挂失补卡")
    assert link in fetch(agent, f"/a/{world.articles['loss']}")


def test_the_last_folder_is_chosen_when_something_is_added(
    agent: FlaskClient, send: Callable[..., object], world: World
) -> None:
    send("/briefcase/keep", article=world.articles["loss"], new_folder="挂失类")
    page = fetch(
        agent, f"/briefcase/keep?article={world.articles['today']}", headers={"X-KB-Fragment": "keep"}
    )
    assert "selected>挂失类" in page
    assert "<html" not in page


def test_a_kept_article_stands_in_the_list_and_on_the_call_sheet(
    agent: FlaskClient, send: Callable[..., object], world: World
) -> None:
    send("/briefcase/keep", article=world.articles["loss"], note="先核验")
    send("/briefcase/keep", node=world.nodes["card"])
    text = words(fetch(agent, "/briefcase"))
    assert "借记卡挂失与补卡业务办理口径" in text
    assert "先核验" in text
    assert "信用卡" in text
    sheet = words(fetch(agent, "/briefcase?view=sheet"))
    assert "有效期五天" in sheet
    assert "补卡工本费为每张十元" in sheet


def test_another_persons_note_is_not_shown_in_a_pack(
    app: Flask, logged_in: Callable[..., FlaskClient], csrf_token: Token, world: World
) -> None:
    manager, agent = logged_in(app.test_client(), "manager"), logged_in(app.test_client(), "agent")
    form = {"csrf_token": csrf_token(manager), "note": "只给自己看", "new_folder": "新人包"}
    for name in ("loss", "restricted"):
        manager.post("/briefcase/keep", data={**form, "article": world.articles[name]})
        form = {**form, "new_folder": "", "folder": "1"}
    manager.post(
        "/briefcase/folders/1",
        data={**form, "act": "share", "share": f"department-{world.departments['service']}"},
    )
    page = words(fetch(agent, "/briefcase?pack=1"))
    assert "借记卡挂失" in page
    assert "只给自己看" not in page
    assert "反欺诈" not in page
    fetch(agent, "/briefcase?folder=1", status=404)


def test_a_superseded_article_offers_its_successor(
    agent: FlaskClient, send: Callable[..., object], database: Database, world: World, clock: FixedClock
) -> None:
    send("/briefcase/keep", article=world.articles["loss"])
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        article.withdrawn_at, article.successor_id = NOON + timedelta(minutes=1), world.articles["today"]
        settle(article)
    clock.at = NOON + timedelta(minutes=30)
    assert "已由新的知识替代：大额存单转让操作指引" in words(fetch(agent, "/briefcase"))
    send("/briefcase/items/1", act="follow", successor=world.articles["today"])
    assert "大额存单转让操作指引" in words(fetch(agent, "/briefcase"))
    assert "已由新的知识替代" not in words(fetch(agent, "/briefcase"))


def test_searching_in_the_briefcase_finds_only_what_is_in_it(
    agent: FlaskClient, send: Callable[..., object], world: World
) -> None:
    assert titles(fetch(agent, "/search?q=挂失&scope=briefcase")) == []
    send("/briefcase/keep", article=world.articles["ending"])
    page = fetch(agent, "/search?q=挂失&scope=briefcase")
    assert titles(page) == ["社保卡挂失补卡省内通办试点通知"]
    assert '<option value="briefcase" selected>' in page
    assert "范围：我的公文包" in words(page)


def test_the_export_holds_titles_and_wording(
    agent: FlaskClient, send: Callable[..., object], world: World
) -> None:
    send("/briefcase/keep", article=world.articles["loss"], note="=1+1")
    with agent.get("/briefcase/export.xlsx") as answer:
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    head, line = list(sheet.values)
    assert head[:2] == ("标题", "对外口径")
    assert line[0] == "借记卡挂失与补卡业务办理口径"
    assert "有效期五天" in str(line[1])
    assert line[6] == "=1+1"


def test_a_refused_folder_name_is_said_to_the_script(agent: FlaskClient, csrf_token: Token) -> None:
    form = {"csrf_token": csrf_token(agent), "name": "  "}
    answer = agent.post("/briefcase/folders", data=form, headers={"Accept": "application/json"})
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == {"name": "请填写文件夹名称。"}


def test_the_page_takes_the_same_queries_with_200_people_and_stays_fast(
    agent: FlaskClient, database: Database, world: World
) -> None:
    def fill(count: int) -> None:
        with database.write() as session:
            session.add_all(
                BriefcaseItem(
                    person_id=world.people["agent"],
                    article_id=world.articles[name],
                    added_at=NOON,
                    seen_at=NOON,
                )
                for name in ("loss", "annual-fee", "today", "ending")[count - 2 : count]
            )

    fetch(agent, "/briefcase")
    counts = []
    for count in (2, 4):
        fill(count)
        with statements(database) as asked:
            fetch(agent, "/briefcase")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 24, counts
    times = []
    for _ in range(9):
        started = thread_time()
        fetch(agent, "/briefcase")
        times.append(thread_time() - started)
    # The work of the processor, three times what is promised, because test machines are slow and busy.
    assert median(times) < 0.45
