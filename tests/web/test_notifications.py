"""The list of notifications in the browser: the number in the bar, opening, marking, rights."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from pages import fetch, section, statements, words
from small_bank import NOON, World

from kb.database import Database
from kb.notifications import notify

CsrfToken = Callable[[FlaskClient], str]


@pytest.fixture
def agent(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A browser signed in as the agent."""
    return logged_in(client, "agent")


def tell(database: Database, world: World, subject: str, article: str | None = None, **more: object) -> None:
    """Tell the agent something."""
    with database.write() as session:
        number = world.articles[article] if article else None
        people = [world.people["agent"]]
        notify(session, people, "review_requested", subject, NOON, article_id=number, **more)


def test_the_bar_shows_how_many_are_unread(agent: FlaskClient, database: Database, world: World) -> None:
    assert 'data-count="notifications" hidden>0<' in fetch(agent, "/")
    tell(database, world, "借记卡挂失", "loss")
    assert 'data-count="notifications">1<' in fetch(agent, "/")
    assert agent.get("/notifications/count").json["notifications"] == 1


def test_opening_a_notification_leads_to_its_article_and_marks_it(
    agent: FlaskClient, database: Database, world: World
) -> None:
    tell(database, world, "借记卡挂失", "loss")
    assert "待您审核 借记卡挂失" in words(fetch(agent, "/notifications"))
    with agent.get("/notifications/1") as answer:
        assert answer.headers["Location"] == f"/a/{world.articles['loss']}"
    assert agent.get("/notifications/count").json["notifications"] == 0


def test_a_path_in_the_detail_is_followed_only_inside_this_site(
    agent: FlaskClient, database: Database, world: World
) -> None:
    tell(database, world, "任务", detail={"path": "/search?q=1"})
    tell(database, world, "任务", detail={"path": "https://elsewhere.example/"})
    assert agent.get("/notifications/1").headers["Location"] == "/search?q=1"
    assert agent.get("/notifications/2").headers["Location"] == "/"


def test_a_restricted_article_is_named_to_nobody_outside_of_its_audience(
    agent: FlaskClient, database: Database, world: World
) -> None:
    tell(database, world, "反欺诈阈值", "restricted")
    page = fetch(agent, "/notifications")
    assert "反欺诈" not in page and f"/a/{world.articles['restricted']}" not in page
    assert "相关知识已不在您的可见范围内" in page
    assert agent.get("/notifications/1").headers["Location"] == "/notifications"


def test_all_are_marked_as_read_by_one_button(
    agent: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    for number in range(3):
        tell(database, world, f"第 {number} 件")
    form = {"csrf_token": csrf_token(agent)}
    assert agent.post("/notifications/read", data={**form, "id": "1"}).status_code == 303
    assert agent.get("/notifications/count").json["notifications"] == 2
    assert agent.post("/notifications/read", data=form).status_code == 303
    assert "没有未读的通知" in fetch(agent, "/notifications?show=unread")


def test_somebody_elses_notification_is_not_found(
    client: FlaskClient, logged_in: Callable[..., FlaskClient], database: Database, world: World
) -> None:
    tell(database, world, "不是您的")
    assert logged_in(client, "reviewer").get("/notifications/1").status_code == 404


def test_a_longer_list_asks_the_database_no_more_questions(
    agent: FlaskClient, database: Database, world: World
) -> None:
    tell(database, world, "第一件", "loss")
    # What every page keeps in memory is read by the first.
    fetch(agent, "/notifications")
    with statements(database) as few:
        fetch(agent, "/notifications")
    for number in range(25):
        tell(database, world, f"第 {number} 件", "loss")
    with statements(database) as many:
        page = fetch(agent, "/notifications")
    assert section(page, "main").count("<li") == 26
    assert len(many) == len(few) <= 10
