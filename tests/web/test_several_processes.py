"""Two servers over one home know nothing of each other's memory and still tell everybody the same."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages import fetch, titles
from small_bank import NOON, PASSWORD, World
from sqlalchemy import select

from indexer.language import Language
from indexer.remembering import RememberingEngine
from kb.access import Actor
from kb.activity import record_search
from kb.articles import add_revision, approve
from kb.clock import FixedClock
from kb.database import Database
from kb.models import Article, Audience, AuditEvent, Person, Search
from kb.revision_text import RevisionText
from web.app import create_app
from web.recording import keep_notebook
from web.settings import Settings
from web.wiring import Services

Token = Callable[[FlaskClient], str]
LoggedIn = Callable[..., FlaskClient]


@pytest.fixture
def apps(settings: Settings, clock: FixedClock, language: Language) -> Iterator[list[Flask]]:
    """Two applications with nothing in common but the home."""
    databases = [Database(settings.database_url) for _number in range(2)]
    yield [
        create_app(
            settings,
            Services(
                settings,
                database,
                clock,
                settings.zone,
                RememberingEngine(settings.index_directory, language),
            ),
        )
        for database in databases
    ]
    for database in databases:
        database.close()


@pytest.fixture
def both(apps: list[Flask], logged_in: LoggedIn) -> list[FlaskClient]:
    """One browser whose requests go to either server: logged in at the first, with the same cookie at both."""
    first, second = (app.test_client() for app in apps)
    logged_in(first)
    cookie = first.get_cookie("kb_session")
    assert cookie is not None
    second.set_cookie("kb_session", cookie.value)
    return [first, second]


def test_a_login_at_one_holds_at_the_other(both: list[FlaskClient]) -> None:
    assert titles(fetch(both[0], "/search?q=补卡")) == titles(fetch(both[1], "/search?q=补卡")) != []


def test_a_logout_at_one_ends_the_login_at_the_other(both: list[FlaskClient], csrf_token: Token) -> None:
    fetch(both[0], "/")
    assert both[1].post("/logout", data={"csrf_token": csrf_token(both[1])}).status_code == 303
    fetch(both[0], "/", 302)


def test_a_form_of_one_can_be_sent_to_the_other(both: list[FlaskClient], csrf_token: Token) -> None:
    with both[0].session_transaction() as cookie:
        cookie["csrf_token"] = "a" * 40
    token = csrf_token(both[0])
    sent = both[0].get_cookie("kb_session")
    assert sent is not None
    both[1].set_cookie("kb_session", sent.value)
    answer = both[1].post("/preferences", data={"theme": "dark", "csrf_token": token})
    assert answer.status_code == 303
    assert 'data-theme="dark"' in fetch(both[0], "/")


def test_wrong_passwords_are_counted_together(apps: list[Flask], csrf_token: Token) -> None:
    visitors = [app.test_client() for app in apps]
    answers = []
    for number in range(5):
        visitor = visitors[number % 2]
        form = {"username": "agent", "password": "wrong-password", "csrf_token": csrf_token(visitor)}
        answers.append(visitor.post("/login", data=form).status_code)
    assert answers == [401, 401, 401, 401, 429]
    form = {"username": "agent", "password": PASSWORD, "csrf_token": csrf_token(visitors[1])}
    assert visitors[1].post("/login", data=form).status_code == 429


def test_what_is_kept_from_a_reader_at_one_is_gone_at_the_other_with_the_next_request(
    both: list[FlaskClient], database: Database, world: World
) -> None:
    article = world.articles["loss"]
    for client in both:
        fetch(client, f"/a/{article}")
        assert fetch(client, "/search?q=补卡").count("hit-link") > 0
    with database.write() as session:
        inside = session.scalars(select(Audience)).first()
        assert inside is not None
        kept = session.get_one(Article, article)
        kept.audience_id, kept.access_key = inside.id, str(inside.id)
    for client in both:
        fetch(client, f"/a/{article}", 404)
        assert f'href="/a/{article}' not in fetch(client, "/search?q=补卡")


def test_what_is_published_is_answered_by_both_and_from_no_old_memory(
    apps: list[Flask], both: list[FlaskClient], database: Database, world: World, catch_up: Callable[[], int]
) -> None:
    for client in both:
        fetch(client, "/search?q=量子保险柜")
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        text = RevisionText("量子保险柜挂失", "新的口径。")
        approve(session, add_revision(session, article, text, NOON), NOON)
    catch_up()
    for app, client in zip(apps, both, strict=True):
        engine = app.extensions["kb"].engine
        # As the thread of a serving process does ten times a second.
        engine._checked_at = float("-inf")
        assert engine.cursor() > 0
        assert "量子保险柜挂失" in titles(fetch(client, "/search?q=量子保险柜"))


def test_both_write_down_what_was_searched_and_the_chain_of_the_log_stays_whole(
    apps: list[Flask], both: list[FlaskClient], database: Database, csrf_token: Token
) -> None:
    notebooks = [keep_notebook(app) for app in apps]
    for number in range(6):
        fetch(both[number % 2], f"/search?q=问题{number}号{'甲乙丙丁戊己'[number]}")
    for client in both:
        client.post("/logout", data={"csrf_token": csrf_token(client)})
    for notebook in notebooks:
        notebook.close()
    with database.read() as session:
        assert len(session.scalars(select(Search).where(Search.text.startswith("问题"))).all()) == 6
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
        assert all(after.previous_hash == before.hash for before, after in pairwise(events))


def test_a_note_that_comes_late_does_not_shorten_what_was_typed_after_it(
    database: Database, world: World
) -> None:
    with database.write() as session:
        agent = Actor.of(session.get_one(Person, world.people["agent"]))
        record_search(session, agent, "借记卡挂失补卡", {}, 3, 5, NOON + timedelta(seconds=2))
        # The other process had to wait for the writer.
        record_search(session, agent, "借记卡挂", {}, 9, 5, NOON + timedelta(seconds=1))
        found = session.scalars(select(Search).where(Search.person_id == agent.person_id)).all()
    assert [(row.text, row.total) for row in found] == [("借记卡挂失补卡", 3)]
