"""Versions: the list, any two of them compared, and addresses that name a moment or a document number."""

import re
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages import fetch, section, words
from small_bank import NOON, World

from kb.articles import RevisionText, add_revision, approve
from kb.database import Database
from kb.models import Article


@pytest.fixture
def agent(app: Flask, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    return logged_in(app.test_client(), "agent")


def test_the_list_names_every_version_with_its_people_and_times(agent: FlaskClient, world: World) -> None:
    page = words(fetch(agent, f"/a/{world.articles['loss']}/versions"))
    assert "V2" in page
    assert "V1" in page
    assert "补卡工本费由 15 元降为 10 元" in page
    assert "赵立群" in page
    assert "孙慧敏" in page


def test_two_versions_are_compared_to_the_character(agent: FlaskClient, world: World) -> None:
    text = fetch(agent, f"/a/{world.articles['loss']}/compare?from=1&to=2")
    assert "工本费 1<del>5</del><ins>0</ins> 元/张" in text
    assert "<ins>【补卡收费】</ins>" in text
    assert "<del>远银个金〔2025〕41号</del>" in text
    assert "<ins>收费标准.csv</ins>" in text


def test_two_versions_stand_side_by_side_if_asked(agent: FlaskClient, world: World) -> None:
    text = fetch(agent, f"/a/{world.articles['loss']}/compare?from=1&to=2&mode=sides&all=1")
    assert "diff-sides" in text
    assert "工本费 1<del>5</del> 元/张" in text
    assert "口头挂失有效期 5 天" in text


def test_without_numbers_the_newest_is_compared_with_the_one_before(agent: FlaskClient, world: World) -> None:
    assert "工本费 1<del>5</del><ins>0</ins>" in fetch(agent, f"/a/{world.articles['loss']}/compare")


def test_a_version_with_itself_shows_no_difference(agent: FlaskClient, world: World) -> None:
    page = words(fetch(agent, f"/a/{world.articles['loss']}/compare?from=2&to=2"))
    assert "两个版本没有任何差别" in page


@pytest.mark.parametrize("path", ["versions", "compare"])
def test_versions_of_what_is_kept_from_a_person_do_not_exist(
    agent: FlaskClient, world: World, path: str
) -> None:
    fetch(agent, f"/a/{world.articles['restricted']}/{path}", status=404)


def test_a_draft_is_compared_only_by_those_who_work_on_it(
    app: Flask, logged_in: Callable[..., FlaskClient], agent: FlaskClient, world: World, database: Database
) -> None:
    with database.write() as session:
        article = session.get_one(Article, world.articles["loss"])
        add_revision(session, article, RevisionText("挂失新口径草稿", "草稿正文。"), NOON, author_id=None)
    fetch(agent, f"/a/{world.articles['loss']}/compare?to=3", status=404)
    assert "V3" not in fetch(agent, f"/a/{world.articles['loss']}/versions")
    publisher = logged_in(app.test_client(), "publisher")
    assert "草稿正文" in fetch(publisher, f"/a/{world.articles['loss']}/compare?to=3")


def test_an_address_with_a_day_shows_what_was_shown_then(agent: FlaskClient, world: World) -> None:
    day = (NOON - timedelta(days=100)).date().isoformat()
    answer = agent.get(f"/a/{world.articles['loss']}@{day}")
    assert answer.status_code == 302
    page = words(fetch(agent, answer.headers["Location"]))
    assert "15 元/张" in page
    assert f"您正在查看 {day} 23:59 时展示的内容" in page
    assert "回到现在" in page


def test_an_address_with_a_minute_is_exact(agent: FlaskClient, world: World, database: Database) -> None:
    with database.write() as session:
        article = session.get_one(Article, world.articles["today"])
        text = RevisionText("大额存单转让操作指引", "第二版正文。")
        approve(session, add_revision(session, article, text, NOON), NOON)
    before = fetch(agent, f"/a/{world.articles['today']}?as_of=2026-11-23T14:04")
    after = fetch(agent, f"/a/{world.articles['today']}?as_of=2026-11-23T14:05")
    assert "转让前请核对持有人身份" in before
    assert "第二版正文" in after


def test_a_moment_before_the_article_existed_is_said_plainly(agent: FlaskClient, world: World) -> None:
    page = words(fetch(agent, f"/a/{world.articles['loss']}?as_of=2020-01-01T00:00", status=404))
    assert "在您选择的时点没有展示" in page


@pytest.mark.parametrize("moment", ["2026-13-01", "gestern", "2026-11-23T25:00"])
def test_a_moment_that_is_none_is_a_plain_404(agent: FlaskClient, world: World, moment: str) -> None:
    fetch(agent, f"/a/{world.articles['loss']}@{moment}", status=404)


def test_a_document_number_leads_to_its_article(agent: FlaskClient, world: World) -> None:
    answer = agent.get("/d/远银卡〔2026〕7号")
    assert answer.status_code == 302
    assert answer.headers["Location"].endswith(f"/a/{world.articles['annual-fee']}")


def test_an_unknown_document_number_leads_to_a_search(agent: FlaskClient) -> None:
    assert agent.get("/d/远银〔1999〕1号").headers["Location"].startswith("/search?q=")


def test_search_at_a_past_moment_finds_the_old_text_with_a_banner_and_the_new_one_without(
    agent: FlaskClient, world: World
) -> None:
    day = (NOON - timedelta(days=100)).date().isoformat()
    past = words(fetch(agent, f"/search?q=补卡工本费&as_of={day}T12:00"))
    assert "15 元/张" in past
    assert f"现在显示的是 {day} 12:00 时展示的内容" in past
    present = words(fetch(agent, "/search?q=补卡工本费"))
    assert "远银个金〔2026〕41号" not in past
    assert "远银个金〔2026〕41号" in present


def test_a_hit_of_a_past_search_opens_as_it_stood_then(agent: FlaskClient, world: World) -> None:
    day = (NOON - timedelta(days=100)).date().isoformat()
    text = fetch(agent, f"/search?q=补卡工本费&as_of={day}T12:00")
    assert f"/a/{world.articles['loss']}?q=" in text
    assert "as_of=" in text


def test_everything_that_an_article_of_another_moment_leads_to_stays_at_that_moment(
    agent: FlaskClient, world: World
) -> None:
    day = (NOON - timedelta(days=20)).date().isoformat()
    page = fetch(agent, f"/a/{world.articles['loss']}?as_of={day}T12:00")
    kept = f"as_of={day}T12:00"
    assert f'name="as_of" id="search-moment" value="{day}T12:00"' in page
    trail = re.findall(r'href="(/search\?[^"]*node=[^"]*)"', page)
    related = re.findall(r'data-related="(/a/[^"]*)"', page)
    files = re.findall(r'href="(/files/\d+/preview[^"]*)"', page)
    found = re.findall(r'href="(/a/[^"]+)"', section(fetch(agent, related[0]), "related-title"))
    links = [*trail, *files, *related, *found]
    assert trail and files and found
    assert [link for link in links if kept not in unquote(link)] == []


def test_the_pane_beside_the_results_of_another_moment_says_so(agent: FlaskClient, world: World) -> None:
    day = (NOON - timedelta(days=100)).date().isoformat()
    pane = fetch(agent, f"/a/{world.articles['loss']}/preview?v=1&as_of={day}T12:00")
    assert f"这是 {day} 12:00 时展示的内容（V1）" in words(pane)
    assert "时展示的内容" not in words(
        fetch(agent, f"/a/{world.articles['loss']}/preview?v=2&as_of={day}T12:00")
    )


def test_suggestions_keep_the_moment(agent: FlaskClient, world: World) -> None:
    day = (NOON - timedelta(days=100)).date().isoformat()
    found = agent.get(f"/suggest?q=借记卡挂失&as_of={day}T12:00").get_json()
    urls = [item["url"] for group in found["groups"] for item in group["items"]]
    assert urls
    assert all(f"as_of={day}T12" in url for url in urls)
    assert agent.get("/suggest?q=借记卡挂失&as_of=2020-01-01T00:00").get_json()["groups"] == []
