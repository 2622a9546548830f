"""Login, logout and the cookie, over HTTP against the real application."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from small_bank import NOON, PASSWORD, World
from sqlalchemy import select, update

from kb.clock import FixedClock
from kb.database import Database
from kb.models import AuditEvent, LoginSession, Person
from kb.people import change_password, set_active
from web.app import create_app
from web.session import PUBLIC_ENDPOINTS, TOKEN_BLUEPRINTS, safe_target
from web.wiring import Services

LoggedIn = Callable[..., FlaskClient]
Token = Callable[[FlaskClient], str]


def is_in(client: FlaskClient) -> bool:
    """Whether the client's cookie still opens the home page."""
    # Closing the answer runs what is written down after it was sent.
    with client.get("/") as answer:
        return answer.status_code == 200


def copy_of(client: FlaskClient, app: Flask) -> FlaskClient:
    """A second browser holding the same cookie, as a thief of the cookie would have."""
    thief = app.test_client()
    cookie = client.get_cookie("kb_session")
    assert cookie is not None
    thief.set_cookie("kb_session", cookie.value)
    return thief


# Arguments that are no numbers.
FITTING = {"kind": "csv", "table": "trend"}


def endpoint_paths(app: Flask) -> list[tuple[str, str, str]]:
    """Every route as (endpoint, method, an address that reaches it)."""
    paths = []
    for rule in app.url_map.iter_rules():
        values = {name: FITTING.get(name, 1) for name in rule.arguments}
        _domain, path = rule.build(values, append_unknown=False) or ("", rule.rule)
        paths += [
            (rule.endpoint, method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return paths


def test_every_endpoint_refuses_somebody_who_is_not_logged_in(app: Flask, csrf_token: Token) -> None:
    wrong = []
    for endpoint, method, path in endpoint_paths(app):
        if endpoint in PUBLIC_ENDPOINTS:
            continue
        client = app.test_client()
        form = {"csrf_token": csrf_token(client)} if method != "GET" else None
        answer = client.open(path, method=method, data=form)
        if endpoint.split(".")[0] in TOKEN_BLUEPRINTS:
            wrong += [] if answer.status_code == 401 else [(endpoint, method, answer.status_code)]
        elif answer.status_code != 302 or not answer.headers["Location"].startswith("/login"):
            wrong.append((endpoint, method, answer.status_code))
    assert wrong == []


def test_the_list_of_open_endpoints_is_short_and_names_only_real_ones(app: Flask) -> None:
    assert PUBLIC_ENDPOINTS - set(app.view_functions) == set()
    assert len(PUBLIC_ENDPOINTS) <= 8


def test_a_script_without_a_login_is_told_so_in_json(client: FlaskClient) -> None:
    answer = client.get("/suggest?q=挂失", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["login"] == "/login"


def test_after_the_login_the_page_asked_for_opens(client: FlaskClient, csrf_token: Token) -> None:
    refused = client.get("/search?q=挂失&sort=newest")
    form = {"username": "agent", "password": PASSWORD, "csrf_token": csrf_token(client)}
    answer = client.post(refused.headers["Location"], data=form)
    assert answer.status_code == 303
    assert client.get(answer.headers["Location"]).request.args["q"] == "挂失"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "evil.example",
        "/\n/evil.example",
        " //evil.example",
        "",
        None,
    ],
)
def test_a_target_off_the_site_leads_home(app: Flask, target: str | None) -> None:
    with app.test_request_context():
        assert safe_target(target) == "/"


def test_a_target_on_the_site_is_kept(app: Flask) -> None:
    with app.test_request_context():
        assert safe_target("/a/3?q=%E6%8C%82#hit") == "/a/3?q=%E6%8C%82#hit"


def test_a_login_never_redirects_off_the_site(client: FlaskClient, csrf_token: Token) -> None:
    form = {
        "username": "agent",
        "password": PASSWORD,
        "next": "//evil.example/",
        "csrf_token": csrf_token(client),
    }
    assert client.post("/login", data=form).headers["Location"] == "/"


def test_a_wrong_password_keeps_the_name_and_says_so(client: FlaskClient, csrf_token: Token) -> None:
    form = {"username": "agent", "password": "wrong-password", "csrf_token": csrf_token(client)}
    answer = client.post("/login", data=form)
    assert answer.status_code == 401
    assert "用户名或密码不正确。" in answer.text
    assert 'value="agent"' in answer.text
    assert "wrong-password" not in answer.text


def test_a_locked_account_is_told_how_long(client: FlaskClient, csrf_token: Token, clock: FixedClock) -> None:
    form = {"username": "agent", "password": "wrong-password", "csrf_token": csrf_token(client)}
    for _ in range(5):
        answer = client.post("/login", data=form)
    assert answer.status_code == 429
    assert "15 分钟后再试" in answer.text
    clock.at = NOON + timedelta(minutes=10)
    answer = client.post("/login", data=form | {"password": PASSWORD})
    assert answer.status_code == 429
    assert "5 分钟后再试" in answer.text


def test_a_login_without_a_form_token_is_refused(client: FlaskClient) -> None:
    answer = client.post("/login", data={"username": "agent", "password": PASSWORD})
    assert answer.status_code == 400
    assert not is_in(client)


@pytest.mark.parametrize("path", ["/logout", "/preferences", "/search/lock", "/search/unlock", "/locale"])
def test_a_post_without_a_form_token_changes_nothing(
    client: FlaskClient, logged_in: LoggedIn, path: str
) -> None:
    logged_in(client)
    assert client.post(path, data={"theme": "dark"}).status_code == 400
    assert is_in(client)


def test_a_form_token_of_somebody_else_is_refused(app: Flask, logged_in: LoggedIn, csrf_token: Token) -> None:
    mine, theirs = logged_in(app.test_client()), app.test_client()
    assert mine.post("/logout", data={"csrf_token": csrf_token(theirs)}).status_code == 400


def test_logging_out_needs_a_post(client: FlaskClient, logged_in: LoggedIn) -> None:
    assert logged_in(client).get("/logout").status_code == 405
    assert is_in(client)


def test_a_copied_cookie_is_dead_after_the_logout(
    app: Flask, client: FlaskClient, logged_in: LoggedIn, csrf_token: Token
) -> None:
    thief = copy_of(logged_in(client), app)
    assert is_in(thief)
    assert client.post("/logout", data={"csrf_token": csrf_token(client)}).status_code == 303
    assert not is_in(thief)
    assert not is_in(client)


def test_a_copied_cookie_is_dead_after_a_password_change(
    app: Flask, client: FlaskClient, logged_in: LoggedIn, database: Database, world: World
) -> None:
    thief = copy_of(logged_in(client), app)
    with database.write() as session:
        agent = session.get_one(Person, world.people["agent"])
        change_password(session, agent, PASSWORD, "Another-2026-pass", NOON)
    assert not is_in(thief)


def test_a_disabled_person_is_out_with_the_next_request(
    client: FlaskClient, logged_in: LoggedIn, database: Database, world: World
) -> None:
    logged_in(client)
    with database.write() as session:
        set_active(session, session.get_one(Person, world.people["agent"]), False, NOON)
    assert not is_in(client)


def test_a_person_disabled_behind_the_program_is_out_as_well(
    client: FlaskClient, logged_in: LoggedIn, database: Database, world: World
) -> None:
    logged_in(client)
    with database.write() as session:
        session.execute(update(Person).where(Person.id == world.people["agent"]).values(is_active=False))
    assert not is_in(client)


def test_an_hour_without_a_request_ends_the_login(
    client: FlaskClient, logged_in: LoggedIn, clock: FixedClock
) -> None:
    logged_in(client)
    clock.at = NOON + timedelta(minutes=60)
    assert not is_in(client)


def test_requests_keep_a_login_alive_up_to_its_limit(
    client: FlaskClient, logged_in: LoggedIn, clock: FixedClock
) -> None:
    logged_in(client)
    alive = []
    for minutes in range(50, 12 * 60 + 50, 50):
        clock.at = NOON + timedelta(minutes=minutes)
        alive.append(is_in(client))
    assert alive == [True] * 14 + [False]


def test_a_cookie_planted_before_the_login_is_not_taken_over(
    app: Flask, client: FlaskClient, logged_in: LoggedIn
) -> None:
    client.get("/login")
    planted = copy_of(client, app)
    before = client.get_cookie("kb_session")
    logged_in(client)
    after = client.get_cookie("kb_session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert not is_in(planted)


def test_a_second_login_in_the_same_browser_ends_the_first(
    app: Flask, client: FlaskClient, logged_in: LoggedIn
) -> None:
    first = copy_of(logged_in(client, "agent"), app)
    logged_in(client, "manager")
    assert not is_in(first)
    assert is_in(client)


def test_a_forged_cookie_opens_nothing(client: FlaskClient, logged_in: LoggedIn) -> None:
    cookie = logged_in(client).get_cookie("kb_session")
    assert cookie is not None
    client.set_cookie("kb_session", cookie.value[:-3] + "abc")
    assert not is_in(client)


def test_the_cookie_is_kept_from_scripts_and_other_sites(client: FlaskClient, csrf_token: Token) -> None:
    form = {"username": "agent", "password": PASSWORD, "csrf_token": csrf_token(client)}
    cookie = client.post("/login", data=form).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" not in cookie


def test_behind_https_the_cookie_is_bound_to_the_host_and_to_https(services: Services) -> None:
    strict = services.settings.at(secure_cookies=True)
    app = create_app(
        strict, Services(strict, services.database, services.clock, services.zone, services.engine)
    )
    answer = app.test_client().get("/login", base_url="https://kb.bank")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-kb=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_there_is_no_login_to_be_remembered(client: FlaskClient, logged_in: LoggedIn) -> None:
    logged_in(client)
    assert client.get_cookie("remember_token") is None


def test_the_cookie_holds_no_identity_of_the_person(
    app: Flask, client: FlaskClient, logged_in: LoggedIn, database: Database, world: World
) -> None:
    logged_in(client)
    with client.session_transaction() as cookie:
        kept = json.dumps(dict(cookie))
    with database.read() as session:
        stored = session.scalars(select(LoginSession)).one()
    assert stored.person_id == world.people["agent"]
    assert stored.token_hash not in kept
    assert "agent" not in kept


def test_who_is_logged_in_need_not_see_the_login_page(client: FlaskClient, logged_in: LoggedIn) -> None:
    answer = logged_in(client).get("/login?next=/search")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/search")


def test_the_address_of_a_login_is_in_the_audit_log(
    client: FlaskClient, logged_in: LoggedIn, database: Database
) -> None:
    logged_in(client)
    with database.read() as session:
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert (event.action, event.actor_name) == ("login", "李晓雯")
    assert json.loads(event.detail) == {"address": "127.0.0.1"}


def test_preferences_sent_as_a_form_come_back_to_the_page(
    client: FlaskClient, logged_in: LoggedIn, csrf_token: Token
) -> None:
    logged_in(client)
    form = {"theme": "dark", "next": "/?hot=month", "csrf_token": csrf_token(client)}
    answer = client.post("/preferences", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?hot=month")
    assert 'data-theme="dark"' in client.get("/").text


def test_preferences_sent_by_a_script_answer_with_nothing(
    client: FlaskClient, logged_in: LoggedIn, csrf_token: Token, database: Database, world: World
) -> None:
    logged_in(client)
    answer = client.post(
        "/preferences",
        json={"single_keys": False, "font_size": "large"},
        headers={"X-CSRFToken": csrf_token(client)},
    )
    assert answer.status_code == 204
    with database.read() as session:
        agent = session.get_one(Person, world.people["agent"])
    assert (agent.single_keys, agent.font_size) == (False, "large")


@pytest.mark.parametrize("sent", [{"theme": "pink"}, ["theme"], "dark"])
def test_preferences_that_do_not_exist_are_refused(
    client: FlaskClient, logged_in: LoggedIn, csrf_token: Token, sent: object
) -> None:
    logged_in(client)
    answer = client.post(
        "/preferences", json=sent, headers={"X-CSRFToken": csrf_token(client), "Accept": "application/json"}
    )
    assert answer.status_code == 422


def test_demo_accounts_are_listed_only_where_the_setting_says_so(services: Services) -> None:
    for is_demo in (False, True):
        settings = services.settings.at(demo=is_demo)
        parts = Services(settings, services.database, services.clock, services.zone, services.engine)
        text = create_app(settings, parts).test_client().get("/login").text
        assert ("Kb-demo-2026" in text) is is_demo
