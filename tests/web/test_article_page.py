"""The reading page: what is in force, what was, what will be, and what may be copied."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages import fetch, section, words
from small_bank import NOON, World
from sqlalchemy import select

from kb.access import Actor
from kb.articles import RevisionText, add_revision, approve
from kb.clock import FixedClock
from kb.database import Database
from kb.models import Article, Person, View
from kb.revisions import settle
from kb.withdrawal import withdraw
from web.wiring import Services

LoggedIn = Callable[..., FlaskClient]


@pytest.fixture
def agent(client: FlaskClient, logged_in: LoggedIn) -> FlaskClient:
    """An agent's browser."""
    return logged_in(client, "agent")


def wording(client: FlaskClient, url: str) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(fetch(client, url, headers={"Accept": "application/json"}))
    return parsed


def test_the_revision_in_force_is_shown_with_its_strip(agent: FlaskClient, world: World) -> None:
    page = fetch(agent, f"/a/{world.articles['loss']}")
    text = words(page)
    assert "借记卡挂失与补卡业务办理口径" in text
    assert "工本费 10 元/张" in text
    for fact in ("现行有效", "V2", "远银个金〔2026〕41号", "个人金融部", "2026-10-14 ~ 长期", "孙慧敏"):
        assert fact in text, fact


def test_a_slug_after_the_number_is_ignored(agent: FlaskClient, world: World) -> None:
    assert "借记卡挂失" in fetch(agent, f"/a/{world.articles['loss']}-jiejika-guashi")


def test_wording_stands_before_the_text_and_notes_stand_apart(agent: FlaskClient, world: World) -> None:
    page = fetch(agent, f"/a/{world.articles['loss']}")
    assert page.index("您好，已为您登记口头挂失") < page.index('id="body"')
    internal = section(page, "internal-title")
    assert "不得对客户说" in internal
    assert "不得透露任一正确项" in internal


def test_the_contents_lead_to_the_headings(agent: FlaskClient, world: World) -> None:
    page = fetch(agent, f"/a/{world.articles['loss']}")
    anchors = re.findall(r'<li class="depth-1"><a href="#([^"]+)">', page)
    assert anchors == ["h-口头挂失", "h-正式挂失与补卡"]
    assert all(f'id="{anchor}"' in page for anchor in anchors)


def test_searched_words_are_marked_in_the_text(agent: FlaskClient, world: World) -> None:
    page = fetch(agent, f"/a/{world.articles['loss']}?q=补卡")
    assert '<mark data-hit="1">补卡</mark>' in section(page, "body")


def test_an_older_version_says_that_it_was_replaced(agent: FlaskClient, world: World) -> None:
    number = world.articles["loss"]
    page = fetch(agent, f"/a/{number}/v/1")
    assert "这是历史版本 V1，已被新版替代" in words(page)
    assert f'<a href="/a/{number}">查看现行版本 V2</a>' in page
    assert "工本费 15 元/张" in words(page)


def test_versions_are_listed_with_what_changed(agent: FlaskClient, world: World) -> None:
    listed = words(section(fetch(agent, f"/a/{world.articles['loss']}"), "revisions"))
    assert "补卡工本费由 15 元降为 10 元" in listed
    assert "首次发布" in listed


def test_an_expired_article_warns(agent: FlaskClient, world: World) -> None:
    assert "本知识已于 2026-11-14 失效" in words(fetch(agent, f"/a/{world.articles['expired']}"))


def test_an_article_that_is_not_in_force_yet_says_when_it_will_be(agent: FlaskClient, world: World) -> None:
    assert "将于 2026-11-30 14:05 生效" in words(fetch(agent, f"/a/{world.articles['scheduled']}"))


def test_an_article_that_ends_soon_says_so(agent: FlaskClient, world: World) -> None:
    page = words(fetch(agent, f"/a/{world.articles['ending']}"))
    assert "6 天后失效" in page


def test_what_is_shown_switches_at_its_instant_without_any_job(
    agent: FlaskClient, world: World, clock: FixedClock, logged_in: LoggedIn, app: Flask
) -> None:
    clock.at = NOON + timedelta(days=7)
    later = logged_in(app.test_client(), "agent")
    assert "现行有效" in words(fetch(later, f"/a/{world.articles['scheduled']}"))


