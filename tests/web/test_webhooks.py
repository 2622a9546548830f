"""The administrator's page of webhooks, and the same at the command line."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from pages import fetch, statements, words
from small_bank import NOON
from sqlalchemy import select

from kb.database import Database
from kb.models import AuditEvent, Webhook, WebhookDelivery
from kb.webhooks import register
from web.cli import run
from web.settings import Settings

CsrfToken = Callable[[FlaskClient], str]
HOST = "127.0.0.1:9000"


@pytest.fixture
def settings(home) -> Settings:
    """The settings of the app, with one allowed host."""
    return Settings(home=home, webhook_hosts=(HOST,))


@pytest.fixture
def admin(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A browser signed in as the administrator."""
    return logged_in(client, "admin")


def test_the_secret_is_shown_once_after_adding(
    admin: FlaskClient, csrf_token: CsrfToken, database: Database
) -> None:
    form = {"name": "值班群", "url": f"http://{HOST}/in", "csrf_token": csrf_token(admin)}
    answer = admin.post("/webhooks", data=form)
    with database.read() as session:
        hook = session.scalars(select(Webhook)).one()
        actions = session.scalars(select(AuditEvent.action)).all()
    assert hook.secret in answer.text
    assert "webhook.create" in actions
    assert hook.secret not in fetch(admin, f"/webhooks/{hook.id}")
    assert "值班群" in words(fetch(admin, "/webhooks"))


def test_a_host_outside_of_the_list_is_refused_and_the_typed_text_stays(
    admin: FlaskClient, csrf_token: CsrfToken
) -> None:
    form = {"name": "外网群", "url": "http://evil.example/in", "csrf_token": csrf_token(admin)}
    answer = admin.post("/webhooks", data=form)
    assert answer.status_code == 422
    assert 'value="http://evil.example/in"' in answer.text and 'value="外网群"' in answer.text
    assert "KB_WEBHOOK_HOSTS" in answer.text


@pytest.mark.parametrize("role", ["agent", "publisher", "reviewer", "manager"])
def test_nobody_else_sees_or_changes_them(
    client: FlaskClient, logged_in: Callable[..., FlaskClient], csrf_token: CsrfToken, role: str, database
) -> None:
    with database.write() as session:
        register(session, None, "群", f"http://{HOST}/", [], [HOST], NOON)
    browser = logged_in(client, role)
    assert browser.get("/webhooks").status_code == 403
    assert browser.get("/webhooks/1").status_code == 403
    form = {"csrf_token": csrf_token(browser), "active": "off"}
    for action in ("rotate", "test", "active", "remove"):
        assert browser.post(f"/webhooks/1/{action}", data=form).status_code == 403
    with database.read() as session:
        assert session.get_one(Webhook, 1).is_active


def test_test_rotate_switch_and_remove(admin: FlaskClient, csrf_token: CsrfToken, database: Database) -> None:
    with database.write() as session:
        before = register(session, None, "群", f"http://{HOST}/", [], [HOST], NOON).secret
    form = {"csrf_token": csrf_token(admin)}
    assert admin.post("/webhooks/1/test", data=form).status_code == 303
    rotated = admin.post("/webhooks/1/rotate", data=form)
    assert admin.post("/webhooks/1/active", data={**form, "active": "off"}).status_code == 303
    with database.read() as session:
        hook = session.get_one(Webhook, 1)
        assert session.scalars(select(WebhookDelivery.event)).all() == ["test.ping"]
    assert hook.secret != before == hook.previous_secret
    assert hook.secret in rotated.text
    assert not hook.is_active
    assert "测试消息" in words(fetch(admin, "/webhooks/1"))
    assert admin.post("/webhooks/1/remove", data=form).status_code == 303
    assert admin.get("/webhooks/1").status_code == 404


def test_a_given_up_message_can_be_tried_again(
    admin: FlaskClient, csrf_token: CsrfToken, database: Database
) -> None:
    with database.write() as session:
        register(session, None, "群", f"http://{HOST}/", [], [HOST], NOON)
        session.add(
            WebhookDelivery(
                webhook_id=1,
                message_id="msg_1",
                event="notification.approved",
                body="{}",
                state="failed",
                created_at=NOON,
                attempts=10,
            )
        )
    admin.post("/webhooks/deliveries/1/retry", data={"csrf_token": csrf_token(admin)})
    with database.read() as session:
        message = session.get_one(WebhookDelivery, 1)
    assert (message.state, message.attempts) == ("waiting", 0)


def test_the_log_asks_the_same_number_of_questions_however_long_it_is(
    admin: FlaskClient, database: Database
) -> None:
    def add(count: int) -> None:
        with database.write() as session:
            for number in range(count):
                session.add(
                    WebhookDelivery(
                        webhook_id=1, message_id=f"m{number}", event="test.ping", body="{}", created_at=NOON
                    )
                )

    with database.write() as session:
        register(session, None, "群", f"http://{HOST}/", [], [HOST], NOON)
    add(1)
    with statements(database) as few:
        fetch(admin, "/webhooks/1")
    add(30)
    with statements(database) as many:
        fetch(admin, "/webhooks/1")
    assert len(many) == len(few) <= 10


def test_the_command_line_adds_lists_and_switches(home, monkeypatch, capsys) -> None:
    monkeypatch.setenv("KB_HOME", str(home))
    monkeypatch.setenv("KB_WEBHOOK_HOSTS", HOST)
    assert run(["webhook", "add", "值班群", f"http://{HOST}/x", "--event", "notification.approved"]) == 0
    assert "whsec_" in capsys.readouterr().out
    assert run(["webhook", "add", "坏的", "http://evil.example/"]) == 1
    assert run(["webhook", "test", "1"]) == 0
    assert run(["webhook", "disable", "1"]) == 0
    capsys.readouterr()
    assert run(["webhook", "list"]) == 0
    assert capsys.readouterr().out == f"1\t停用\t1\t0\t值班群\thttp://{HOST}/x\n"
    assert run(["webhook", "remove", "1"]) == 0
    assert run(["webhook", "rotate", "1"]) == 1
