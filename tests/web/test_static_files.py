"""Style sheets, scripts and icons: cached for good, yet replaced at once by a release."""

import re
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from web.static_files import install, tree_version


def site(folder: Path) -> FlaskClient:
    """A small application serving a folder."""
    app = Flask("site", static_folder=None)
    install(app, folder)
    return app.test_client()


def address(client: FlaskClient, name: str) -> str:
    """The address under which pages name a file."""
    with client.application.test_request_context():
        from flask import url_for

        return url_for("static", filename=name)


def test_a_file_under_its_versioned_address_is_cached_for_a_year(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    client = site(tmp_path)
    answer = client.get(address(client, "a.css"))
    assert answer.text == "a{}"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_changed_file_changes_the_address(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    before = address(site(tmp_path), "a.css")
    (tmp_path / "a.css").write_text("b{}")
    assert address(site(tmp_path), "a.css") != before


def test_a_page_of_the_former_release_gets_the_file_but_may_not_keep_it(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    answer = site(tmp_path).get("/static/0123456789ab/a.css")
    assert answer.status_code == 200
    assert "immutable" not in answer.headers["Cache-Control"]
    assert "no-cache" in answer.headers["Cache-Control"]


def test_a_renamed_file_changes_the_version(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a{}")
    before = tree_version(tmp_path)
    (tmp_path / "a.css").rename(tmp_path / "b.css")
    assert tree_version(tmp_path) != before


def test_nothing_outside_the_folder_is_served(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "secret.key").write_text("secret")
    client = site(tmp_path / "static")
    assert client.get("/static/x/../secret.key").status_code == 404
    assert client.get("/static/x/%2e%2e/secret.key").status_code == 404


def test_every_file_that_the_login_page_names_is_there(client: FlaskClient) -> None:
    text = client.get("/login").text
    named = re.findall(r'(?:src|href)="(/static/[^"#]+)', text)
    assert len(named) >= 4
    assert {client.get(path).status_code for path in named} == {200}


def test_files_are_served_without_asking_for_a_login_or_the_database(client: FlaskClient) -> None:
    answer = client.get(address(client, "vendor/echarts.min.js"))
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
