"""The briefcase in a browser: F and Enter, folders by keyboard alone, dragging, a successor taken over."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from browsing import arrive, focused, reads
from sqlalchemy import select

from kb.database import Database
from kb.models import Article, BriefcaseItem, Revision
from kb.revisions import settle

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


def keep_first_hit(page: Any, folder: str = "") -> str:
    title = str(page.inner_text("#hits > .hit.on .hit-link"))
    page.keyboard.press("f")
    page.wait_for_selector(".keep-dialog[open]")
    if folder:
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        page.keyboard.type(folder)
    page.keyboard.press("Enter")
    # The message says so in the same step in which the form closes.
    page.wait_for_selector(".keep-dialog:not([open])", state="attached")
    page.wait_for_selector(".toast-line")
    return title


def test_f_and_enter_put_a_result_into_the_last_folder(open_page: OpenPage) -> None:
    page = open_page("/search?q=挂失", role="publisher")
    first = keep_first_hit(page, "挂失常用")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    second = keep_first_hit(page)
    assert first != second
    page.click(".toast-line a")
    arrive(page, "#kept")
    assert page.inner_text("#case-title span") == "挂失常用"
    assert {link.inner_text() for link in page.query_selector_all("#kept .hit-link")} == {first, second}


def test_folders_are_made_renamed_nested_and_opened_with_the_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("/briefcase", role="manager")
    for name in ("甲夹", "乙夹"):
        page.goto(page.url.split("?")[0])
        page.keyboard.press("n")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        arrive(page, f"#cases a[data-name='{name}']")
    page.goto(page.url.split("?")[0])
    page.focus("#cases ul a")
    focused(page, "#cases a")
    for _step in range(page.locator("#cases ul a").count()):
        if page.evaluate("document.activeElement.dataset.name || ''") == "乙夹":
            break
        page.keyboard.press("ArrowDown")
    focused(page, "#cases a[data-name='乙夹']")
    page.keyboard.press("F2")
    page.keyboard.type("丙夹")
    page.keyboard.press("Enter")
    arrive(page, "#cases a[data-name='丙夹']")
    focused(page, "#cases a[data-name='丙夹']")
    page.keyboard.press("Alt+ArrowRight")
    arrive(page, ".case-depth-2 a[data-name='丙夹']")
    focused(page, ".case-depth-2 a[data-name='丙夹']")
    page.keyboard.press("Enter")
    reads(page, "#case-title span", "丙夹")


def test_a_thing_is_dragged_into_a_folder(open_page: OpenPage) -> None:
    page = open_page("/search?q=挂失", role="reviewer")
    keep_first_hit(page)
    page.goto(page.url.split("/search")[0] + "/briefcase")
    page.fill("#case-name", "拖到这里")
    page.keyboard.press("Enter")
    arrive(page, "#cases a[data-name='拖到这里']")
    page.click("#cases a[data-drop='']")
    arrive(page, "#kept > .hit")
    page.drag_and_drop("#kept > .hit .hit-foot .meta", "#cases a[data-name='拖到这里']")
    # The page is loaded anew once the server has moved it.
    reads(page, "#cases a[data-name='拖到这里'] i", "1")


def test_a_superseded_article_is_replaced_by_its_successor_with_a_key(open_page: OpenPage, site: Any) -> None:
    page = open_page("/search?q=借记卡", role="admin")
    title = keep_first_hit(page)
    database: Database = site.services.database
    with database.write() as session:
        item = session.scalars(select(BriefcaseItem).order_by(BriefcaseItem.id.desc())).first()
        assert item is not None
        other = session.scalars(
            select(Article.id)
            .where(Article.id != item.article_id, Article.access_key == "", Article.withdrawn_at.is_(None))
            .join(Revision, Revision.article_id == Article.id)
            .where(Revision.shown_to.is_(None), Revision.shown_from < datetime.now(UTC))
        ).first()
        article = session.get_one(Article, item.article_id)
        article.withdrawn_at, article.successor_id = datetime.now(UTC), other
        settle(article)
    page.goto(page.url.split("/search")[0] + "/briefcase")
    arrive(page, ".kept-successor")
    successor = page.inner_text(".kept-successor a")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("r")
    reads(page, "#kept .hit-link", successor)
    page.wait_for_load_state()
    assert title != successor
    assert page.query_selector(".kept-successor") is None
    with database.write() as session:
        restored = session.get_one(Article, article.id)
        restored.withdrawn_at = restored.successor_id = None
        settle(restored)
