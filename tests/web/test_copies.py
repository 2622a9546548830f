"""Copying wording over HTTP: what is handed out, what is refused with an offer, what is found again."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from announcing import another_version
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pages import fetch, section, statements, words
from small_bank import NOON, World
from sqlalchemy import select

from kb.articles import RevisionText, Wording, add_revision, approve
from kb.database import Database
from kb.models import Article, AuditEvent, Copy

CsrfToken = Callable[[FlaskClient], str]
FIRST = "您好，已为您登记口头挂失，有效期五天，请尽快到网点办理正式挂失。"


@pytest.fixture
def agent(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A browser signed in as the agent."""
    return logged_in(client, "agent")


@pytest.fixture
def manager(app, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A browser signed in as the manager."""
    return logged_in(app.test_client(), "manager")


def report(client: FlaskClient, csrf_token: CsrfToken, article: int, **body: object) -> int:
    """Report a copy as the script does, and let the server finish."""
    values = {"v": 2, "block": 1, "token": "token-00000001", **body}
    headers = {"X-CSRFToken": csrf_token(client), "Accept": "application/json"}
    with client.post(f"/a/{article}/copied", json=values, headers=headers) as answer:
        return answer.status_code


def copies(database: Database) -> list[Copy]:
    """Every record."""
    with database.read() as session:
        return list(session.scalars(select(Copy)))


def test_a_report_is_kept_with_person_revision_block_and_call(
    agent: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    assert report(agent, csrf_token, world.articles["loss"], call="call-7", age=60_000) == 204
    (row,) = copies(database)
    assert (row.person_id, row.article_id, row.block) == (world.people["agent"], world.articles["loss"], 1)
    assert (row.call_id, row.copied_at) == ("call-7", NOON - timedelta(minutes=1))


def test_a_report_without_a_token_of_the_form_or_about_nothing_is_refused(
    agent: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    loss = world.articles["loss"]
    answer = agent.post(f"/a/{loss}/copied", json={"v": 2, "token": "token-00000001"})
    assert answer.status_code == 400
    assert report(agent, csrf_token, loss, v=99) == 404
    assert report(agent, csrf_token, loss, v="2") == 404
    assert report(agent, csrf_token, world.articles["restricted"], v=1) == 404
    headers = {"X-CSRFToken": csrf_token(agent)}
    assert agent.post(f"/a/{loss}/copied", json=[1], headers=headers).status_code == 400
    assert copies(database) == []


def test_words_in_force_are_handed_out(agent: FlaskClient, world: World) -> None:
    answer = agent.get(f"/a/{world.articles['loss']}/wording?v=2&block=1").json
    assert (answer["text"], answer["is_current"], answer["offer"]) == (FIRST, True, None)


def test_words_out_of_force_are_not_and_the_present_ones_are_offered(
    agent: FlaskClient, database: Database, world: World
) -> None:
    answer = agent.get(f"/a/{world.articles['loss']}/wording?v=1&block=1").json
    assert (answer["text"], answer["is_current"]) == ("", False)
    assert answer["offer"] == {"text": FIRST, "number": 2, "block": 1}
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        text = RevisionText(
            "挂失", "正文", wording=(Wording("补卡收费", "五元。"), Wording("挂失登记", "十天。"))
        )
        approve(session, add_revision(session, article, text, NOON), NOON)
    answer = agent.get(f"/a/{world.articles['loss']}/wording?v=2&block=1").json
    assert answer["offer"] == {"text": "十天。", "number": 3, "block": 2}


def test_nothing_is_offered_for_an_article_that_has_ended(agent: FlaskClient, world: World) -> None:
    answer = agent.get(f"/a/{world.articles['expired']}/wording?v=1").json
    assert (answer["text"], answer["offer"], answer["standing"]) == ("", None, "已失效")


def test_a_manager_finds_who_said_what_and_takes_it_along(
    agent: FlaskClient, manager: FlaskClient, world: World, csrf_token: CsrfToken, database: Database
) -> None:
    report(agent, csrf_token, world.articles["loss"], call="call-7")
    page = words(section(fetch(manager, "/copies?call=call-7"), "main"))
    assert FIRST in page and "李晓雯 1001" in page and "call-7" in page
    assert "没有符合条件" in fetch(manager, "/copies?call=call-8")
    text = manager.get("/copies.csv?call=call-7").get_data().decode("utf-8-sig")
    assert FIRST in text and len(text.splitlines()) == 2
    book = load_workbook(io.BytesIO(manager.get("/copies.xlsx").get_data()))
    assert book.active.max_row == 2
    with database.read() as session:
        assert list(session.scalars(select(AuditEvent.action))).count("copy.export") == 2


def test_a_time_that_cannot_be_read_is_said_and_ignored(manager: FlaskClient) -> None:
    page = fetch(manager, "/copies?since=gestern&until=2026-11-23")
    assert "已忽略" in page and 'value="gestern"' in page


def test_agents_cannot_look_up_copies(agent: FlaskClient) -> None:
    assert agent.get("/copies").status_code == 403
    assert agent.get("/copies.csv").status_code == 403


def test_the_list_asks_no_more_questions_when_it_grows(
    agent: FlaskClient, manager: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    report(agent, csrf_token, world.articles["loss"])
    with statements(database) as few:
        fetch(manager, "/copies")
    with database.write() as session:
        another_version(session, world, "loss", "补卡免费", NOON)
    for number in range(8):
        report(agent, csrf_token, world.articles["loss"], v=2, token=f"token-1000000{number}")
    with statements(database) as many:
        fetch(manager, "/copies")
    assert len(many) == len(few) <= 10
