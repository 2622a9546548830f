"""Attached files: sent as they are, never run by the browser, and shown as text with marks."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pages import fetch, words
from small_bank import FEE_TABLE, NOON, World
from sqlalchemy import select

from indexer.preview.viewer import SandboxedViewer
from kb.articles import RevisionText, add_revision, approve
from kb.attachments import NewFile, attach
from kb.database import Database
from kb.models import Article, Attachment
from kb.viewing import Cell, Row, Sheet
from web.attachments.tables import window
from web.wiring import Services

SAMPLES = Path(__file__).parents[2] / "data" / "sample" / "attachments"
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
    page = fetch(agent, f"/files/{fee_table}/preview?q=补卡工本费&view=text")
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


def test_a_sheet_is_a_table_with_the_searched_words_marked(agent: FlaskClient, fee_table: int) -> None:
    page = fetch(agent, f"/files/{fee_table}/preview?q=工本费")
    assert re.search(r"<mark>[^<]*工本费</mark></td><td>10元/张</td>", page)


def test_a_page_of_a_pdf_is_a_picture_that_leads_to_nothing_active(
    agent: FlaskClient, database: Database, world: World, catch_up: Callable[[], int]
) -> None:
    number = add_file(database, world, "today", "投诉.pdf", (SAMPLES / "complaint-flow.pdf").read_bytes())
    catch_up()
    page = fetch(agent, f"/files/{number}/preview?n=2")
    target = re.search(r'<li class="paper is-target" id="page-2">.*?</li>', page, re.S)
    assert target and f'src="/files/{number}/pages/2"' in target[0]
    assert "<details open>" in target[0] and "禁止行为" in target[0]
    with agent.get(f"/files/{number}/pages/2") as answer:
        assert (answer.mimetype, answer.data[8:12]) == ("image/webp", b"WEBP")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    fetch(agent, f"/files/{number}/pages/3", status=404)


def test_a_file_that_cannot_be_drawn_says_why_and_offers_the_download(
    agent: FlaskClient, database: Database, world: World
) -> None:
    number = add_file(database, world, "today", "坏.pdf", b"%PDF-1.7 broken")
    page = fetch(agent, f"/files/{number}/preview")
    assert "文件已损坏，无法预览" in words(page)
    assert f'href="/files/{number}" download' in page


def test_who_comes_while_too_many_files_are_drawn_reads_the_text_meanwhile(
    agent: FlaskClient, services: Services, home: Path, fee_table: int
) -> None:
    services.__dict__["viewer"] = SandboxedViewer(home / "none", seats=0)
    page = words(fetch(agent, f"/files/{fee_table}/preview"))
    assert "正在生成其他文件的预览" in page
    assert "补卡工本费 | 10元/张" in page
    with agent.get(f"/files/{fee_table}/pages/1") as answer:
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_file_of_another_moment_says_so_and_leads_back_to_that_moment(
    agent: FlaskClient, fee_table: int, world: World
) -> None:
    page = fetch(agent, f"/files/{fee_table}/preview?view=text&as_of=2026-11-21T10:00")
    assert "您正在查看 2026-11-21 10:00 时展示的内容" in words(page)
    assert f'href="/a/{world.articles["loss"]}?as_of=2026-11-21T10:00"' in page


def test_a_file_of_an_old_version_warns(
    agent: FlaskClient, database: Database, world: World, fee_table: int
) -> None:
    assert "不得据此答复客户" not in words(fetch(agent, f"/files/{fee_table}/preview?view=text"))
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        newer = add_revision(session, article, RevisionText(title="新版", source="正文"), NOON)
        approve(session, newer, NOON - timedelta(minutes=1))
    assert "不得据此答复客户" in words(fetch(agent, f"/files/{fee_table}/preview?view=text"))


def test_a_merged_cell_begins_anew_where_the_next_page_begins() -> None:
    rows = tuple(Row(number, (Cell(2, f"{number}"),)) for number in range(2, 500))
    sheet = Sheet("年费", (1, 2), (Row(1, (Cell(1, "合并", 250), Cell(2, "1"))), *rows))
    first, second = (window(sheet, page, None, lambda _text: ()) for page in (1, 2))
    assert [(cell.text, cell.rows) for cell in first.rows[0].cells] == [("合并", 200), ("1", 1)]
    assert [(cell.text, cell.rows) for cell in second.rows[0].cells] == [("合并", 50), ("201", 1)]
    assert [cell.text for cell in second.rows[1].cells] == ["202"]
    assert [cell.text for cell in second.rows[50].cells] == ["", "251"]


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