def test_a_coming_version_is_announced_on_the_one_in_force(
    agent: FlaskClient, world: World, database: Database
) -> None:
    with database.write() as session:
        article = session.get_one(Article, world.articles["annual-fee"])
        text = RevisionText(
            title="信用卡年费新规则", source="新规则。", effective_from=NOON + timedelta(days=3)
        )
        approve(session, add_revision(session, article, text, NOON), NOON)
    assert "新版 V2 将于 2026-11-26 14:05 生效" in words(fetch(agent, f"/a/{world.articles['annual-fee']}"))


def test_a_withdrawn_article_names_what_replaced_it(
    agent: FlaskClient, world: World, database: Database
) -> None:
    with database.write() as session:
        article = session.get_one(Article, world.articles["today"])
        article.withdrawn_at = NOON - timedelta(hours=1)
        article.successor_id = world.articles["loss"]
        settle(article)
    page = words(fetch(agent, f"/a/{world.articles['today']}"))
    assert "已于 2026-11-23 废止" in page
    assert "请使用：借记卡挂失与补卡业务办理口径" in page


def test_a_successor_that_the_reader_may_not_see_is_not_named(
    agent: FlaskClient, world: World, database: Database
) -> None:
    with database.write() as session:
        article = session.get_one(Article, world.articles["today"])
        article.withdrawn_at = NOON - timedelta(hours=1)
        article.successor_id = world.articles["restricted"]
        settle(article)
    assert "反欺诈" not in fetch(agent, f"/a/{world.articles['today']}")


@pytest.mark.parametrize("path", ["", "/v/1", "/preview", "/wording"])
def test_what_is_kept_from_a_person_does_not_exist_for_them(
    agent: FlaskClient, world: World, path: str
) -> None:
    fetch(agent, f"/a/{world.articles['restricted']}{path}", status=404)


@pytest.mark.parametrize("path", ["/a/999999", "/a/99999999999999999999", "/a/1/v/99", "/a/1/v/0", "/a/x"])
def test_an_unknown_article_or_version_is_a_plain_404(agent: FlaskClient, path: str) -> None:
    fetch(agent, path, status=404)


@pytest.mark.parametrize(
    "query", ["rank=x", "rank=-1", "rank=99999999999999999999", "q=%00%ff", "page=x&node=y"]
)
def test_a_strange_address_still_opens_the_article(agent: FlaskClient, world: World, query: str) -> None:
    assert "借记卡" in fetch(agent, f"/a/{world.articles['loss']}?{query}")


def test_opening_is_recorded_and_own_publishers_do_not_count(
    agent: FlaskClient, app: Flask, logged_in: LoggedIn, world: World, database: Database
) -> None:
    fetch(agent, f"/a/{world.articles['loss']}")
    fetch(logged_in(app.test_client(), "publisher"), f"/a/{world.articles['loss']}")
    with database.read() as session:
        views = session.scalars(select(View).order_by(View.id)).all()
    assert [(view.person_id, view.counts) for view in views] == [
        (world.people["agent"], True),
        (world.people["publisher"], False),
    ]


def test_a_preview_is_a_fragment_that_begins_with_the_wording(agent: FlaskClient, world: World) -> None:
    part = fetch(agent, f"/a/{world.articles['loss']}/preview?q=补卡")
    assert "<html" not in part
    assert part.index("您好，已为您登记口头挂失") < part.index("口头挂失有效期")
    assert "<mark" in part


def test_a_preview_is_not_a_view(agent: FlaskClient, world: World, database: Database) -> None:
    fetch(agent, f"/a/{world.articles['loss']}/preview")
    with database.read() as session:
        assert session.scalars(select(View)).all() == []


def test_all_wording_is_copied_as_plain_text(agent: FlaskClient, world: World) -> None:
    answer = wording(agent, f"/a/{world.articles['loss']}/wording?v=2")
    assert answer["text"] == (
        "您好，已为您登记口头挂失，有效期五天，请尽快到网点办理正式挂失。\n\n补卡工本费为每张十元，六十五岁以上客户免收。"
    )
    assert answer["is_current"] is True
    assert answer["number"] == 2


