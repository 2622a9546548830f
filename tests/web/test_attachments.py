"""Attached files: sent as they are, never run by the browser, and shown as text with marks."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from pages import fetch, words
from small_bank import FEE_TABLE, NOON, World
from sqlalchemy import select

from kb.articles import RevisionText, add_revision, approve
from kb.attachments import NewFile, attach
from kb.database import Database
from kb.models import Article, Attachment

LoggedIn = Callable[..., FlaskClient]


@pytest.fixture
def agent(client: FlaskClient, logged_in: LoggedIn) -> FlaskClient:
    """An agent's browser."""
    return logged_in(client, "agent")


@pytest.fixture
def fee_table(database: Database) -> int:
    """The id of the fee table attached to the article on lost cards."""
    with database.read() as session:
        return session.scalars(select(Attachment.id).where(Attachment.name == "收费标准.csv")).one()


def add_file(database: Database, world: World, article: str, name: str, data: bytes) -> int:
    """Attach a file to a new revision and return its id."""
    with database.write() as session:
        found = session.get_one(Article, world.articles[article])
        revision = add_revision(session, found, RevisionText(title="附件测试", source="正文"), NOON)
        attachment = attach(session, revision, NewFile(name, data), 0, NOON)
        approve(session, revision, NOON - timedelta(minutes=1))
        return attachment.id


def test_a_file_is_sent_whole_under_its_own_name(agent: FlaskClient, fee_table: int) -> None:
    with agent.get(f"/files/{fee_table}") as answer:
        assert answer.data == FEE_TABLE.encode()
        assert answer.headers["Content-Disposition"] == (
            "attachment; filename*=UTF-8''%E6%94%B6%E8%B4%B9%E6%A0%87%E5%87%86.csv"
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.content_length == len(FEE_TABLE.encode())


def test_a_name_cannot_break_out_of_its_header(agent: FlaskClient, database: Database, world: World) -> None:
    number = add_file(database, world, "today", 'a"; filename=evil.html\r\nX-Bad: 1.txt', b"x")
    with agent.get(f"/files/{number}") as answer:
        assert "X-Bad" not in answer.headers
        assert '"' not in answer.headers["Content-Disposition"]


def test_a_file_larger_than_a_chunk_arrives_unchanged(
    agent: FlaskClient, database: Database, world: World
) -> None:
    data = bytes(range(256)) * 10_000
    number = add_file(database, world, "today", "大文件.zip", data)
    with agent.get(f"/files/{number}") as answer:
        assert answer.data == data


def test_the_text_of_a_file_is_shown_with_the_searched_words_marked(
    agent: FlaskClient, fee_table: int
) -> None:
    page = fetch(agent, f"/files/{fee_table}/preview?q=补卡工本费")
    assert "<mark>" in page
    assert "补卡工本费 | 10元/张" in words(page)


def test_the_row_of_a_hit_is_the_target(agent: FlaskClient, fee_table: int) -> None:
    page = fetch(agent, f"/files/{fee_table}/preview?n=2")
    row = re.search(r'<tr id="target".*?</tr>', page, re.S)
    assert row and "正式挂失手续费" in words(row[0])


def test_a_file_that_waits_for_extraction_says_so(
    agent: FlaskClient, database: Database, world: World
) -> None:
    number = add_file(database, world, "today", "说明.txt", "说明".encode())
    assert "正在提取文字" in words(fetch(agent, f"/files/{number}/preview"))
    assert "正在提取文字" in words(fetch(agent, f"/a/{world.articles['today']}"))


def test_a_broken_file_is_reported_on_the_article(
    agent: FlaskClient, database: Database, world: World, catch_up: Callable[[], int]
) -> None:
    add_file(database, world, "today", "坏文件.docx", b"PK\x03\x04 not a zip")
    catch_up()
    page = fetch(agent, f"/a/{world.articles['today']}")
    note = re.search(r'<span class="file-note"[^>]*>(.*?)</span>', page, re.S)
    assert note and words(note[1]).strip()


def test_long_files_come_in_pages_and_a_hit_opens_the_right_one(
    agent: FlaskClient, database: Database, world: World, catch_up: Callable[[], int]
) -> None:
    rows = "".join(f"第{number}项,{number}元\n" for number in range(1, 461))
    number = add_file(database, world, "today", "长表.csv", rows.encode())
    catch_up()
    assert "第1项" in words(fetch(agent, f"/files/{number}/preview"))
    far = fetch(agent, f"/files/{number}/preview?n=450")
    assert "第450项" in words(far)
    assert "第1项 |" not in words(far)


def test_files_of_hidden_articles_do_not_exist(agent: FlaskClient, database: Database, world: World) -> None:
    number = add_file(database, world, "restricted", "机密.txt", b"secret")
    fetch(agent, f"/files/{number}", status=404)
    fetch(agent, f"/files/{number}/preview", status=404)


@pytest.mark.parametrize("path", ["/files/99999999", "/files/99999999999999999999/preview", "/files/x"])
def test_an_unknown_file_is_a_plain_404(agent: FlaskClient, path: str) -> None:
    fetch(agent, path, status=404)


@pytest.mark.parametrize("query", ["n=x", "n=-5", "n=99999999999999999999", "page=9999", "label=%00"])
def test_a_strange_address_still_shows_the_file(agent: FlaskClient, fee_table: int, query: str) -> None:
    assert "收费标准.csv" in fetch(agent, f"/files/{fee_table}/preview?{query}")
