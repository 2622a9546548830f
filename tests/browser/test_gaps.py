"""From nothing found to an answer, with the people it takes; the sample's golden queries hold."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import arrive, reads

from kb.articles import add_revision, approve, create_article
from kb.database import Database
from kb.golden_queries import check, golden_queries
from kb.lexicon import all_pins
from kb.models import Department, Gap, Node, Person, Role
from kb.revision_text import RevisionText

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
QUERY = "饕餮貔貅麒麟"


def test_nothing_found_is_asked_with_a_key_answered_told_and_found(
    open_page: OpenPage, site: Any, follow: Callable[[], object]
) -> None:
    page = open_page(f"/search?q={QUERY}", role="agent")
    arrive(page, ".gap-offer")
    page.keyboard.press("q")
    arrive(page, ".notice-info")
    assert "有答案时会通知您" in page.inner_text("main")

    keeper = open_page("/gaps", role="manager")
    line = f"li.gap:has(h2 a:text-is('{QUERY}'))"
    keeper.wait_for_selector(line)
    article_id = publish(site.services.database, site.services.clock.now())
    keeper.fill(f"{line} input[name='article']", f"{site.url}/a/{article_id}")
    keeper.keyboard.press("Enter")
    keeper.wait_for_selector(".notice-info")
    follow()

    page.goto(f"{site.url}/search?q={QUERY}")
    reads(page, ".hit-link", f"{QUERY}办理口径")
    page.goto(f"{site.url}/notifications")
    assert f"{QUERY}办理口径" in page.inner_text("main")
    keeper.goto(f"{site.url}/golden")
    assert QUERY in keeper.inner_text("main table")


def publish(database: Database, now: Any) -> int:
    with database.write() as session:
        gap = session.query(Gap).filter_by(text=QUERY).one()
        node = session.query(Node).order_by(Node.id).first()
        owner = session.get_one(Department, gap.department_id)
        people = session.query(Person).filter(Person.username.in_(["publisher", "reviewer"])).all()
        author, approver = sorted(people, key=lambda person: person.username)
        assert Role.PUBLISHER in {row.role for row in author.role_rows}
        article = create_article(session, node, owner, now)
        text = RevisionText(f"{QUERY}办理口径", "先核验身份，再办理。")
        approve(session, add_revision(session, article, text, now, author_id=author.id), now, approver.id)
        return article.id


def test_the_golden_queries_of_the_sample_hold(site: Any) -> None:
    services = site.services
    with services.database.read() as session:
        checks = check(services.engine, golden_queries(session), services.clock.now(), all_pins(session))
    assert len(checks) >= 4
    assert [item.query.text for item in checks if not item.holds] == []
