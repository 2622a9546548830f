"""The headers that every answer carries, whatever it is an answer to."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from web.security import CONTENT_SECURITY_POLICY, HEADERS

LoggedIn = Callable[..., FlaskClient]
PATHS = [
    "/",
    "/login",
    "/search?q=挂失",
    "/n/1",
    "/a/1",
    "/a/999999",
    "/healthz",
    "/readyz",
    "/no-such-page",
    "/suggest?q=a",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_carries_the_security_headers(
    client: FlaskClient, logged_in: LoggedIn, path: str
) -> None:
    answer = logged_in(client).get(path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Request-ID"]


def _value(rule: Rule, name: str) -> str | int:
    # Some places of an address take only certain words.
    choices = getattr(rule._converters.get(name), "items", None)
    return min(choices) if choices else 1


def test_every_route_carries_a_content_security_policy_for_strangers_too(app: Flask) -> None:
    bare = []
    for rule in app.url_map.iter_rules():
        values = {name: _value(rule, name) for name in rule.arguments}
        _domain, path = rule.build(values, append_unknown=False) or ("", rule.rule)
        answer = app.test_client().get(path)
        policy = answer.headers.get("Content-Security-Policy", "")
        if "'unsafe" in policy or "object-src 'none'" not in policy or "nosniff" not in str(answer.headers):
            bare.append(rule.endpoint)
    assert bare == []


@pytest.mark.parametrize("word", ["unsafe-inline", "unsafe-eval", "*", "http:", "https:"])
def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(word: str) -> None:
    assert word not in CONTENT_SECURITY_POLICY


def test_without_https_no_browser_is_told_to_insist_on_it(client: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/login").headers


def test_the_id_of_a_request_is_taken_over_from_a_proxy(client: FlaskClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "proxy-0123456789"})
    assert answer.headers["X-Request-ID"] == "proxy-0123456789"


@pytest.mark.parametrize("sent", ["short", "x" * 65, "spaces are bad", "<script>alert(1)</script>"])
def test_an_odd_id_of_a_request_is_replaced(client: FlaskClient, sent: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": sent})
    assert answer.headers["X-Request-ID"] != sent
    assert len(answer.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize("path", ["/", "/login", "/search?q=挂失", "/no-such-page"])
def test_pages_hold_no_inline_script_style_or_handler(
    client: FlaskClient, logged_in: LoggedIn, path: str
) -> None:
    if path != "/login":
        logged_in(client)
    text = client.get(path).text
    assert " style=" not in text
    assert "<style" not in text
    assert " onclick=" not in text
    scripts = [part.split(">", 1)[0] for part in text.split("<script")[1:]]
    assert scripts
    assert all(" src=" in tag or 'type="application/json"' in tag for tag in scripts)


def test_a_request_that_is_too_large_is_refused_in_plain_words(
    client: FlaskClient, logged_in: LoggedIn, csrf_token: Callable[[FlaskClient], str]
) -> None:
    logged_in(client)
    form = {"theme": "x" * (9 * 1024 * 1024), "csrf_token": csrf_token(client)}
    answer = client.post("/preferences", data=form)
    assert answer.status_code == 413
    assert "提交的内容太大" in answer.text
