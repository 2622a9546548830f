"""What an agent does during a call, by keyboard, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from browsing import arrive, focused, follow, until, until_title
from sqlalchemy import select

from kb.articles import RevisionText, Wording, add_revision, approve
from kb.models import Article, Person, Revision

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
QUERY = "挂失补卡"
CARD = "#hits > .hit"


def ask(page: Any, text: str) -> None:
    """Search by keyboard alone and wait for the answer."""
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    until_title(page, text)
    page.wait_for_load_state()


def state_of(page: Any) -> dict[str, str]:
    found: dict[str, str] = page.evaluate("JSON.parse(document.getElementById('region').dataset.address)")
    return found


def clipboard(page: Any) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def toast(page: Any) -> str:
    line = page.wait_for_selector(".toast-line span")
    return str(line.inner_text())


def clipboard_page(open_page: OpenPage, path: str) -> Any:
    return open_page(path, permissions=["clipboard-read", "clipboard-write"])


# --- finding ----------------------------------------------------------------------------------


def test_an_answer_is_found_with_slash_words_down_and_enter(open_page: OpenPage) -> None:
    page = open_page("/")
    ask(page, QUERY)
    page.keyboard.press("ArrowDown")
    focused(page, ".hit-link")
    title = page.evaluate("document.activeElement.innerText")
    page.keyboard.press("Enter")
    page.wait_for_selector("#article-title")
    assert page.inner_text("#article-title") == title


def test_a_second_search_on_the_page_changes_the_list_and_the_address(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}")
    first = page.inner_text(f"{CARD} .hit-link")
    ask(page, "信用卡年费")
    assert "q=%E4%BF%A1%E7%94%A8%E5%8D%A1%E5%B9%B4%E8%B4%B9" in page.url
    assert page.inner_text(f"{CARD} .hit-link") != first
    page.go_back()
    until_title(page, QUERY)
    assert page.inner_text(f"{CARD} .hit-link") == first
    assert page.input_value("#q") == QUERY


def test_a_locked_range_holds_over_a_new_search_until_it_is_unlocked(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}", role="reviewer")
    page.click("text=近一年")
    page.wait_for_selector(".chip")
    page.click("[data-lock]")
    page.wait_for_selector(".lock-bar")
    ask(page, "信用卡年费")
    assert page.is_visible(".lock-bar")
    assert state_of(page)["time"] == "year"
    page.click(".lock-bar button")
    page.wait_for_selector(".lock-bar", state="detached")
    assert "time" not in state_of(page)


def test_alt_s_switches_the_scope_without_retyping(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}&sort=newest")
    page.keyboard.press("Alt+s")
    until(page, "() => JSON.parse(document.getElementById('region').dataset.address).scope === 'title'")
    assert state_of(page) == {"q": QUERY, "scope": "title", "sort": "newest"}
    assert "scope=title" in page.url
    assert page.input_value("#scope") == "title"


def test_alt_and_a_digit_open_that_result(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}")
    second = page.inner_text(f"{CARD}:nth-child(2) .hit-link")
    page.keyboard.press("Alt+2")
    page.wait_for_selector("#article-title")
    assert page.inner_text("#article-title") == second


def test_brackets_walk_the_results_from_inside_an_article(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}")
    titles = [link.inner_text() for link in page.query_selector_all(".hit-link")][:2]
    page.keyboard.press("Alt+1")
    arrive(page, "#article-title")
    page.keyboard.press("]")
    page.wait_for_url("**rank=2")
    assert page.inner_text("#article-title") == titles[1]
    page.keyboard.press("[")
    page.wait_for_url("**rank=1")
    assert page.inner_text("#article-title") == titles[0]


@pytest.mark.parametrize("way", ["history", "Escape"])
def test_coming_back_shows_the_same_list_at_the_same_place(open_page: OpenPage, way: str) -> None:
    page = open_page(f"/search?q={QUERY}", viewport={"width": 1366, "height": 768})
    for _ in range(8):
        page.keyboard.press("j")
    address, scroll = page.url, page.evaluate("window.scrollY")
    titles = [link.inner_text() for link in page.query_selector_all(".hit-link")]
    assert scroll > 0
    page.keyboard.press("Enter")
    arrive(page, "#article-title")
    if way == "history":
        page.go_back()
    else:
        page.keyboard.press("Escape")
    arrive(page, CARD)
    until(page, "top => Math.abs(window.scrollY - top) < 60", scroll)
    until(page, "() => document.activeElement.closest('.hit').id === document.querySelector('.hit.on').id")
    assert page.url == address
    assert [link.inner_text() for link in page.query_selector_all(".hit-link")] == titles
    assert (
        page.evaluate("[...document.querySelectorAll('.hit')].findIndex(c => c.classList.contains('on'))") > 5
    )


# --- copying ----------------------------------------------------------------------------------


def test_c_copies_the_wording_of_the_chosen_card(open_page: OpenPage) -> None:
    page = clipboard_page(open_page, f"/search?q={QUERY}")
    url = page.get_attribute(f"{CARD}.on [data-copy]", "data-copy")
    page.keyboard.press("c")
    assert "已复制对外口径（V" in toast(page)
    expected = page.evaluate("url => fetch(url).then(r => r.json()).then(a => a.text)", url)
    assert clipboard(page) == expected
    assert "<" not in expected


def test_c_copies_the_first_block_on_the_article(open_page: OpenPage) -> None:
    page = clipboard_page(open_page, f"/search?q={QUERY}")
    page.keyboard.press("Alt+1")
    arrive(page, ".say-text")
    page.keyboard.press("c")
    toast(page)
    assert clipboard(page) == page.inner_text(".article > .say .say-text").strip()


def test_copying_works_on_an_intranet_without_a_clipboard_interface(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.keyboard.press("l")
    assert toast(page) == "已复制链接"
    page.keyboard.press("/")
    page.keyboard.press("Delete")
    page.keyboard.press("Control+v")
    until(page, "() => document.getElementById('q').value.includes('/a/')")
    assert "?" not in page.input_value("#q")


def test_wording_that_was_replaced_meanwhile_is_not_copied(open_page: OpenPage, site: Any) -> None:
    page = clipboard_page(open_page, "/search?q=信用卡年费")
    page.keyboard.press("Alt+1")
    arrive(page, ".say [data-copy]")
    page.evaluate("navigator.clipboard.writeText('之前')")
    article_id = int(page.url.split("/a/")[1].split("?")[0])
    publish_again(site, article_id)
    page.keyboard.press("c")
    assert "旧版未复制" in toast(page)
    assert clipboard(page) == "之前"
    page.click(".toast-line a")
    page.wait_for_selector("text=新的标准口径")


def publish_again(site: Any, article_id: int) -> None:
    with site.services.database.write() as session:
        article = session.get_one(Article, article_id)
        now = site.services.clock.now()
        title = session.scalars(select(Revision.title).where(Revision.article_id == article_id)).first()
        text = RevisionText(title=title, source="新的正文。", wording=(Wording("年费", "新的标准口径。"),))
        author, reviewer = session.scalars(
            select(Person.id).where(Person.username.in_(("publisher", "reviewer")))
        )
        approve(session, add_revision(session, article, text, now, author_id=author), now, reviewer)


# --- preview, help, keys ----------------------------------------------------------------------


def test_the_preview_follows_the_chosen_card(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}")
    for place in (1, 2):
        title = page.inner_text(f"{CARD}:nth-child({place}) .hit-link")
        until(page, "title => (document.querySelector('#preview h2') || {}).innerText === title", title)
        page.keyboard.press("j") if place > 1 else page.focus(f"{CARD}:nth-child(2) .hit-link")


def test_space_opens_the_preview_as_a_drawer_and_escape_gives_the_focus_back(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}", viewport={"width": 1366, "height": 768})
    page.keyboard.press("j")
    page.keyboard.press(" ")
    page.wait_for_selector("#preview.is-open h2")
    page.keyboard.press("Escape")
    page.wait_for_selector("#preview.is-open", state="detached")
    focused(page, ".hit-link")


@pytest.mark.parametrize("key", ["?", "？"])
def test_a_question_mark_shows_all_keys_also_in_full_width(open_page: OpenPage, key: str) -> None:
    page = open_page("/search")
    page.evaluate(
        "key => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))",
        key,
    )
    assert page.is_visible("#keys-help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#keys-help")


def test_single_keys_can_be_switched_off(open_page: OpenPage) -> None:
    page = open_page("/search", role="manager")
    page.click("#user-menu summary")
    page.click("button[name=single_keys][value=off]")
    toast(page)
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") != "q"
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "q"
    page.click("#user-menu summary")
    page.click("button[name=single_keys][value=on]")
    toast(page)


def test_letters_typed_into_the_box_are_no_commands(open_page: OpenPage) -> None:
    page = open_page("/search")
    page.keyboard.press("/")
    page.keyboard.type("tchl?")
    assert page.input_value("#q") == "tchl?"
    assert not page.is_visible("#keys-help")


def test_escape_closes_the_list_then_clears_then_leaves_the_box(open_page: OpenPage) -> None:
    page = open_page("/search")
    page.keyboard.press("/")
    page.keyboard.type("挂失")
    page.wait_for_selector("#suggestions [role=option]")
    page.keyboard.press("Escape")
    assert not page.is_visible("#suggestions")
    assert page.input_value("#q") == "挂失"
    page.keyboard.press("Escape")
    assert page.input_value("#q") == ""
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") != "q"


def test_hits_in_an_article_are_walked_with_n_and_hidden_with_h(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}")
    page.keyboard.press("Alt+1")
    arrive(page, "#hit-ways")
    page.keyboard.press("n")
    page.keyboard.press("n")
    assert page.inner_text("#hit-place").startswith("第 2 处")
    assert page.evaluate("document.querySelectorAll('mark.is-here').length") >= 1
    page.keyboard.press("p")
    assert page.inner_text("#hit-place").startswith("第 1 处")
    page.keyboard.press("h")
    assert page.evaluate("document.querySelector('.article').classList.contains('marks-off')")


def test_t_switches_the_theme_and_the_choice_stays(open_page: OpenPage) -> None:
    page = open_page("/search", role="manager")
    page.keyboard.press("t")
    toast(page)
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.reload()
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.click("#user-menu summary")
    page.click("button[name=theme][value=auto]")
    toast(page)


# --- suggestions ------------------------------------------------------------------------------


def test_a_suggestion_is_chosen_with_the_arrows_and_opened_with_enter(open_page: OpenPage) -> None:
    page = open_page("/")
    page.focus("#q")
    page.keyboard.type("挂失")
    until(page, "() => document.querySelector('#suggestions mark')?.innerText === '挂失'")
    page.keyboard.press("ArrowDown")
    chosen = page.get_attribute("#q", "aria-activedescendant")
    assert page.get_attribute(f"#{chosen}", "aria-selected") == "true"
    title = page.inner_text(f"#{chosen} span")
    page.keyboard.press("Enter")
    page.wait_for_selector("#article-title")
    assert page.inner_text("#article-title") == title


def test_a_suggestion_that_comes_too_late_is_dropped(open_page: OpenPage) -> None:
    page = open_page("/")
    held: list[Any] = []
    page.route("**/suggest?q=%E5%B9%B4%E8%B4%B9", lambda route: held.append(route))
    page.focus("#q")
    with page.expect_request("**/suggest?q=%E5%B9%B4%E8%B4%B9"):
        page.keyboard.type("年费")
    page.keyboard.press("Control+a")
    page.keyboard.type("挂失")
    page.wait_for_selector("#suggestions [role=option]")
    before = page.inner_text("#suggestions")
    for route in held:
        route.continue_()
    page.wait_for_timeout(400)
    assert len(held) == 1
    assert page.inner_text("#suggestions") == before


def test_suggestions_never_open_after_the_search_was_sent(open_page: OpenPage) -> None:
    page = open_page("/search")
    ask(page, "年费")
    page.wait_for_timeout(500)
    assert not page.is_visible("#suggestions")


# --- when things go wrong ---------------------------------------------------------------------


def test_a_failing_search_keeps_the_old_results_and_offers_to_retry(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}", expected_faults=("500",))
    page.route("**/search?q=%E5%B9%B4%E8%B4%B9*", lambda route: route.fulfill(status=500, body=""))
    page.fill("#q", "年费")
    page.press("#q", "Enter")
    page.wait_for_selector("#busy")
    assert page.inner_text(f"{CARD} .hit-link")
    assert page.input_value("#q") == "年费"
    page.unroute("**/search?q=%E5%B9%B4%E8%B4%B9*")
    page.click("#busy button")
    until_title(page, "年费")


def test_a_login_that_ended_leads_to_the_login_page_and_back(open_page: OpenPage, site: Any) -> None:
    page = open_page("/login", role=None)
    sign_in(page)
    page.goto(f"{site.url}/search?q={QUERY}")
    page.context.clear_cookies()
    page.click("text=近一年")
    page.wait_for_selector("#password")
    sign_in(page)
    page.wait_for_selector(CARD)
    assert "time=year" in page.url


def sign_in(page: Any) -> None:
    from kb.sample import demo_accounts

    account = next(account for account in demo_accounts() if account.role == "agent")
    page.fill("#username", account.username)
    page.fill("#password", account.password)
    page.press("#password", "Enter")
    page.wait_for_selector("#q")


def test_everything_essential_works_without_scripts(open_page: OpenPage) -> None:
    page = open_page(f"/search?q={QUERY}", java_script_enabled=False, role="publisher")
    follow(page, "text=近一年")
    follow(page, "[data-lock]")
    assert page.is_visible(".lock-bar")
    follow(page, ".lock-bar button")
    assert not page.is_visible(".lock-bar")
    follow(page, f"{CARD} .hit-link")
    assert page.is_visible(".say-text")
    follow(page, "a[rel=next]")
    assert "rank=2" in page.url
