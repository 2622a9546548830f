"""Every page in light and dark, Chinese and English, wide and narrow: accessible, and never too wide."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2
import pytest
from browsing import barriers, until
from sqlalchemy import select, update

from kb.models import Attachment, Person, Revision

pytestmark = pytest.mark.browser

OpenPage = Callable[..., Any]
PAGES = {
    "login": "/login",
    "home": "/",
    "results": "/search?q=挂失补卡",
    "listing": "/search?node=2&status=all",
    "nothing": "/search?q=呱呱呱呱&scope=title&node=2",
    "article": "/a/{lost_card}?q=挂失补卡&rank=2",
    "old version": "/a/{superseded}/v/1",
    "file": "/files/{file}/preview?q=挂失",
    "missing": "/a/999999",
}
WIDTHS = (1920, 1440, 1366, 1280, 1024, 768, 420, 390)
DESK = {"width": 1440, "height": 900}
PATIENCE_MS = 30_000
READER = "manager"
# What follows a change of size has been done by the frame after the next.
NEXT_FRAME = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# A theme is on, and no colour is on its way to another any more.
WEARS = """theme => document.documentElement.dataset.bsTheme === theme
    && document.getAnimations().every((one) => one.playState !== "running")"""
# The browser reports the page that is meant to be missing.
NOT_FOUND = ("404",)


@pytest.fixture(scope="module")
def places(site: Any) -> dict[str, str]:
    """The addresses to look at, with ids from the sample."""
    with site.services.database.read() as session:
        title = "借记卡挂失与补卡业务办理口径"
        lost_card = session.scalars(select(Revision.article_id).where(Revision.title == title).limit(1)).one()
        superseded = session.scalars(select(Revision.article_id).where(Revision.number == 2).limit(1)).one()
        file = session.scalars(
            select(Attachment.id)
            .join(Revision, Revision.id == Attachment.revision_id)
            .where(Attachment.name.endswith(".xlsx"), Revision.shown_from.is_not(None))
            .limit(1)
        ).one()
    return {
        name: path.format(superseded=superseded, lost_card=lost_card, file=file)
        for name, path in PAGES.items()
    }


@pytest.fixture(scope="module")
def standing(chromium: Any, watch: Callable[..., None]) -> Iterator[tuple[Any, list[str]]]:
    """One page for all tests that only look, and its faults: another one costs more than a look at it."""
    context = chromium.new_context(locale="zh-CN")
    context.set_default_timeout(PATIENCE_MS)
    page, faults = context.new_page(), []
    watch(page, faults, NOT_FOUND)
    yield page, faults
    context.close()


@pytest.fixture
def look(
    standing: tuple[Any, list[str]], site: Any, log_in: Callable[[str], Any], places: dict[str, str]
) -> Iterator[Callable[..., Any]]:
    """Turn the standing page to one by its name in a theme and a language."""
    page, faults = standing
    faults.clear()

    def turn(name: str, theme: str = "light", locale: str = "zh") -> Any:
        set_locale(site, locale)
        chosen = {"name": "kb_locale", "value": locale, "url": site.url}
        page.context.clear_cookies()
        page.context.add_cookies([chosen] if name == "login" else log_in(READER)["cookies"])
        page.set_viewport_size(DESK)
        page.emulate_media(media="null", color_scheme=theme)
        page.goto(f"{site.url}{places[name]}")
        return page

    yield turn
    set_locale(site, "zh")
    assert faults == []


@pytest.fixture
def open_named(open_page: OpenPage, places: dict[str, str]) -> Callable[..., Any]:
    """Open a page of its own by its name, in a window of a certain kind."""

    def open_one(name: str, **options: Any) -> Any:
        return open_page(places[name], role=READER, expected_faults=NOT_FOUND, **options)

    return open_one


def set_locale(site: Any, locale: str) -> None:
    """Choose the language of the person who reads in these tests."""
    with site.services.database.write() as session:
        session.execute(update(Person).where(Person.username == READER).values(locale=locale))


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_no_barrier_is_found_in_light_or_dark(look: Callable[..., Any], name: str, locale: str) -> None:
    page = look(name, "light", locale)
    page.wait_for_load_state("networkidle")
    assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[locale]
    found = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        until(page, WEARS, theme)
        found[theme] = barriers(page)
    assert found == {"light": [], "dark": []}


def test_a_page_opened_in_the_dark_is_dark_from_the_start(look: Callable[..., Any]) -> None:
    page = look("home", "dark")
    assert page.get_attribute("html", "data-bs-theme") == "dark"


def test_no_barrier_is_found_in_what_opens_over_a_page(open_named: Callable[..., Any]) -> None:
    page = open_named("results")
    page.click("#user-menu summary")
    assert barriers(page) == []
    page.keyboard.press("Escape")
    page.click("#more-filters summary")
    assert barriers(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("#keys-help")
    assert barriers(page) == []
    page.keyboard.press("Escape")
    page.fill("#q", "挂失")
    page.wait_for_selector("#suggestions [role=option]")
    page.keyboard.press("ArrowDown")
    assert barriers(page) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways_at_any_width(look: Callable[..., Any], name: str) -> None:
    page = look(name)
    wider = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        until(page, "width => window.innerWidth === width", width)
        page.evaluate(NEXT_FRAME)
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            wider.append((width, needed))
    assert wider == []


def test_text_can_be_doubled_without_scrolling_sideways(open_named: Callable[..., Any]) -> None:
    # A window of 720 points is what remains of 1440 at 200 per cent.
    page = open_named("article", viewport={"width": 720, "height": 450}, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 720


def test_touch_targets_on_a_phone_are_large_enough(open_named: Callable[..., Any]) -> None:
    page = open_named("results", viewport={"width": 390, "height": 844}, has_touch=True)
    small = page.evaluate(
        """() => [...document.querySelectorAll('.top button, .top select, .top a, .hit .actions .button, .bar a')]
            .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 42)
            .map(e => e.outerHTML.slice(0, 120))"""
    )
    assert small == []


def test_four_results_stand_above_the_fold_of_the_commonest_desk(open_named: Callable[..., Any]) -> None:
    page = open_named("results", viewport={"width": 1366, "height": 768})
    begun = page.evaluate(
        """() => [...document.querySelectorAll('.hit-link')]
            .filter(e => e.getBoundingClientRect().bottom < innerHeight - 40).length"""
    )
    assert begun >= 4


def test_marks_and_badges_say_what_they_are_without_colour(look: Callable[..., Any]) -> None:
    page = look("old version")
    assert page.inner_text(".strip .tag") in ("已被新版替代", "已失效")
    assert page.is_visible(".notice-bad")


def test_on_paper_only_the_text_remains_with_who_printed_it(look: Callable[..., Any]) -> None:
    page = look("article")
    page.emulate_media(media="print")
    for gone in (".top", ".rail", ".keys", ".article-tools", ".say .button"):
        assert not page.is_visible(gone), gone
    footer = page.inner_text(".print-footer")
    assert "仅限行内使用" in footer
    assert "打印人" in footer
    assert page.is_visible(".watermark")
    assert page.evaluate("getComputedStyle(document.querySelector('mark')).textDecorationLine") == "underline"


def test_every_printed_sheet_names_who_printed_it(look: Callable[..., Any]) -> None:
    document = pypdfium2.PdfDocument(look("article").pdf(format="A4"))
    sheets = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    assert len(sheets) >= 2
    for sheet in sheets:
        assert "仅限行内使用" in sheet
        assert "返回结果" not in sheet


def test_the_watermark_names_the_reader_and_never_catches_a_click(look: Callable[..., Any]) -> None:
    page = look("article")
    assert page.evaluate("document.querySelector('.watermark text').textContent").strip()
    assert page.evaluate("getComputedStyle(document.querySelector('.watermark')).pointerEvents") == "none"
    assert page.evaluate("document.elementFromPoint(600, 400).closest('.watermark')") is None


def test_larger_letters_make_the_page_larger(look: Callable[..., Any], site: Any) -> None:
    page = look("article")
    before = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.article-body')).fontSize)")
    page.evaluate("document.documentElement.dataset.fontSize = 'large'")
    after = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.article-body')).fontSize)")
    assert after > before


def test_the_search_page_stays_within_its_budget(open_named: Callable[..., Any]) -> None:
    page = open_named("results", viewport={"width": 1366, "height": 768})
    urls = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    weights = {".js": 0, ".css": 0}
    for url in urls:
        for kind in weights:
            if url.split("?")[0].endswith(kind):
                weights[kind] += len(gzip.compress(page.request.get(url).body()))
    document = len(gzip.compress(page.request.get(page.url).body()))
    assert weights[".js"] <= 55_000
    assert weights[".css"] <= 42_000
    assert document <= 25_000
