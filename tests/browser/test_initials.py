"""Somebody who has never seen the product finds what they look for by typing initials only."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import arrive, until, until_title

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("decd", "个人大额存单业务办理口径"),
        ("dxyzm", "短信验证码收不到怎么办"),
        ("xykjf", "信用卡积分规则与兑换常见问题"),
    ],
)
def test_initials_alone_offer_the_article_and_enter_opens_it(
    open_page: OpenPage, typed: str, wanted: str
) -> None:
    page = open_page("/")
    page.focus("#q")
    # Only the whole word is asked: a list for its beginning would be replaced under the arrow keys.
    with page.expect_response(lambda answer: answer.url.endswith(f"/suggest?q={typed}")):
        page.keyboard.type(typed)
    until(page, "title => document.querySelector('#suggestions').innerText.includes(title)", wanted)
    rows = page.query_selector_all("#suggestions [role=option] span")
    for _step in range(1 + [row.inner_text() for row in rows].index(wanted)):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("#article-title")
    assert page.inner_text("#article-title") == wanted


def test_a_search_by_initials_says_how_it_was_understood_and_leads_to_the_article(
    open_page: OpenPage,
) -> None:
    page = open_page("/")
    page.focus("#q")
    page.keyboard.type("decd")
    page.keyboard.press("Enter")
    until_title(page, "decd")
    first = arrive(page, "#hits > .hit")
    assert "大额存单" in first.inner_text()
    assert "按读音：大额存单" in first.inner_text()
    page.click("#summary .correction")
    until_title(page, "大额存单")
    page.click("#hits > .hit .hit-link")
    page.wait_for_selector("#article-title")
    assert "大额存单" in page.inner_text("#article-title")


def test_one_key_takes_the_correction_and_another_leaves_only_the_words(open_page: OpenPage) -> None:
    page = open_page("/search?q=大额存丹")
    arrive(page, "#hits > .hit")
    page.keyboard.press("d")
    until_title(page, "大额存单")
    arrive(page, "#hits > .hit")
    page.keyboard.press("w")
    until(page, "only => document.querySelector('#region').dataset.url.includes(only)", "verbatim=1")
