"""From a remark on the phone to a better text, by the people it takes, and moderation by keyboard."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from browsing import arrive, barriers, reads, until
from sqlalchemy import select
from writing import ready

from kb.access import Actor
from kb.comments import NewComment, post
from kb.models import Article, Comment, Node, Person, Revision, Task
from kb.revisions import is_shown_at

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
SLUG = "personal-debit-loss"
SELECT = """words => {
  const walker = document.createTreeWalker(document.getElementById("body"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const start = walker.currentNode.data.indexOf(words);
    if (start < 0) continue;
    const range = document.createRange();
    range.setStart(walker.currentNode, start);
    range.setEnd(walker.currentNode, start + words.length);
    window.getSelection().removeAllRanges();
    window.getSelection().addRange(range);
    walker.currentNode.parentElement.scrollIntoView({ block: "center" });
    return true;
  }
  return false;
}"""


def article_id(site: Any, slug: str = SLUG) -> int:
    with site.services.database.read() as session:
        return session.scalars(select(Article.id).where(Article.external_id == slug)).one()


def passage(site: Any) -> str:
    """A sentence of the text in force that stands in one piece, in the source as well."""
    with site.services.database.read() as session:
        now = site.services.clock.now()
        revision = session.scalars(
            select(Revision).where(Revision.article_id == article_id(site), is_shown_at(now))
        ).one()
        sentences = [part for line in revision.text.splitlines() for part in line.split("。")]
        return next(part for part in sentences if 12 < len(part) < 50 and f"\n{part}" in revision.source)


def test_a_remark_on_a_passage_becomes_a_better_text_and_its_author_is_told(
    site: Any, open_page: OpenPage
) -> None:
    loss, words = article_id(site), passage(site)
    better_words = f"{words[:8]}，周末照常办理"
    remark = "这一段漏了周末的办理时间，客户常问。"

    agent = open_page(f"/a/{loss}")
    assert agent.evaluate(SELECT, words)
    agent.click(".pick-quote")
    agent.keyboard.press("Space")
    agent.fill("#comment-text", remark)
    agent.press("#comment-text", "Control+Enter")
    agent.wait_for_selector(f".said:has-text('{remark}')")
    assert "待审核" in agent.inner_text(f".said:has-text('{remark}')")
    assert agent.inner_text(".is-fresh .comment-quote span") == words
    assert words in "".join(agent.locator(".quoted").all_inner_texts())

    reviewer = open_page("/moderate/comments", role="reviewer")
    row = reviewer.locator(".moderation-row", has_text=remark)
    row.locator("input[name=id]").check()
    reviewer.keyboard.press("a")
    reviewer.wait_for_selector(".moderation-row.is-done:has-text('已通过 1 条')")

    publisher = open_page("/tasks", role="publisher")
    publisher.click(f"#tasks li:has-text('{remark}') a")
    arrive(publisher, "#task-title")
    publisher.keyboard.press("e")
    publisher.wait_for_url(f"**/a/{loss}/edit?task=*")
    ready(publisher)
    assert remark in publisher.inner_text("#editor-notices")

    source = publisher.input_value("#field-source")
    publisher.fill("#field-source", source.replace(words, better_words))
    publisher.fill("#field-change", "补充周末办理")
    publisher.click("#submit-draft")
    until(publisher, "() => !document.getElementById('field-source')")
    with site.services.database.read() as session:
        comment = session.scalars(select(Comment).where(Comment.text == remark)).one()
        draft_id = session.scalars(select(Task.revision_id).where(Task.comment_id == comment.id)).one()

    reviewer.goto(f"{site.url}/reviews/{draft_id}")
    assert remark in reviewer.inner_text("[data-answered]")
    reviewer.click("#approve-form [type=submit]")
    until(reviewer, "() => !document.getElementById('approve-form')")

    agent.goto(f"{site.url}/notifications")
    line = agent.locator(".notices-list li", has_text="您的评论已改进知识").first
    line.locator("a").click()
    agent.wait_for_selector(f"#comment-{comment.id}")
    shown = agent.inner_text(f"#comment-{comment.id}")
    assert "已改进" in shown
    assert "可能已解决" in shown
    assert better_words in agent.inner_text("#body")


def ask(site: Any, count: int, slug: str = "card-replacement") -> list[int]:
    """Comments of different people that wait for a moderator; returns their ids."""
    with site.services.database.write() as session:
        people = session.scalars(select(Person).where(Person.username.startswith("seat")).limit(count)).all()
        return [
            post(
                session,
                Actor.of(person),
                article_id(site, slug),
                1,
                NewComment("question", f"键盘审核第 {number} 条"),
                site.services.clock.now(),
                site.services.zone,
            ).id
            for number, person in enumerate(people)
        ]


def states(site: Any, ids: list[int]) -> set[str]:
    with site.services.database.read() as session:
        return set(session.scalars(select(Comment.state).where(Comment.id.in_(ids))))


def test_a_moderator_decides_on_a_range_by_keyboard_and_takes_it_back(site: Any, open_page: OpenPage) -> None:
    ids = ask(site, 3)
    with site.services.database.read() as session:
        node = session.scalars(
            select(Node.id)
            .join(Article, Article.node_id == Node.id)
            .where(Article.external_id == "card-replacement")
        ).one()
    page = open_page(f"/moderate/comments?node={node}", role="reviewer")
    assert page.locator(".moderation-row").count() == 3
    page.keyboard.press("x")
    page.keyboard.press("Shift+J")
    page.keyboard.press("Shift+J")
    reads(page, "[data-selected-count]", "已选 3 条")
    # As long as the clock stands, the decision can be taken back.
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    page.keyboard.press("a")
    page.wait_for_selector(".is-done:has-text('已通过 3 条')")
    assert states(site, ids) == {"visible"}
    page.keyboard.press("u")
    page.wait_for_selector(".toast-line:has-text('已撤销 3 条')")
    assert states(site, ids) == {"pending"}
    assert page.locator(".moderation-row:not(.is-done)").count() == 3
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("r")
    page.wait_for_selector(".toast-line:has-text('请选择或填写理由')")
    page.select_option("[name=template]", index=1)
    page.press("[name=template]", "Enter")
    page.wait_for_selector(".is-done:has-text('已拒绝 1 条')")
    assert states(site, ids) == {"pending", "rejected"}


def test_one_key_says_useful_and_two_say_what_needs_work(site: Any, open_page: OpenPage) -> None:
    page = open_page(f"/a/{article_id(site, 'card-annual-fee')}")
    page.keyboard.press("+")
    until(page, "() => document.querySelector('[data-feedback-said]').textContent.includes('有用')")
    page.keyboard.press("-")
    page.wait_for_selector(".feedback-why[open]")
    page.keyboard.press("3")
    until(page, "() => document.querySelector('[data-feedback-said]').textContent.includes('责任部门')")
    page.reload()
    reads(page, "[data-feedback-said]", "您已反馈：看不懂")


def test_a_colleague_is_mentioned_by_a_few_characters(site: Any, open_page: OpenPage) -> None:
    page = open_page(f"/a/{article_id(site)}")
    page.click("#comment-text")
    page.keyboard.type("请 @赵")
    page.wait_for_selector("#mention-list [role=option]")
    page.keyboard.press("Enter")
    assert page.input_value("#comment-text") == "请 @赵立群 "


def test_what_was_typed_survives_a_refusal_and_a_reload(site: Any, open_page: OpenPage) -> None:
    page = open_page(f"/a/{article_id(site)}", expected_faults=("422",))
    page.check(".comment-kinds [value=error]")
    page.fill("#comment-text", "长" * 1400)
    page.click("#comment-form [type=submit]")
    page.wait_for_selector("#comments [role=alert]")
    assert "4 KB" in page.inner_text("#comments [role=alert]")
    assert page.input_value("#comment-text") == "长" * 1400
    page.reload()
    assert page.input_value("#comment-text") == "长" * 1400


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_of_comments_have_no_barriers_and_fit_a_phone(
    site: Any, open_page: OpenPage, theme: str
) -> None:
    loss = article_id(site)
    with site.services.database.read() as session:
        task = session.scalars(select(Task.id).where(Task.article_id == loss).limit(1)).one()
    page = open_page("/moderate/comments", role="manager", color_scheme=theme)
    for path in (
        "/moderate/comments",
        "/moderate/rules",
        "/tasks",
        f"/tasks/{task}",
        "/points?period=year",
        "/feedback",
        "/comments/mine",
        f"/a/{loss}/comments",
    ):
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{site.url}{path}")
        assert barriers(page) == [], path
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
