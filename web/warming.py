"""Pays what only the first readers of a process would wait for, before it takes a request; then keeps the index open."""

import logging
import threading
from collections.abc import Iterator
from urllib.parse import quote

from flask import Flask
from flask_login import login_user
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from kb.models import Article, Department, Person, PersonRole, Revision, Role
from kb.revisions import is_shown_at
from web.session import SignedIn
from web.transactions import EXTENSION, now, reading
from web.wiring import Services

log = logging.getLogger(__name__)
TITLES = 2
MOST_LETTERS = 30
# Nothing is stored under these, so nobody's notes, briefcase or rights are touched.
NOBODY = 0
INDEX_POLL_SECONDS = 0.5


def warm_up(app: Flask) -> None:
    """Read the pages that readers ask for most, as a reader with no rights but those of everybody.

    Dictionaries are loaded, the index is opened, templates and questions are compiled. Nothing is
    recorded: the answers are never handed to anybody, and what follows an answer follows its delivery.
    What goes wrong is logged; a process that is not warm can serve all the same.
    """
    for path in _paths(app):
        _read(app, path, "zh")
    for path in ("/", "/search?q=KPI"):
        _read(app, path, "en")


def keep_open(app: Flask, stop: threading.Event) -> None:
    """Open new commits of the index as they come, until ``stop`` is set; warm up first if there was none yet."""
    engine = _services(app).engine
    if engine.cursor() < 0:
        while engine.cursor() < 0:
            if stop.wait(INDEX_POLL_SECONDS):
                return
        warm_up(app)
    engine.keep_open(stop)


def _services(app: Flask) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found


def _paths(app: Flask) -> Iterator[str]:
    yield "/login"
    yield "/"
    try:
        with app.app_context(), reading() as session:
            articles = _articles(session)
    except SQLAlchemyError as error:
        log.warning("nothing to warm up with: %s", error)
        return
    for article_id, title in articles:
        text = quote(title[:MOST_LETTERS])
        for typed in (title[:1], title[:2], "zh", "yhk"):
            yield f"/suggest?q={quote(typed)}"
        yield f"/search?q={text}"
        yield f"/a/{article_id}?q={text}&rank=1"


def _articles(session: Session) -> list[tuple[int, str]]:
    found = session.execute(
        select(Revision.article_id, Revision.title)
        .join(Article, Article.id == Revision.article_id)
        .where(is_shown_at(now()), Article.access_key == "")
        .order_by(Revision.shown_from.desc())
        .limit(TITLES)
    )
    return [(article_id, title) for article_id, title in found]


def _read(app: Flask, path: str, language: str) -> None:
    hosts = _services(app).settings.trusted_hosts
    address = f"http://{hosts[0].lstrip('.')}/" if hosts else None
    try:
        with app.test_request_context(path, base_url=address):
            if path != "/login":
                login_user(SignedIn(_nobody(language), ""))
            # Never closed, so that nothing is written down about it.
            answer = app.full_dispatch_request()
            if answer.status_code >= 400:
                log.warning("warming up: %s answered %d", path, answer.status_code)
    except Exception:
        # Whatever it is, the first reader will see it too, with a page that says so.
        log.exception("warming up failed at %s", path)


def _nobody(language: str) -> Person:
    return Person(
        id=NOBODY,
        username="",
        name="",
        department_id=NOBODY,
        department=Department(id=NOBODY, code="", name="", path=""),
        theme="auto",
        locale=language,
        font_size="medium",
        single_keys=True,
        role_rows=[PersonRole(role=Role.AGENT)],
    )
