"""The loop from nothing found to an answer: filed with a key, answered, told, found by the same words."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from small_bank import NOON, World

from kb.articles import add_revision, approve, create_article
from kb.database import Database
from kb.golden_queries import ensure_golden
from kb.models import Department, Gap, Node
from kb.revision_text import RevisionText
from tests.pages import fetch, titles, words
from web.cli import kb
from web.settings import Settings

Token = Callable[[FlaskClient], str]
QUERY = "貔貅饕餮"


@pytest.fixture
def browsers(app: Flask, logged_in: Callable[..., FlaskClient]) -> Callable[[str], FlaskClient]:
    return lambda role: logged_in(app.test_client(), role)


def post(client: FlaskClient, token: Token, path: str, status: int = 303, **form: object) -> str:
    with client.post(path, data={"csrf_token": token(client), **form}) as answer:
        assert answer.status_code == status, answer.text
        return answer.text


def test_nothing_found_becomes_knowledge_that_the_same_words_find(
    browsers: Callable[[str], FlaskClient],
    csrf_token: Token,
    database: Database,
    world: World,
    catch_up: Callable[[], int],
) -> None:
    agent, publisher = browsers("agent"), browsers("publisher")
    page = fetch(agent, f"/search?q={QUERY}&node={world.nodes['personal']}")
    assert titles(page) == []
    assert 'action="/gaps"' in page
    assert 'data-key="q"' in page
    post(agent, csrf_token, "/gaps", q=QUERY, node=world.nodes["personal"])
    assert QUERY in words(fetch(publisher, "/gaps"))
    start = fetch(publisher, "/a/new?gap=1")
    assert f'value="{QUERY}"' in start
    form = {
        "node": world.nodes["personal"],
        "department": world.departments["retail"],
        "gap": 1,
        "title": QUERY,
        "template": "",
        "format": "markdown",
    }
    post(publisher, csrf_token, "/a/new", **form)
    with database.read() as session:
        gap = session.get_one(Gap, 1)
        assert gap.draft_article_id is not None
    with database.write() as session:
        node = session.get_one(Node, world.nodes["personal"])
        article = create_article(
            session, node, session.get_one(Department, world.departments["retail"]), NOON
        )
        revision = add_revision(
            session, article, RevisionText(f"{QUERY}口径", "正文"), NOON, author_id=world.people["publisher"]
        )
        approve(session, revision, NOON, world.people["reviewer"])
        article_id = article.id
    post(publisher, csrf_token, "/gaps/1", act="answer", article=f"https://kb.example/a/{article_id}?q=x")
    catch_up()
    assert titles(fetch(agent, f"/search?q={QUERY}")) == [f"{QUERY}口径"]
    assert f"{QUERY}口径" in words(fetch(agent, "/notifications"))
    assert "已回答" in words(fetch(agent, "/gaps/mine"))
    golden = words(fetch(publisher, "/golden"))
    assert QUERY in golden
    assert "第 1 名" in golden


def test_a_wrong_answer_keeps_what_was_typed(
    browsers: Callable[[str], FlaskClient], csrf_token: Token, world: World
) -> None:
    post(browsers("agent"), csrf_token, "/gaps", q=QUERY, node=world.nodes["personal"])
    page = post(browsers("publisher"), csrf_token, "/gaps/1", 422, act="answer", article="不是编号")
    assert "现行有效的知识" in page
    assert 'value="不是编号"' in page


def test_the_number_of_open_gaps_stands_among_what_waits(
    browsers: Callable[[str], FlaskClient], csrf_token: Token, world: World
) -> None:
    post(browsers("agent"), csrf_token, "/gaps", q=QUERY, node=world.nodes["personal"])
    home = fetch(browsers("publisher"), "/")
    assert 'href="/gaps"' in home[home.index('id="to-do"') :]


def test_a_golden_query_is_added_with_its_errors_said_and_removed(
    browsers: Callable[[str], FlaskClient], csrf_token: Token, world: World
) -> None:
    manager = browsers("manager")
    page = post(manager, csrf_token, "/golden", 422, text="年费", article=98765, max_rank=99)
    assert "没有找到这篇知识" in page
    assert "1 到 20" in page
    assert 'value="年费"' in page
    post(manager, csrf_token, "/golden", text="年费", article=world.articles["annual-fee"], max_rank=2)
    assert "信用卡年费收取与减免规则" in words(fetch(manager, "/golden"))
    post(manager, csrf_token, "/golden/1/remove")
    assert "还没有黄金查询" in words(fetch(manager, "/golden"))


def test_the_command_fails_while_a_golden_query_is_not_met(
    database: Database, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_HOME", str(settings.home))
    with database.write() as session:
        ensure_golden(session, "年费", world.departments["cards"], world.articles["annual-fee"], None, NOON)
    good = CliRunner().invoke(kb, ["golden", "check"])
    assert (good.exit_code, "1 条黄金查询全部达到要求" in good.output) == (0, True), good.output
    with database.write() as session:
        ensure_golden(session, "年费", world.departments["cards"], world.articles["today"], None, NOON)
    bad = CliRunner().invoke(kb, ["golden", "check"])
    assert bad.exit_code == 1
    assert "失败\t年费" in bad.output
