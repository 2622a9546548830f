"""Copied wording in a real browser: it is recorded, and words out of force are not given out."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from kb.articles import RevisionText, Wording, add_revision, approve, create_article
from kb.models import Article, Copy, Department, Node, Person
from kb.revisions import settle

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
CLIPBOARD = ["clipboard-read", "clipboard-write"]


@pytest.fixture
def article(site: Any) -> int:
    """An article with two versions; the second is in force."""
    now = site.services.clock.now()
    with site.services.database.write() as session:
        node = session.scalars(select(Node)).first()
        owner = session.scalars(select(Department)).first()
        author, reviewer = (
            session.scalars(select(Person.id).where(Person.username == name)).one()
            for name in ("publisher", "reviewer")
        )
        found = create_article(session, node, owner, now)
        for number, words in ((2, "补卡收十五元。"), (1, "补卡收十元。")):
            at = now - timedelta(days=number)
            text = RevisionText(title="复制试验", source="正文。", wording=(Wording("补卡", words),))
            approve(session, add_revision(session, found, text, at, author_id=author), at, reviewer)
        return found.id


def toast(page: Any) -> str:
    return str(page.wait_for_selector(".toast-line span").inner_text())


def clipboard(page: Any) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def recorded(site: Any, article: int, count: int) -> list[tuple[str, str, int | None]]:
    """Wait for so many records of an article and return (user name, call, block) of each."""
    deadline = time.monotonic() + 30
    while True:
        with site.services.database.read() as session:
            rows = session.execute(
                select(Person.username, Copy.call_id, Copy.block)
                .join(Person, Person.id == Copy.person_id)
                .where(Copy.article_id == article)
                .order_by(Copy.id)
            ).all()
        if len(rows) >= count or time.monotonic() > deadline:
            return [tuple(row) for row in rows]
        time.sleep(0.05)


def test_a_copy_is_recorded_for_the_call_the_page_was_opened_for(
    open_page: OpenPage, site: Any, article: int
) -> None:
    page = open_page(f"/a/{article}?call=call-8812", permissions=CLIPBOARD)
    page.keyboard.press("c")
    assert toast(page) == "已复制对外口径（V2），记入来电 call-8812"
    assert clipboard(page) == "补卡收十元。"
    assert recorded(site, article, 1) == [("agent", "call-8812", 1)]


def test_a_report_that_did_not_arrive_is_sent_by_the_next_page(
    open_page: OpenPage, site: Any, article: int
) -> None:
    page = open_page(f"/a/{article}", permissions=CLIPBOARD, expected_faults=("ERR_FAILED",))
    page.route("**/copied", lambda route: route.abort())
    page.keyboard.press("c")
    toast(page)
    assert clipboard(page) == "补卡收十元。"
    assert recorded(site, article, 0) == []
    page.unroute("**/copied")
    page.goto(f"{site.url}/")
    assert recorded(site, article, 1) == [("agent", "", 1)]


def test_an_old_version_gives_out_the_words_in_force_instead_of_its_own(
    open_page: OpenPage, site: Any, article: int
) -> None:
    page = open_page(f"/a/{article}/v/1", permissions=CLIPBOARD)
    page.evaluate("navigator.clipboard.writeText('之前')")
    page.click(".say [data-copy]")
    assert toast(page) == "这条口径已更新为 V2，旧版未复制"
    assert clipboard(page) == "之前"
    page.click(".toast-line button:has-text('复制现行口径 V2')")
    page.wait_for_selector("text=已复制对外口径（V2）")
    assert clipboard(page) == "补卡收十元。"
    assert recorded(site, article, 1) == [("agent", "", 1)]


def test_an_article_withdrawn_while_it_was_open_gives_out_nothing(
    open_page: OpenPage, site: Any, article: int
) -> None:
    page = open_page(f"/a/{article}", permissions=CLIPBOARD)
    page.evaluate("navigator.clipboard.writeText('之前')")
    with site.services.database.write() as session:
        found = session.get_one(Article, article)
        found.withdrawn_at = site.services.clock.now()
        settle(found)
    page.keyboard.press("c")
    assert toast(page) == "这条知识已废止，未复制"
    assert clipboard(page) == "之前"
    assert recorded(site, article, 0) == []
