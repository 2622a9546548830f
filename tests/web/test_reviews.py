"""The reviewers' desk: what is seen is what is approved, by somebody else, now or from a minute on."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages import fetch, words
from small_bank import NOON, World

from kb.access import Actor
from kb.clock import FixedClock
from kb.database import Database
from kb.drafts import open_draft, save_draft
from kb.models import Article, Person, Revision
from kb.publishing import recall, submit
from kb.revision_text import text_of


@pytest.fixture
def reviewer(app: Flask, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    return logged_in(app.test_client(), "reviewer")


@pytest.fixture
def handed_in(database: Database, world: World) -> int:
    """A change of the fee that waits for a reviewer."""
    with database.write() as session:
        publisher = Actor.of(session.get_one(Person, world.people["publisher"]))
        article = session.get_one(Article, world.articles["loss"])
        draft = open_draft(session, publisher, article, NOON)
        text = text_of(draft)
        changed = replace(
            text, source=text.source.replace("10 元/张", "8 元/张"), change_summary="工本费降到 8 元"
        )
        save_draft(session, publisher, draft.id, draft.lock_version, changed, NOON)
        return submit(session, publisher, draft.id, draft.lock_version, NOON).id


def seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def test_what_waits_is_listed_for_the_reviewer_and_not_for_its_author(
    app: Flask, logged_in: Callable[..., FlaskClient], reviewer: FlaskClient, handed_in: int
) -> None:
    assert "工本费降到 8 元" in words(fetch(reviewer, "/reviews"))
    publisher = logged_in(app.test_client(), "publisher")
    assert "没有待审的版本" in words(fetch(publisher, "/reviews?tab=waiting"))
    assert "工本费降到 8 元" in words(fetch(publisher, "/reviews?tab=mine"))


def test_the_reviewer_sees_the_change_against_the_version_in_force(
    reviewer: FlaskClient, handed_in: int
) -> None:
    page = fetch(reviewer, f"/reviews/{handed_in}")
    assert "<del>10</del><ins>8</ins> 元/张" in page
    assert "与现行版本 V2 对比" in words(page)
    assert "未发现" in words(page)


def test_an_approved_version_is_in_force_at_once(
    reviewer: FlaskClient, handed_in: int, csrf_token: Callable[[FlaskClient], str], world: World
) -> None:
    seen = seen_in(fetch(reviewer, f"/reviews/{handed_in}"))
    answer = reviewer.post(
        f"/reviews/{handed_in}/approve", data={"seen": seen, "csrf_token": csrf_token(reviewer)}
    )
    assert answer.status_code == 303
    assert "8 元/张" in fetch(reviewer, f"/a/{world.articles['loss']}")


def test_a_version_approved_for_a_minute_is_shown_from_that_minute_on(
    reviewer: FlaskClient,
    handed_in: int,
    csrf_token: Callable[[FlaskClient], str],
    world: World,
    clock: FixedClock,
) -> None:
    form = {
        "seen": seen_in(fetch(reviewer, f"/reviews/{handed_in}")),
        "when": "at",
        "start": "2026-11-23T14:06",
        "csrf_token": csrf_token(reviewer),
    }
    assert reviewer.post(f"/reviews/{handed_in}/approve", data=form).status_code == 303
    assert "8 元/张" not in fetch(reviewer, f"/a/{world.articles['loss']}")
    clock.at = NOON + timedelta(minutes=1)
    assert "8 元/张" in fetch(reviewer, f"/a/{world.articles['loss']}")


def test_a_minute_that_was_not_filled_in_is_asked_for_and_nothing_is_approved(
    reviewer: FlaskClient, handed_in: int, csrf_token: Callable[[FlaskClient], str], database: Database
) -> None:
    form = {
        "seen": seen_in(fetch(reviewer, f"/reviews/{handed_in}")),
        "when": "at",
        "start": "",
        "csrf_token": csrf_token(reviewer),
    }
    answer = reviewer.post(f"/reviews/{handed_in}/approve", data=form)
    assert answer.status_code == 422
    assert "请填写生效时间" in answer.text
    with database.read() as session:
        assert session.get_one(Revision, handed_in).state == "in_review"


def test_what_changed_since_it_was_seen_is_not_approved_but_shown_anew(
    reviewer: FlaskClient,
    handed_in: int,
    csrf_token: Callable[[FlaskClient], str],
    database: Database,
    world: World,
) -> None:
    seen = seen_in(fetch(reviewer, f"/reviews/{handed_in}"))
    with database.write() as session:
        publisher = Actor.of(session.get_one(Person, world.people["publisher"]))
        draft = recall(session, publisher, handed_in, NOON)
        text = replace(text_of(draft), source="工本费 0 元。")
        save_draft(session, publisher, draft.id, draft.lock_version, text, NOON)
        submit(session, publisher, draft.id, draft.lock_version, NOON)
    answer = reviewer.post(
        f"/reviews/{handed_in}/approve", data={"seen": seen, "csrf_token": csrf_token(reviewer)}
    )
    assert answer.status_code == 409
    assert "请重新查看" in words(answer.text)
    assert "工本费 0 元" in answer.text
    assert seen_in(answer.text) != seen


def test_a_version_is_returned_with_its_reason(
    app: Flask,
    logged_in: Callable[..., FlaskClient],
    reviewer: FlaskClient,
    handed_in: int,
    csrf_token: Callable[[FlaskClient], str],
) -> None:
    form = {
        "seen": seen_in(fetch(reviewer, f"/reviews/{handed_in}")),
        "template": "缺少依据文件或文号",
        "reason": "请附上收费批文",
        "csrf_token": csrf_token(reviewer),
    }
    assert reviewer.post(f"/reviews/{handed_in}/return", data=form).status_code == 303
    publisher = logged_in(app.test_client(), "publisher")
    assert "缺少依据文件或文号；请附上收费批文" in words(fetch(publisher, f"/reviews/{handed_in}"))


def test_a_return_without_a_reason_keeps_the_page_and_says_what_is_missing(
    reviewer: FlaskClient, handed_in: int, csrf_token: Callable[[FlaskClient], str]
) -> None:
    form = {"seen": seen_in(fetch(reviewer, f"/reviews/{handed_in}")), "csrf_token": csrf_token(reviewer)}
    answer = reviewer.post(f"/reviews/{handed_in}/return", data=form)
    assert answer.status_code == 422
    assert "请写明退回原因" in answer.text


def test_the_author_has_no_button_and_is_refused(
    app: Flask,
    logged_in: Callable[..., FlaskClient],
    handed_in: int,
    csrf_token: Callable[[FlaskClient], str],
    database: Database,
) -> None:
    publisher = logged_in(app.test_client(), "publisher")
    page = fetch(publisher, f"/reviews/{handed_in}")
    assert "approve-form" not in page
    assert "须由其他人审核" in words(page)
    with database.read() as session:
        seen = session.get_one(Revision, handed_in).content_hash
    form = {"seen": seen, "csrf_token": csrf_token(publisher)}
    assert publisher.post(f"/reviews/{handed_in}/approve", data=form).status_code == 403


def test_a_draft_in_review_does_not_exist_for_agents(
    app: Flask, logged_in: Callable[..., FlaskClient], handed_in: int
) -> None:
    fetch(logged_in(app.test_client(), "agent"), f"/reviews/{handed_in}", status=404)


def test_what_was_decided_is_listed(
    reviewer: FlaskClient, handed_in: int, csrf_token: Callable[[FlaskClient], str]
) -> None:
    seen = seen_in(fetch(reviewer, f"/reviews/{handed_in}"))
    reviewer.post(f"/reviews/{handed_in}/approve", data={"seen": seen, "csrf_token": csrf_token(reviewer)})
    assert "通过" in words(fetch(reviewer, "/reviews?tab=decided"))
    assert reviewer.get(f"/reviews/{handed_in}").status_code == 302


def test_an_older_version_is_restored_as_a_draft(
    app: Flask,
    logged_in: Callable[..., FlaskClient],
    csrf_token: Callable[[FlaskClient], str],
    world: World,
    database: Database,
) -> None:
    publisher = logged_in(app.test_client(), "publisher")
    article_id = world.articles["loss"]
    answer = publisher.post(f"/a/{article_id}/v/1/restore", data={"csrf_token": csrf_token(publisher)})
    assert answer.status_code == 303
    assert "工本费 1<del>0</del><ins>5</ins>" in fetch(publisher, f"/a/{article_id}/compare?from=2&to=3")
