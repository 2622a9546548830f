"""A page that is open turns to the new version when its minute comes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from kb.articles import RevisionText, add_revision, approve
from kb.models import Article, Revision
from kb.revisions import is_shown_at

pytestmark = pytest.mark.browser


def test_an_open_page_turns_to_the_new_version_and_keeps_what_is_being_typed(
    open_page: Callable[..., Any], site: Any
) -> None:
    at = site.services.clock.now()
    with site.services.database.write() as session:
        shown = session.scalars(
            select(Revision)
            .join(Article, Article.id == Revision.article_id)
            .where(is_shown_at(at), Article.access_key == "", Revision.effective_to.is_(None))
            .order_by(Revision.id.desc())
            .limit(1)
        ).one()
        article_id, number = shown.article_id, shown.number
        text = RevisionText(
            f"{shown.title}（新）", "换新之后的正文。", effective_from=at + timedelta(minutes=2)
        )
        article = session.get_one(Article, article_id)
        approve(session, add_revision(session, article, text, at), at)
    page = open_page("/")
    page.clock.install()
    page.goto(f"{site.url}/a/{article_id}")
    # The page has asked how things stand, and its timer runs: time may pass now.
    page.wait_for_load_state("networkidle")
    assert "换新之后的正文" not in page.inner_text(".article")
    page.fill("#q", "正在输入的问题")
    page.focus("#q")
    # A few seconds before its minute the page learns how long it takes, and then waits by itself.
    site.pass_time(page, at + timedelta(minutes=2) - site.services.clock.now() - timedelta(seconds=2))
    page.wait_for_selector("text=换新之后的正文。")
    assert site.services.clock.now() >= at + timedelta(minutes=2)
    assert f"由 V{number} 更新为 V" in page.inner_text(".article-turned")
    assert page.input_value("#q") == "正在输入的问题"
    assert page.evaluate("document.activeElement.id") == "q"
    assert "（新）" in page.title()