def test_one_block_can_be_copied_alone(agent: FlaskClient, world: World) -> None:
    answer = wording(agent, f"/a/{world.articles['loss']}/wording?v=2&block=2")
    assert answer["text"] == "补卡工本费为每张十元，六十五岁以上客户免收。"


@pytest.mark.parametrize("block", ["0", "-1", "9", "x"])
def test_a_block_that_is_not_there_never_gives_another_one(
    agent: FlaskClient, world: World, block: str
) -> None:
    text = str(wording(agent, f"/a/{world.articles['annual-fee']}/wording?block={block}")["text"])
    assert text in ("", "您的金卡当年消费满六笔，即可减免次年年费。")
    assert (text == "") == (block != "x")


def test_wording_that_was_replaced_since_is_reported_as_old(agent: FlaskClient, world: World) -> None:
    answer = wording(agent, f"/a/{world.articles['loss']}/wording?v=1")
    assert (answer["is_current"], answer["current_number"]) == (False, 2)


def test_copied_text_never_contains_internal_notes(agent: FlaskClient, world: World) -> None:
    assert "核验" not in str(wording(agent, f"/a/{world.articles['loss']}/wording")["text"])


def test_related_articles_keep_to_the_rights(agent: FlaskClient, client: FlaskClient, world: World) -> None:
    related = words(section(fetch(agent, f"/a/{world.articles['loss']}/related"), "related-title"))
    assert "社保卡挂失补卡省内通办试点通知" in related
    assert "反欺诈" not in related


def test_related_articles_are_fetched_once_and_then_come_with_the_page(
    agent: FlaskClient, world: World
) -> None:
    first = fetch(agent, f"/a/{world.articles['loss']}")
    address = re.findall(r'data-related="([^"]+)"', first)[0]
    assert f'href="{address}">查看相关知识' in section(first, "related-title")
    fragment = fetch(agent, address, headers={"X-KB-Fragment": "related"})
    assert fragment.strip().startswith("<section") and "<html" not in fragment
    second = fetch(agent, f"/a/{world.articles['loss']}")
    assert "data-related" not in second
    assert fragment.strip() in second


def test_a_related_article_that_was_retired_since_is_not_named_again(
    agent: FlaskClient, world: World, database: Database
) -> None:
    address = f"/a/{world.articles['loss']}/related"
    found = section(fetch(agent, address), "related-title")
    number, title = re.findall(r'href="/a/(\d+)">([^<]+)', found)[0]
    with database.write() as session:
        manager = Actor.of(session.get_one(Person, world.people["manager"]))
        withdraw(session, manager, int(number), "已停办", NOON)
    assert title not in words(fetch(agent, address))


def test_a_printed_page_names_who_printed_it_and_when(agent: FlaskClient, world: World) -> None:
    page = words(fetch(agent, f"/a/{world.articles['loss']}"))
    assert "打印人：李晓雯 1001" in page
    assert "时间：2026-11-23 14:05" in page
    assert "版本：V2" in page
    assert "仅限行内使用" in page


def test_the_way_back_to_the_results_keeps_their_state(agent: FlaskClient, world: World) -> None:
    page = fetch(agent, f"/a/{world.articles['loss']}?q=挂失&scope=title&page=2&rank=21")
    back = re.search(r'href="([^"]*)" data-key="Escape"', page)
    assert back
    assert back[1].replace("&amp;", "&") == "/search?q=%E6%8C%82%E5%A4%B1&scope=title&page=2"


def test_an_article_without_an_index_is_still_readable(
    services: Services, world: World, logged_in: LoggedIn, language: object
) -> None:
    from dataclasses import replace

    from indexer.whoosh_engine import WhooshEngine
    from web.app import create_app

    nowhere = WhooshEngine(services.settings.home / "no-index", language)  # type: ignore[arg-type]
    client = logged_in(create_app(services.settings, replace(services, engine=nowhere)).test_client())
    assert "工本费" in fetch(client, f"/a/{world.articles['loss']}?q=补卡")
