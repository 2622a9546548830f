"""Pages for what goes wrong, for people and for scripts."""

from collections.abc import Callable

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from kb.errors import Conflict, Forbidden, Invalid, NotFound, SearchUnavailable

LoggedIn = Callable[..., FlaskClient]
FAILURES: dict[str, tuple[Callable[[], Exception], int, str]] = {
    "missing": (lambda: NotFound("没有找到这篇知识。"), 404, "没有找到这篇知识。"),
    "forbidden": (lambda: Forbidden("作者不能审核自己撰写的版本。"), 403, "作者不能审核自己撰写的版本。"),
    "conflict": (Conflict, 409, "内容已被他人更新"),
    "invalid": (
        lambda: Invalid("内容未能保存，请按提示修改。", {"title": "请填写标题。"}),
        422,
        "请填写标题。",
    ),
    "unavailable": (SearchUnavailable, 503, "服务暂时不可用"),
    "bug": (lambda: ZeroDivisionError("secret detail of the bug"), 500, "系统出了点问题"),
}


@pytest.fixture
def broken(app: Flask) -> Flask:
    """The application with a page for each kind of failure."""

    def fail(kind: str) -> str:
        raise FAILURES[kind][0]()

    def refuse(status: int) -> str:
        abort(status)

    app.add_url_rule("/fail/<kind>", "fail", fail)
    app.add_url_rule("/refuse/<int:status>", "refuse", refuse)
    return app


@pytest.mark.parametrize("kind", FAILURES)
def test_each_failure_has_its_status_and_wording(broken: Flask, logged_in: LoggedIn, kind: str) -> None:
    _make, status, words = FAILURES[kind]
    answer = logged_in(broken.test_client()).get(f"/fail/{kind}")
    assert answer.status_code == status
    assert words in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


@pytest.mark.parametrize("kind", FAILURES)
def test_a_script_gets_the_failure_as_json(broken: Flask, logged_in: LoggedIn, kind: str) -> None:
    _make, status, words = FAILURES[kind]
    client = logged_in(broken.test_client())
    answer = client.get(f"/fail/{kind}", headers={"Accept": "application/json"})
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert words in (answer.json["title"], *answer.json["errors"].values())


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 422, 429, 500, 503, 418])
def test_every_http_failure_is_a_page_with_a_way_home(
    broken: Flask, logged_in: LoggedIn, status: int
) -> None:
    answer = logged_in(broken.test_client()).get(f"/refuse/{status}")
    assert answer.status_code == status
    assert 'href="/"' in answer.text
    assert "<h1" in answer.text


def test_a_bug_shows_nothing_of_itself_but_is_logged(
    broken: Flask, logged_in: LoggedIn, caplog: pytest.LogCaptureFixture
) -> None:
    answer = logged_in(broken.test_client()).get("/fail/bug")
    assert "secret detail" not in answer.text
    assert "ZeroDivisionError" in caplog.text
    assert answer.headers["X-Request-ID"] in caplog.text


def test_the_page_for_a_failure_of_the_server_needs_no_database(
    broken: Flask, logged_in: LoggedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = logged_in(broken.test_client())
    services = broken.extensions["kb"]

    def gone() -> None:
        raise OSError("the disk is gone")

    for way in ("read", "snapshot", "write"):
        monkeypatch.setattr(services.database, way, gone)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "系统出了点问题" in answer.text


def test_a_page_that_does_not_exist_says_so(client: FlaskClient, logged_in: LoggedIn) -> None:
    answer = logged_in(client).get("/no-such-page")
    assert answer.status_code == 404
    assert "没有找到这个页面" in answer.text


def test_a_wrong_method_names_the_right_ones(client: FlaskClient, logged_in: LoggedIn) -> None:
    answer = logged_in(client).get("/logout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_an_expired_form_tells_to_load_the_page_again(client: FlaskClient, logged_in: LoggedIn) -> None:
    answer = logged_in(client).post("/logout", data={"csrf_token": "stale"})
    assert answer.status_code == 400
    assert "这次提交没有生效" in answer.text
