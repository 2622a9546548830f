"""Useful or needs work: one word of each person, changeable, with figures for the owners."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from pages import fetch, section, words
from small_bank import World
from sqlalchemy import select

from kb.database import Database
from kb.models import AuditEvent, Feedback

Token = Callable[[FlaskClient], str]


@pytest.fixture
def agent(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of the agent."""
    return logged_in(client)


def say(client: FlaskClient, csrf_token: Token, article: int, status: int = 303, **values: object) -> None:
    form = {"csrf_token": csrf_token(client), "v": 2, **values}
    assert client.post(f"/a/{article}/feedback", data=form).status_code == status


def stored(database: Database) -> list[tuple[bool, str, str]]:
    with database.read() as session:
        return [
            tuple(row) for row in session.execute(select(Feedback.is_useful, Feedback.reason, Feedback.note))
        ]


def test_a_second_word_replaces_the_first(
    agent: FlaskClient, csrf_token: Token, world: World, database: Database
) -> None:
    article = world.articles["loss"]
    say(agent, csrf_token, article, useful=1)
    assert "您已反馈：有用" in words(section(fetch(agent, f"/a/{article}"), "feedback"))
    say(agent, csrf_token, article, useful=0, reason="unclear", note="请致电 13812345678")
    assert stored(database) == [(False, "unclear", "请致电 138****5678")]
    with database.read() as session:
        actions = session.scalars(select(AuditEvent.action).where(AuditEvent.action == "feedback.give")).all()
    assert len(actions) == 2


@pytest.mark.parametrize(
    "values",
    [{"useful": 0}, {"useful": 0, "reason": "x"}, {"useful": 0, "reason": "wrong", "note": "长" * 401}],
)
def test_needs_work_needs_a_reason(
    agent: FlaskClient, csrf_token: Token, world: World, database: Database, values: dict[str, object]
) -> None:
    say(agent, csrf_token, world.articles["loss"], 422, **values)
    assert stored(database) == []


def test_what_a_person_may_not_read_they_cannot_judge(
    agent: FlaskClient, csrf_token: Token, world: World
) -> None:
    say(agent, csrf_token, world.articles["restricted"], 404, v=1, useful=1)
    say(agent, csrf_token, world.articles["loss"], 404, v=9, useful=1)


def test_owners_see_counts_reasons_and_notes_without_names(
    agent: FlaskClient,
    app,
    logged_in: Callable[..., FlaskClient],
    csrf_token: Token,
    world: World,  # type: ignore[no-untyped-def]
) -> None:
    say(agent, csrf_token, world.articles["loss"], useful=0, reason="wrong", note="工本费不对")
    fetch(agent, "/feedback", 403)
    publisher = logged_in(app.test_client(), "publisher")
    page = words(fetch(publisher, "/feedback"))
    assert "借记卡挂失与补卡业务办理口径" in page
    assert "内容有误 1" in page
    assert "工本费不对" in page
    assert "李晓雯" not in page
    assert "有用 0 · 需改进 1" in words(fetch(publisher, f"/a/{world.articles['loss']}"))


def test_a_department_sees_only_what_it_owns(
    agent: FlaskClient,
    app,
    logged_in: Callable[..., FlaskClient],
    csrf_token: Token,
    world: World,  # type: ignore[no-untyped-def]
) -> None:
    say(agent, csrf_token, world.articles["annual-fee"], v=1, useful=0, reason="expired")
    assert "年费" not in words(fetch(logged_in(app.test_client(), "publisher"), "/feedback"))
    assert "年费" in words(fetch(logged_in(app.test_client(), "manager"), "/feedback"))
