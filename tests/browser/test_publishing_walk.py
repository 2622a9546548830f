"""From a pasted Word table to every desk: draft, four eyes, a minute in the future, the page that turns, as of."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from browsing import arrive, until
from sqlalchemy import select
from writing import copy, ready

from indexer.extract.sandbox import SandboxedExtractor
from indexer.follower import Follower
from indexer.language import Language
from indexer.whoosh_engine import WhooshUpdater
from kb.articles import RevisionText, Wording, add_revision, approve, create_article
from kb.audit import first_broken
from kb.models import Article, Department, Node

pytestmark = pytest.mark.browser

OLD, NEW = "绿松石柜台补卡", "琥珀石上门补卡"
TITLE = "补卡渠道与收费一览"
TABLE = f"""<html xmlns:w="urn:schemas-microsoft-com:office:word"><body><!--StartFragment-->
<table class=MsoTableGrid border=1><tr><td colspan=2><p class=MsoNormal align=center
style='text-align:center'><b>渠道<o:p></o:p></b></p></td><td rowspan=2><p class=MsoNormal>收费</p></td></tr>
<tr><td><p class=MsoNormal>{NEW}</p></td><td><p class=MsoNormal>每张<span lang=EN-US>8</span>元</p></td></tr>
</table><!--EndFragment--></body></html>"""


@pytest.fixture
def catch_up(site: Any, language: Language) -> Any:
    """Bring the index of the running site up to date, as the follower beside it does."""
    services = site.services
    updater = WhooshUpdater(services.settings.index_directory, language)
    return Follower(services.database, updater, SandboxedExtractor(), services.clock).catch_up


@pytest.fixture
def article_id(site: Any, catch_up: Any) -> int:
    """An article of the publisher's department that has been in force for a day."""
    at = site.services.clock.now() - timedelta(days=1)
    with site.services.database.write() as session:
        owner = session.scalars(select(Department).where(Department.name == "个人金融部")).one()
        node = session.scalars(select(Node).where(Node.audience_id.is_(None)).limit(1)).one()
        article = create_article(session, node, owner, at)
        text = RevisionText(
            TITLE, f"<p>{OLD}每张 10 元。</p>", "html", wording=(Wording("收费", "补卡每张十元。"),)
        )
        approve(session, add_revision(session, article, text, at), at)
        found = article.id
    catch_up()
    return found


def typed(instant: datetime, site: Any) -> str:
    return instant.astimezone(site.services.zone).strftime("%Y-%m-%dT%H:%M")


def test_a_pasted_table_reaches_every_desk_at_its_minute_and_the_old_text_stays_findable(
    open_page: Any, site: Any, article_id: int, catch_up: Any
) -> None:
    clock, path = site.services.clock, f"/a/{article_id}"
    agent = open_page(path, "agent")
    hand_in(open_page(path, "publisher"), site)
    # Nothing of it has reached a reader.
    agent.clock.install()
    agent.reload()
    assert OLD in agent.inner_text(".article")
    assert NEW not in agent.inner_text("main")

    start = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=3)
    approve_from(open_page("/reviews", "reviewer"), typed(start, site))
    assert clock.now() < start, "the approval came too late to be one for the future"
    catch_up()
    assert OLD in agent.inner_text(".article")

    # The minute comes, and the page that the agent has open turns by itself.
    site.pass_time(agent, start - clock.now() - timedelta(seconds=2))
    agent.wait_for_selector(f".article-body td:has-text('{NEW}')")
    assert clock.now() >= start
    assert agent.locator(".article-body td[rowspan='2']").inner_text() == "收费"
    assert OLD not in agent.inner_text(".article")
    assert "补卡每张八元" in agent.inner_text(".say")

    # As of the minute before, the old text is found; without that, the new one.
    before = f"&as_of={typed(start - timedelta(minutes=1), site)}"
    assert found(agent, site, path, NEW)
    assert not found(agent, site, path, NEW, before)
    assert not found(agent, site, path, OLD)
    agent.goto(f"{site.url}{found(agent, site, path, OLD, before)[0]}")
    assert OLD in agent.inner_text(".article")
    assert_proof(site, article_id, start)


def hand_in(page: Any, site: Any) -> None:
    """Begin the next version by the key of the page, paste a table from Word, and submit it."""
    page.keyboard.press("e")
    page.click("button[value=open]")
    ready(page)
    page.click(".jodit-wysiwyg p")
    page.keyboard.press("Control+a")
    copy(page, TABLE)
    page.keyboard.press("Control+v")
    until(page, "() => document.querySelector('.jodit-wysiwyg td[rowspan]')")
    page.fill("[name=wording_text]", "补卡每张八元，可以上门办理。")
    page.fill("#field-change", "增加上门补卡，每张降到 8 元")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"{site.url}/drafts")
    assert "审核中" in page.inner_text("main")


def approve_from(page: Any, start: str) -> None:
    """See what changed, and approve it from a minute on."""
    page.click(f"a:has-text('{TITLE}')")
    arrive(page, "#approve-form")
    shown = page.inner_text("main")
    for words in (OLD, NEW, "增加上门补卡，每张降到 8 元", "可以上门办理"):
        assert words in shown
    # What would move among the golden queries is told before the decision.
    page.wait_for_selector("#golden-moves:not([aria-busy]) p:has-text('查询')")
    assert "查看通过后的变动" not in page.inner_text("#golden-moves")
    page.check("#approve-form [name=when][value=at]")
    page.fill("#approve-form [name=start]", start)
    page.click("#approve-form button[type=submit]")
    page.wait_for_selector("text=已通过，将在")


def found(page: Any, site: Any, path: str, words: str, more: str = "") -> list[str]:
    """Return the links with which a search for exactly these words leads to the article."""
    page.goto(f"{site.url}/search?q={words}&verbatim=1{more}")
    links = [link.get_attribute("href") for link in page.locator(".hit-link").all()]
    return [link for link in links if path in link]


def assert_proof(site: Any, article_id: int, start: datetime) -> None:
    """One version ends where the next begins, two people stand behind it, and the text is clean."""
    with site.services.database.read() as session:
        old, new = session.get_one(Article, article_id).revisions
        assert (old.shown_to, new.shown_from) == (start, start)
        assert new.approver_id not in {row.person_id for row in new.contributors}
        assert not re.search(r"mso|Mso|class=|<o:p", new.html)
        assert first_broken(session) is None
