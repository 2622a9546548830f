"""The due queue in the browser: lists, the one-key signature, plans and badges."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from announcing import another_version
from flask.testing import FlaskClient
from pages import fetch, section, statements, words
from small_bank import NOON, World

from kb.database import Database
from kb.models import Article, ReviewCheck

CsrfToken = Callable[[FlaskClient], str]
TITLE = "借记卡挂失与补卡业务办理口径"


@pytest.fixture
def publisher(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A browser signed in as the publisher of the owning department."""
    return logged_in(client, "publisher")


@pytest.fixture
def agent(app, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A browser signed in as the agent."""
    return logged_in(app.test_client(), "agent")


@pytest.fixture
def due(database: Database, world: World) -> str:
    """The hash of the loss article, which is overdue since ten days."""
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        article.review_interval_days, article.review_due_at = 30, NOON - timedelta(days=10)
        return article.revisions[-1].content_hash


def test_the_queue_shows_the_own_department_and_signs_with_one_button(
    publisher: FlaskClient, database: Database, world: World, csrf_token: CsrfToken, due: str
) -> None:
    page = words(section(fetch(publisher, "/due"), "main"))
    assert TITLE in page and "2026-11-13 已逾期" in page
    form = {"csrf_token": csrf_token(publisher), "hash": due, "next": "/due"}
    answer = publisher.post(f"/due/{world.articles['loss']}/right", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/due")
    assert TITLE not in words(section(fetch(publisher, "/due"), "main"))
    assert TITLE in words(section(fetch(publisher, "/due?show=soon"), "main"))
    with database.read() as session:
        assert session.query(ReviewCheck).count() == 1


def test_a_stale_signature_is_refused_with_the_new_version_shown(
    publisher: FlaskClient, database: Database, world: World, csrf_token: CsrfToken, due: str
) -> None:
    with database.write() as session:
        another_version(session, world, "loss", "补卡免费", NOON)
    form = {"csrf_token": csrf_token(publisher), "hash": due}
    answer = publisher.post(f"/due/{world.articles['loss']}/right", data=form)
    assert answer.status_code == 409 and "刚刚更新" in answer.text and "V3" in answer.text


def test_the_article_and_the_results_carry_a_badge_once_it_is_due(
    publisher: FlaskClient, agent: FlaskClient, world: World, due: str
) -> None:
    url = f"/a/{world.articles['loss']}"
    strip = words(section(fetch(agent, url), "article-title"))
    assert "待复核" in strip and "下次复核2026-11-13" in strip
    assert "仍然正确" not in fetch(agent, url)
    assert "仍然正确" in fetch(publisher, url)
    assert "待复核" in words(section(fetch(agent, "/search?q=挂失补卡口径"), "hits"))
    assert "待复核" not in words(section(fetch(agent, "/search?q=年费收取"), "hits"))


def test_a_plan_is_set_and_a_wrong_one_keeps_what_was_typed(
    publisher: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    url = f"/due/{world.articles['loss']}"
    assert "未设复核日期" in words(fetch(publisher, url))
    wrong = {"csrf_token": csrf_token(publisher), "interval": "bald", "responsible": "2001"}
    answer = publisher.post(f"{url}/plan", data=wrong)
    assert answer.status_code == 422 and 'value="bald"' in answer.text and 'value="2001"' in answer.text
    answer = publisher.post(f"{url}/plan", data={**wrong, "interval": "90", "responsible": "nobody"})
    assert answer.status_code == 422 and "没有找到这个用户" in answer.text
    assert publisher.post(f"{url}/plan", data={**wrong, "interval": "90"}).status_code == 303
    with database.read() as session:
        article = session.get_one(Article, world.articles["loss"])
    assert (article.review_interval_days, article.responsible_id) == (90, world.people["publisher"])
    assert article.review_due_at == NOON + timedelta(days=50)


def test_agents_have_no_part_in_it(agent: FlaskClient, world: World, csrf_token: CsrfToken, due: str) -> None:
    url = f"/due/{world.articles['loss']}"
    assert agent.get("/due").status_code == agent.get(url).status_code == 403
    form = {"csrf_token": csrf_token(agent), "hash": due, "interval": "3"}
    assert agent.post(f"{url}/right", data=form).status_code == 403
    assert agent.post(f"{url}/plan", data=form).status_code == 403
    assert agent.get(f"/due/{world.articles['restricted']}").status_code == 404
    assert 'href="/due"' not in fetch(agent, "/")


def test_the_list_asks_no_more_questions_when_it_grows(
    publisher: FlaskClient, database: Database, world: World, due: str
) -> None:
    # What every page keeps in memory is read by the first.
    fetch(publisher, "/due?department=all")
    with statements(database) as few:
        fetch(publisher, "/due?department=all")
    with database.write() as session:
        for name in ("today", "ending", "restricted"):
            session.get_one(Article, world.articles[name]).review_due_at = NOON - timedelta(days=1)
    with statements(database) as many:
        page = fetch(publisher, "/due?department=all")
    assert page.count("/right") == 4
    assert len(many) == len(few) <= 16
