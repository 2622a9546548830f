"""What the first readers of a process would wait for is done before it takes a request, and leaves no trace."""

import shutil
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages import fetch
from sqlalchemy import func, select

from kb.database import Database
from kb.models import AuditEvent, LoginSession, Notification, Search, View
from web.warming import keep_open, warm_up
from web.wiring import Services


def counts(database: Database) -> list[int]:
    with database.read() as session:
        return [
            session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Search, View, AuditEvent, LoginSession, Notification)
        ]


def test_templates_and_the_index_are_ready_before_the_first_reader(app: Flask, services: Services) -> None:
    warm_up(app)
    assert services.engine._opened is not None  # type: ignore[attr-defined]
    cache = app.jinja_env.cache
    assert cache is not None
    compiled = {key[1] for key in cache}
    assert {"layout.html", "search/page.html", "articles/page.html", "home/page.html"} <= compiled


def test_warming_up_is_written_down_nowhere(
    app: Flask, database: Database, client: FlaskClient, logged_in: Callable[..., FlaskClient]
) -> None:
    before = counts(database)
    warm_up(app)
    assert counts(database) == before
    # And nobody is logged in by it.
    fetch(client, "/", 302)


def test_every_page_of_the_warming_up_is_answered(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    warm_up(app)
    assert caplog.records == []


def test_a_process_without_an_index_starts_and_is_warm_once_there_is_one(
    app: Flask, services: Services, tmp_path
) -> None:
    aside = shutil.move(services.settings.index_directory, tmp_path / "aside")
    warm_up(app)
    stop = threading.Event()
    thread = threading.Thread(target=keep_open, args=(app, stop))
    thread.start()
    shutil.move(aside, services.settings.index_directory)
    while not services.engine._is_kept_open:  # type: ignore[attr-defined]
        assert thread.is_alive()
        stop.wait(0.02)
    stop.set()
    thread.join()
    assert services.engine.cursor() >= 0


def test_a_kept_engine_opens_new_commits_without_being_asked(
    services: Services, database: Database, catch_up: Callable[[], int], world
) -> None:
    from kb.articles import add_revision, approve
    from kb.models import Article
    from kb.revision_text import RevisionText

    stop = threading.Event()
    thread = threading.Thread(target=services.engine.keep_open, args=(stop,))
    thread.start()
    before = services.engine.cursor()
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        at = services.clock.now()
        approve(session, add_revision(session, article, RevisionText("换新", "口径。"), at), at)
    catch_up()
    while services.engine._opened.snapshot.cursor <= before:  # type: ignore[attr-defined]
        assert thread.is_alive()
        stop.wait(0.01)
    stop.set()
    thread.join()
