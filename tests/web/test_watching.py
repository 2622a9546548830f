"""What an open page is told: which version speaks now, how it stands, and when that changes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages import fetch
from small_bank import NOON, World

from kb.articles import RevisionText, add_revision, approve
from kb.clock import FixedClock
from kb.database import Database
from kb.models import Article


@pytest.fixture
def agent(app: Flask, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    return logged_in(app.test_client(), "agent")


def standing(client: FlaskClient, article_id: int) -> dict[str, object]:
    answer = client.get(f"/a/{article_id}/standing")
    assert answer.status_code == 200
    found: dict[str, object] = answer.get_json()
    return found


def test_the_next_switch_is_told_in_seconds_and_comes_true(
    agent: FlaskClient, world: World, database: Database, clock: FixedClock
) -> None:
    article_id = world.articles["annual-fee"]
    with database.write() as session:
        text = RevisionText("信用卡年费新规则", "新规则。", effective_from=NOON + timedelta(seconds=90))
        article = session.get_one(Article, article_id)
        approve(session, add_revision(session, article, text, NOON), NOON)
    before = standing(agent, article_id)
    assert (before["number"], before["seconds"]) == (1, 90.0)
    clock.at = NOON + timedelta(seconds=90)
    after = standing(agent, article_id)
    assert (after["number"], after["status"], after["seconds"]) == (2, "current", None)


def test_asking_again_costs_nothing_while_nothing_changed(agent: FlaskClient, world: World) -> None:
    path = f"/a/{world.articles['annual-fee']}/standing"
    etag = agent.get(path).headers["ETag"]
    assert agent.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_the_standing_of_what_is_kept_from_a_person_is_not_told(agent: FlaskClient, world: World) -> None:
    fetch(agent, f"/a/{world.articles['restricted']}/standing", status=404)


def test_a_page_at_another_moment_is_not_watched(agent: FlaskClient, world: World) -> None:
    article_id = world.articles["loss"]
    assert "data-watch" in fetch(agent, f"/a/{article_id}")
    assert "data-watch" not in fetch(agent, f"/a/{article_id}/v/1")
    assert "data-watch" not in fetch(agent, f"/a/{article_id}?as_of=2026-08-01T12:00")
