"""Required reading in a real browser: asked on the home page, confirmed, asked again with what changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from browsing import arrive, focused, until
from sqlalchemy import select

from kb.articles import RevisionText, Wording, add_revision, approve, create_article
from kb.models import Article, Department, Node, Person

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
TITLE = "必读试验：补卡收费口径"


def person(session: Any, username: str) -> int:
    found: int = session.scalars(select(Person.id).where(Person.username == username)).one()
    return found


def approve_text(site: Any, article_id: int | None, body: str, words: str) -> int:
    """Approve a text of the publisher by the reviewer, as the next version or as a new article."""
    now = site.services.clock.now() - timedelta(seconds=1)
    with site.services.database.write() as session:
        if article_id is None:
            node = session.scalars(select(Node)).first()
            owner = session.scalars(select(Department).where(Department.code == "retail")).one()
            article = create_article(session, node, owner, now)
        else:
            article = session.get_one(Article, article_id)
        text = RevisionText(title=TITLE, source=body, wording=(Wording("补卡", words),))
        author, reviewer = person(session, "publisher"), person(session, "reviewer")
        approve(session, add_revision(session, article, text, now, author_id=author), now, reviewer)
        return article.id


def test_the_loop_of_required_reading(open_page: OpenPage, site: Any) -> None:
    article = approve_text(site, None, "补卡工本费每张 15 元。", "补卡工本费为每张十五元。")

    # The publisher makes it required reading for agents.
    publisher = open_page(f"/announcements/new?article={article}", role="publisher")
    assert publisher.is_checked("[name=required]")
    publisher.select_option("[name=role]", "agent")
    publisher.fill("[name=due]", (site.services.clock.now() + timedelta(days=3)).strftime("%Y-%m-%d"))
    publisher.click("button:has-text('发布'):not([type=button])")
    arrive(publisher, "#announcement-title")
    roster = publisher.url + "/roster"

    # The agent finds it on the home page, without anything standing in the way of a search.
    agent = open_page("/", role="agent")
    focused(agent, "#q")
    assert agent.query_selector("dialog[open]") is None
    until(agent, "() => document.querySelector('[data-count=announcements]').textContent !== ''")
    agent.click(f".strip-notices a.button:has-text('{TITLE}')")
    arrive(agent, "#confirm")
    assert "补卡工本费每张 15 元" in agent.inner_text("article")
    assert agent.query_selector("#changes") is None
    agent.click("#confirm")
    agent.wait_for_selector("text=您已确认 V1。")
    agent.goto(f"{site.url}/")
    assert agent.query_selector(f".strip-notices :text('{TITLE}')") is None

    # A material change asks again, on the article too, and shows what is different for this reader.
    approve_text(site, article, "补卡工本费每张 10 元。", "补卡工本费为每张十元。")
    agent.goto(f"{site.url}/a/{article}")
    assert "V2 有实质变更，您确认过的是 V1。" in agent.inner_text(".ask")
    agent.click(".ask a:has-text('查看变化')")
    arrive(agent, "#changes")
    changes = agent.inner_text("#changes")
    assert "自您上次阅读（V1）以来的变化" in changes
    gone = [item.inner_text() for item in agent.query_selector_all("#changes del")]
    come = [item.inner_text() for item in agent.query_selector_all("#changes ins")]
    assert any("5" in words for words in gone)
    assert any("0" in words for words in come)

    # Until the agent confirms again, the roster says so.
    publisher.goto(roster)
    row = "tr:has-text('李晓雯')"
    assert "未确认" in publisher.inner_text(row) and "V1" in publisher.inner_text(row)
    agent.click("#confirm")
    agent.wait_for_selector("text=您已确认 V2。")
    publisher.reload()
    assert "已确认" in publisher.inner_text(row) and "V2" in publisher.inner_text(row)
