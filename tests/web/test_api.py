"""The interface for programs: the same rules and the same four eyes as the pages."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from small_bank import NOON, World

from kb.clock import FixedClock
from kb.database import Database
from kb.models import AuditEvent, Person
from kb.tokens import TokenScope, issue, revoke

Ask = Callable[..., object]


class Program:
    """A program that calls the interface with one person's token."""

    def __init__(self, client: FlaskClient, secret: str) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {secret}"}

    def __call__(self, method: str, path: str, sent: object = None, status: int = 200, **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self._client.open(
            f"/api/v1{path}", method=method, json=sent, headers={**self._headers, **named}
        )
        assert answer.status_code == status, answer.text
        return answer

    def raw(self, path: str, body: bytes, kind: str, **headers: str):
        """Send bytes as they are."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._client.post(
            f"/api/v1{path}", data=body, content_type=kind, headers={**self._headers, **named}
        )

    def upload(self, path: str, *files: tuple[str, bytes], status: int = 201, **headers: str):
        """Send files as a form."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        form = {"file": [(io.BytesIO(data), name) for name, data in files]}
        answer = self._client.post(f"/api/v1{path}", data=form, headers={**self._headers, **named})
        assert answer.status_code == status, answer.text
        return answer


@pytest.fixture
def program(app: Flask, database: Database, world: World) -> Callable[..., Program]:
    def make(role: str, *scopes: TokenScope) -> Program:
        with database.write() as session:
            person = session.get_one(Person, world.people[role])
            _row, secret = issue(session, person, "测试", scopes or tuple(TokenScope), 30, NOON)
        return Program(app.test_client(), secret)

    return make


def draft_of(program: Program, article_id: int, **changes: object) -> tuple[int, str]:
    """Open and change a draft; return its number and its ETag."""
    opened = program("POST", f"/articles/{article_id}/draft", status=201)
    number, etag = opened.json["id"], opened.headers["ETag"]
    saved = program("PUT", f"/drafts/{number}", changes, If_Match=etag)
    return number, saved.headers["ETag"]


def test_a_program_publishes_what_another_person_approves(
    program: Callable[..., Program], world: World, clock: FixedClock
) -> None:
    author, approver = program("publisher"), program("reviewer")
    article_id = world.articles["loss"]
    number, etag = draft_of(author, article_id, source="工本费 6 元/张。", change_summary="降价")
    sealed = author("POST", f"/drafts/{number}/submit", {}, If_Match=etag).json["content_hash"]
    starts = (NOON + timedelta(minutes=1)).isoformat()
    approver("POST", f"/drafts/{number}/approve", {"content_hash": sealed, "effective_from": starts})
    assert author("GET", f"/articles/{article_id}").json["revision"]["number"] == 2
    clock.at = NOON + timedelta(minutes=1)
    assert author("GET", f"/articles/{article_id}").json["revision"]["source"] == "工本费 6 元/张。"
    then = author("GET", f"/articles/{article_id}?as_of={NOON.strftime('%Y-%m-%dT%H:%M')}Z")
    assert then.json["revision"]["number"] == 2


def test_nobody_approves_their_own_draft_through_the_interface(
    program: Callable[..., Program], world: World
) -> None:
    author = program("publisher")
    number, etag = draft_of(author, world.articles["loss"], change_summary="改")
    sealed = author("POST", f"/drafts/{number}/submit", {}, If_Match=etag).json["content_hash"]
    author("POST", f"/drafts/{number}/approve", {"content_hash": sealed}, status=403)
    program("admin")("POST", f"/drafts/{number}/approve", {"content_hash": sealed}, status=403)


def test_only_what_was_seen_is_approved(program: Callable[..., Program], world: World) -> None:
    author, approver = program("publisher"), program("reviewer")
    number, etag = draft_of(author, world.articles["loss"], change_summary="改")
    author("POST", f"/drafts/{number}/submit", {}, If_Match=etag)
    approver("POST", f"/drafts/{number}/approve", {"content_hash": "0" * 64}, status=409)


def test_a_save_over_somebody_elses_is_refused_and_gives_back_what_is_stored(
    program: Callable[..., Program], world: World
) -> None:
    author = program("publisher")
    opened = author("POST", f"/articles/{world.articles['loss']}/draft", status=201)
    number, etag = opened.json["id"], opened.headers["ETag"]
    author("PUT", f"/drafts/{number}", {"title": "先到的标题"}, If_Match=etag)
    late = author("PUT", f"/drafts/{number}", {"title": "后到的标题"}, status=412, If_Match=etag)
    assert late.json["stored"]["title"] == "先到的标题"
    author("PUT", f"/drafts/{number}", {"title": "没有说读到什么"}, status=428)


def test_a_repeated_request_with_one_key_happens_once(program: Callable[..., Program], world: World) -> None:
    author = program("publisher")
    sent = {
        "title": "新知识",
        "source": "正文。",
        "node_id": world.nodes["personal/deposit"],
        "owner_department_id": world.departments["retail"],
    }
    first = author("POST", "/articles", sent, status=201, Idempotency_Key="once")
    second = author("POST", "/articles", sent, status=201, Idempotency_Key="once")
    assert first.json == second.json
    author("POST", "/articles", {**sent, "title": "别的"}, status=422, Idempotency_Key="once")


def test_without_a_valid_token_there_is_nothing(
    app: Flask, program: Callable[..., Program], database: Database, world: World
) -> None:
    assert app.test_client().get("/api/v1/drafts").status_code == 401
    with database.write() as session:
        person = session.get_one(Person, world.people["publisher"])
        row, secret = issue(session, person, "将撤销", [TokenScope.READ], 30, NOON)
        revoke(session, row.id, NOON)
    Program(app.test_client(), secret)("GET", "/drafts", status=401)


def test_a_token_gives_no_more_than_it_was_issued_for(program: Callable[..., Program], world: World) -> None:
    reader = program("publisher", TokenScope.READ)
    reader("GET", "/drafts")
    reader("POST", f"/articles/{world.articles['loss']}/draft", status=403)


def test_a_token_gives_no_more_than_its_person_may(program: Callable[..., Program], world: World) -> None:
    agent = program("agent")
    agent("POST", f"/articles/{world.articles['loss']}/draft", status=403)
    agent("GET", f"/articles/{world.articles['restricted']}", status=404)


def test_a_withdrawn_article_names_its_successor_and_the_audit_log_who_did_it(
    program: Callable[..., Program], world: World, database: Database
) -> None:
    reviewer = program("reviewer")
    sent = {"reason": "并入新口径", "successor_id": world.articles["loss"]}
    reviewer("POST", f"/articles/{world.articles['today']}/withdraw", sent)
    found = reviewer("GET", f"/articles/{world.articles['today']}").json
    assert (found["status"], found["successor_id"]) == ("withdrawn", world.articles["loss"])
    with database.read() as session:
        event = session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
        assert event is not None
        assert (event.action, event.reason) == ("article.withdraw", "并入新口径")


def test_bad_values_are_named_by_field(program: Callable[..., Program], world: World) -> None:
    author = program("publisher")
    opened = author("POST", f"/articles/{world.articles['loss']}/draft", status=201)
    sent = {"title": 5, "effective_from": "gestern", "format": "docx"}
    answer = author("PUT", f"/drafts/{opened.json['id']}", sent, status=422, If_Match=opened.headers["ETag"])
    assert set(answer.json["errors"]) == {"title", "effective_from", "format"}


def test_files_are_attached_listed_and_taken_off_in_the_state_that_was_read(
    program: Callable[..., Program], world: World
) -> None:
    author = program("publisher")
    number, etag = draft_of(author, world.articles["loss"], change_summary="附件")
    place = f"/drafts/{number}/files"
    added = author.upload(place, ("甲.txt", "甲".encode()), ("乙.csv", b"1,2\n" * 2_400_000), If_Match=etag)
    assert [file["name"] for file in added.json["files"]] == ["收费标准.csv", "甲.txt", "乙.csv"]
    author.upload(place, ("迟到.txt", b"x"), status=412, If_Match=etag)
    author.upload(place, ("没说读到什么.txt", b"x"), status=428)
    listed = author("GET", place)
    assert listed.headers["ETag"] == added.headers["ETag"]
    assert [file["text"] for file in listed.json["files"]] == ["ok", "waiting", "waiting"]
    first = listed.json["files"][0]["id"]
    left = author("DELETE", f"{place}/{first}", status=200, If_Match=listed.headers["ETag"])
    assert [file["name"] for file in left.json["files"]] == ["甲.txt", "乙.csv"]
    assert left.json["content_hash"] != added.json["content_hash"]


def test_files_that_no_page_takes_are_not_taken_from_programs_and_none_of_a_form_stays(
    program: Callable[..., Program], world: World
) -> None:
    author = program("publisher")
    number, etag = draft_of(author, world.articles["loss"], change_summary="附件")
    place = f"/drafts/{number}/files"
    refused = author.upload(place, ("好.txt", b"x"), ("坏.pdf", b"MZ\x90"), status=422, If_Match=etag)
    assert "可执行程序" in refused.json["title"]
    author.upload(place, ("脚本.exe", b"MZ"), status=422, If_Match=etag)
    author.upload(place, status=422, If_Match=etag)
    assert len(author("GET", place).json["files"]) == 1


def test_files_of_a_draft_are_nobody_elses(program: Callable[..., Program], world: World) -> None:
    author, reader = program("publisher"), program("agent")
    number, etag = draft_of(author, world.articles["loss"], change_summary="附件")
    place = f"/drafts/{number}/files"
    reader("GET", place, status=404)
    reader.upload(place, ("甲.txt", b"x"), status=404, If_Match=etag)
    file = author("GET", place).json["files"][0]["id"]
    reader("DELETE", f"{place}/{file}", status=404, If_Match=etag)
    program("publisher", TokenScope.READ).upload(place, ("甲.txt", b"x"), status=403, If_Match=etag)


def test_a_repeated_upload_with_one_key_happens_once(program: Callable[..., Program], world: World) -> None:
    author = program("publisher")
    number, etag = draft_of(author, world.articles["loss"], change_summary="附件")
    place = f"/drafts/{number}/files"
    body = b"--x\r\nContent-Disposition: form-data; name=file; filename=a.txt\r\n\r\na\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    answers = [author.raw(place, body, kind, If_Match=etag, Idempotency_Key="once") for _time in range(2)]
    assert answers[0].json == answers[1].json
    assert len(answers[0].json["files"]) == 2
