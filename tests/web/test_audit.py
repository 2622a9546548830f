"""The audit page: who may see it, what is found, the proof of the chain, and the file that is taken along."""

import ast
import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages import fetch, statements, words
from small_bank import NOON, World
from sqlalchemy import select, update

from kb.access import Actor
from kb.audit import record
from kb.database import Database
from kb.models import AuditEvent, Person
from web.audit_labels import action_label

Token = Callable[[FlaskClient], str]
ROOT = Path(__file__).resolve().parents[2]
# What enters an event into the log: the log itself, and what a draft goes through.
WRITERS = ("record", "changed", "_record")


@pytest.fixture
def manager(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A browser signed in as the manager."""
    return logged_in(client, "manager")


@pytest.fixture
def recorded(database: Database, world: World) -> None:
    """A few events of different people, things and times."""
    with database.write() as session:
        reviewer = Actor.of(session.get_one(Person, world.people["reviewer"]))
        old = NOON - timedelta(days=30)
        record(session, None, "article.import", "article:1", old, detail={"rows": 3})
        record(session, reviewer, "article.approve", "article:1", NOON - timedelta(hours=1), reason="=1+1")
        record(session, reviewer, "article.return", "article:12", NOON, reason="请补充收费依据")


def rows(page: str) -> list[str]:
    """Return the numbers of the actions shown, in order."""
    body = page[page.index("<tbody>") : page.index("</tbody>")] if "<tbody>" in page else ""
    return [part.split("</small>")[0] for part in body.split("<small>")[1:]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("subject=article:1", ["article.approve", "article.import"]),
        ("subject=article:", ["article.return", "article.approve", "article.import"]),
        ("action=article.approve", ["article.approve"]),
        ("person=孙慧敏&subject=article:", ["article.return", "article.approve"]),
        ("person=3001&subject=article:", ["article.return", "article.approve"]),
        ("since=2026-11-01&subject=article:", ["article.return", "article.approve"]),
        ("until=2026-11-01&subject=article:", ["article.import"]),
        ("since=2026-11-23 14:00&subject=article:", ["article.return"]),
        ("person=没有这个人", []),
    ],
)
def test_events_are_found_by_what_is_known_of_them(
    manager: FlaskClient, recorded: None, query: str, found: list[str]
) -> None:
    assert rows(fetch(manager, f"/audit?{query}")) == found


def test_a_time_that_cannot_be_read_is_named_and_the_rest_holds(manager: FlaskClient, recorded: None) -> None:
    page = fetch(manager, "/audit?since=gestern&subject=article:12")
    assert rows(page) == ["article.return"]
    assert "时间的写法不正确" in words(page)


def test_older_events_follow_page_by_page(manager: FlaskClient, database: Database) -> None:
    with database.write() as session:
        for number in range(120):
            record(session, None, "node.create", f"node:{number}", NOON)
    seen: list[str] = []
    url = "/audit?action=node.create"
    for _page in range(5):
        page = fetch(manager, url)
        seen += rows(page)
        if "更早的事件" not in page:
            break
        place = page.rindex('href="', 0, page.index('rel="next"')) + 6
        url = page[place : page.index('"', place)].replace("&amp;", "&")
    assert len(seen) == 120


@pytest.mark.parametrize("role", ["agent", "publisher", "reviewer"])
def test_the_log_is_kept_from_those_who_do_not_answer_for_it(
    app: Flask, logged_in: Callable[..., FlaskClient], csrf_token: Token, role: str
) -> None:
    client = logged_in(app.test_client(), role)
    fetch(client, "/audit", status=403)
    fetch(client, "/audit.csv", status=403)
    assert client.post("/audit/verify", data={"csrf_token": csrf_token(client)}).status_code == 403


def test_the_chain_is_proved_and_a_change_is_named(
    manager: FlaskClient, recorded: None, database: Database, csrf_token: Token
) -> None:
    form = {"csrf_token": csrf_token(manager)}
    manager.post("/audit/verify", data=form)
    assert "审计日志完整" in words(fetch(manager, "/audit"))
    with database.write() as session:
        changed = session.scalars(select(AuditEvent.id).where(AuditEvent.action == "article.approve")).one()
        session.execute(update(AuditEvent).where(AuditEvent.id == changed).values(reason="好"))
    manager.post("/audit/verify", data=form)
    assert f"从第 {changed} 号事件起对不上" in words(fetch(manager, "/audit"))


def test_the_file_cannot_run_formulas_and_taking_it_is_recorded(
    manager: FlaskClient, recorded: None, database: Database
) -> None:
    text = fetch(manager, "/audit.csv?subject=article:1").lstrip("\ufeff")
    table = list(csv.reader(io.StringIO(text)))
    assert [row[4] for row in table[1:]] == ["article.approve", "article.import"]
    assert table[1][6] == "'=1+1"
    with database.read() as session:
        newest = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (newest.action, newest.actor_name) == ("audit.export", "钱国梁")


def test_the_page_asks_as_little_for_many_events_as_for_few(manager: FlaskClient, database: Database) -> None:
    def asked() -> int:
        with statements(database) as found:
            fetch(manager, "/audit")
        return len(found)

    asked()
    few = asked()
    with database.write() as session:
        for number in range(60):
            record(session, None, "node.create", f"node:{number}", NOON)
    assert asked() == few


def recorded_actions() -> set[str]:
    """The actions that the product's code writes by name."""
    calls = (
        node
        for package in ("kb", "web")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in WRITERS
    )
    texts = (part.value for call in calls for part in call.args if isinstance(part, ast.Constant))
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", text)}


def test_every_action_is_named_in_words(app: Flask) -> None:
    actions = recorded_actions() | {"login", "logout", "article.approve", "article.evidence_sealed"}
    assert len(actions) > 50
    with app.test_request_context():
        labels = {action: action_label(action).replace("Webhook", "") for action in actions}
    assert {action for action, label in labels.items() if re.search("[a-z]", label)} == set()


def test_a_subject_is_named_in_words_and_as_it_is_looked_for(manager: FlaskClient, recorded: None) -> None:
    page = fetch(manager, "/audit?subject=article:12")
    assert "知识 12 article:12" in words(page.replace("<br>", " "))
