"""The lexicon's page: what a change does is shown, golden queries guard it, proposals are judged."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from small_bank import NOON, World

from kb.database import Database
from kb.golden_queries import ensure_golden
from kb.lexicon import entries
from kb.models import LexiconEntry
from tests.pages import fetch, section, titles, words

Token = Callable[[FlaskClient], str]


@pytest.fixture
def manager(app: Flask, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    return logged_in(app.test_client(), "manager")


def post(client: FlaskClient, token: Token, path: str, status: int = 303, **form: object) -> str:
    with client.post(path, data={"csrf_token": token(client), **form}) as answer:
        assert answer.status_code == status, answer.text
        return answer.text


def kept(database: Database) -> list[LexiconEntry]:
    with database.read() as session:
        return entries(session)


def test_words_and_the_top_five_are_shown_before_and_after_and_nothing_is_saved(
    manager: FlaskClient, database: Database
) -> None:
    page = fetch(manager, "/lexicon?kind=synonym&text=貔貅证 大额存单&query=貔貅证")
    before, after = section(page, "effect").split("修改后", 1)
    assert "大额存单转让操作指引" not in before
    assert "大额存单转让操作指引" in after
    assert "<span>貔貅证</span>" in after
    assert kept(database) == []


def test_a_change_that_breaks_a_golden_query_is_saved_only_when_accepted(
    manager: FlaskClient, csrf_token: Token, database: Database, world: World
) -> None:
    with database.write() as session:
        ensure_golden(
            session, "年费", world.departments["cards"], world.articles["annual-fee"], None, NOON, max_rank=1
        )
    form = {"kind": "pin", "text": "年费", "article": world.articles["loss"]}
    assert "年费" in section(
        fetch(manager, f"/lexicon?kind=pin&text=年费&article={world.articles['loss']}"), "effect"
    )
    refused = post(manager, csrf_token, "/lexicon", 422, **form)
    assert "1 条黄金查询将不再达到要求" in words(refused)
    assert 'name="accept"' in refused
    assert kept(database) == []
    post(manager, csrf_token, "/lexicon", accept="1", **form)
    assert len(kept(database)) == 1
    assert titles(fetch(manager, "/search?q=年费"))[0] == "借记卡挂失与补卡业务办理口径"
    post(manager, csrf_token, "/lexicon/1/remove")
    assert kept(database) == []


def test_taking_out_what_a_golden_query_rests_on_asks_first(
    manager: FlaskClient, csrf_token: Token, database: Database, world: World
) -> None:
    post(manager, csrf_token, "/lexicon", kind="synonym", text="貔貅证 大额存单")
    with database.write() as session:
        ensure_golden(session, "貔貅证", world.departments["retail"], world.articles["today"], None, NOON)
    page = post(manager, csrf_token, "/lexicon/1/remove", 422)
    assert "仍然删除" in page
    post(manager, csrf_token, "/lexicon/1/remove", accept="1")
    assert kept(database) == []


def test_what_was_typed_survives_a_refusal(manager: FlaskClient, csrf_token: Token) -> None:
    page = post(manager, csrf_token, "/lexicon", 422, kind="synonym", text="独一个", query="试一试")
    assert "同义词至少两个" in page
    assert 'value="独一个"' in page
    assert 'value="试一试"' in page


@pytest.mark.parametrize("role", ["agent", "publisher", "reviewer", "admin"])
def test_nobody_else_sees_or_changes_the_lexicon(
    app: Flask, logged_in: Callable[..., FlaskClient], csrf_token: Token, database: Database, role: str
) -> None:
    client = logged_in(app.test_client(), role)
    fetch(client, "/lexicon", status=403)
    post(client, csrf_token, "/lexicon", 403, kind="word", text="貔貅证")
    assert kept(database) == []
