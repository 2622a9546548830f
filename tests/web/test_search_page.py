"""The search page: its address holds the state, nothing in it is an error, and the lock is loud."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pages import fetch, section, statements, titles, words
from small_bank import NOON, World
from sqlalchemy import select

from indexer.whoosh_engine import WhooshEngine
from kb.articles import RevisionText, add_revision, approve, create_article
from kb.clock import FixedClock
from kb.database import Database
from kb.models import DateLock, Department, Node, Person, Search
from web.search.address import PARAMETERS, read
from web.search.results import page_numbers
from web.wiring import Services

LoggedIn = Callable[..., FlaskClient]
Token = Callable[[FlaskClient], str]


@pytest.fixture
def agent(client: FlaskClient, logged_in: LoggedIn) -> FlaskClient:
    """An agent's browser."""
    return logged_in(client, "agent")


@pytest.fixture
def many(database: Database, world: World, catch_up: Callable[[], int]) -> int:
    """Forty-five more articles with one word in common."""
    with database.write() as session:
        node = session.get_one(Node, world.nodes["fees"])
        owner = session.get_one(Department, world.departments["ops"])
        for number in range(45):
            article = create_article(session, node, owner, NOON - timedelta(days=100))
            text = RevisionText(title=f"柜面服务收费第{number}号", source=f"第{number}项收费说明。")
            revision = add_revision(session, article, text, NOON - timedelta(days=60))
            approve(session, revision, NOON - timedelta(days=50))
    catch_up()
    return 45


def post(client: FlaskClient, csrf_token: Token, url: str, **form: str) -> str:
    """Post a form of the page and return where it leads."""
    with client.post(url, data={**form, "csrf_token": csrf_token(client)}) as answer:
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]


def state_of(html: str) -> dict[str, str]:
    found = re.search(r"data-address='([^']*)'", html)
    assert found
    parsed: dict[str, str] = json.loads(found[1])
    return parsed


# --- finding and showing ----------------------------------------------------------------------


def test_a_search_finds_the_article_and_marks_every_word(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=挂失补卡")
    assert titles(page)[0] == "借记卡挂失与补卡业务办理口径"
    assert "借记卡<mark>挂失</mark>与<mark>补卡</mark>业务办理口径" in page


def test_the_summary_tells_the_number_and_the_measured_time(agent: FlaskClient) -> None:
    summary = words(section(fetch(agent, "/search?q=年费"), "summary"))
    assert re.match(r".*找到 \d+ 条，用时 \d+\.\d{3} 秒", summary)


def test_a_hit_in_an_attachment_names_file_and_row(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=正式挂失手续费&scope=attachment")
    assert "收费标准.csv" in words(page)
    assert re.search(r"/files/\d+/preview\?[^\"]*n=2[^\"]*#target", page)


def test_markup_in_the_query_is_shown_and_not_run(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=%3Cscript%3Ealert(1)%3C/script%3E%22'")
    assert "<script>alert" not in page
    assert 'value="&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;"' in page


def test_an_article_outside_of_the_audience_is_not_found_nor_counted(
    client: FlaskClient, logged_in: LoggedIn, app: Flask
) -> None:
    assert "借记卡反欺诈监测阈值说明" in titles(
        fetch(logged_in(client, "publisher"), "/search?q=反欺诈监测阈值")
    )
    other = fetch(logged_in(app.test_client(), "agent"), "/search?q=反欺诈监测阈值")
    assert "借记卡反欺诈监测阈值说明" not in words(other)


def test_without_words_a_category_lists_its_articles(agent: FlaskClient, world: World) -> None:
    page = fetch(agent, f"/search?node={world.nodes['personal']}")
    assert set(titles(page)) >= {"大额存单转让操作指引", "借记卡挂失与补卡业务办理口径"}
    assert "信用卡年费收取与减免规则" not in titles(page)


def test_the_tree_shows_the_hits_below_each_node(agent: FlaskClient, world: World) -> None:
    tree = section(fetch(agent, "/search?q=挂失"), "tree")
    row = re.search(rf'data-focus="node-{world.nodes["personal"]}".*?</a>', tree, re.S)
    assert row and re.search(r"<i>[1-9]\d*</i>", row[0])


def test_scopes_limit_where_the_words_may_stand(agent: FlaskClient) -> None:
    assert "信用卡年费收取与减免规则" in titles(fetch(agent, "/search?q=金卡&scope=content"))
    assert "信用卡年费收取与减免规则" not in titles(fetch(agent, "/search?q=白金卡&scope=title"))


# --- pages ------------------------------------------------------------------------------------


def test_results_come_in_pages_of_twenty_without_gap_or_repetition(agent: FlaskClient, many: int) -> None:
    seen = [
        title for page in (1, 2, 3) for title in titles(fetch(agent, f"/search?q=柜面服务收费&page={page}"))
    ]
    assert len(seen) == len(set(seen)) >= many
    assert len(titles(fetch(agent, "/search?q=柜面服务收费"))) == 20


def test_page_links_keep_the_state(agent: FlaskClient, many: int) -> None:
    page = fetch(agent, "/search?q=柜面服务收费&scope=title&sort=newest")
    link = re.search(r'href="([^"]*)" rel="next"', page)
    assert link
    query = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)
    assert query == {"q": ["柜面服务收费"], "scope": ["title"], "sort": ["newest"], "page": ["2"]}


def test_a_page_beyond_the_end_offers_the_way_back(agent: FlaskClient) -> None:
    assert "回到第一页" in fetch(agent, "/search?q=年费&page=400")


def test_page_numbers_show_the_ends_and_the_neighbours() -> None:
    assert page_numbers(5, 20) == [1, None, 3, 4, 5, 6, 7, None, 20]
    assert page_numbers(1, 3) == [1, 2, 3]
    assert page_numbers(1, 1) == [1]


def test_questions_to_the_database_do_not_grow_with_the_hits(
    agent: FlaskClient, many: int, database: Database
) -> None:
    asked = []
    for query in ("/search?q=柜面服务收费第44号&scope=title&verbatim=1&page=1", "/search?q=柜面服务收费"):
        fetch(agent, query)
        with statements(database) as found:
            page = fetch(agent, query)
        asked.append((len(titles(page)), len(found)))
    (few, before), (full, after) = asked
    assert full == 20 > few
    assert after == before <= 25


# --- the address ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("scope=everything", "搜索范围“everything”无法识别"),
        ("sort=best", "排序“best”无法识别"),
        ("status=dead", "状态“dead”无法识别"),
        ("time=lastweek", "时间“lastweek”无法识别"),
        ("field=born", "日期类型“born”无法识别"),
        ("from=2026-02-30", "开始日期“2026-02-30”不是有效的日期"),
        ("to=tomorrow", "结束日期“tomorrow”不是有效的日期"),
        ("to=0001-01-01", "结束日期“0001-01-01”无法识别"),
        ("node=abc", "知识分类“abc”无法识别"),
        ("node=²", "知识分类“²”无法识别"),
        ("dept=99999999999999999999", "部门“99999999999999999999”无法识别"),
        ("page=-1", "页码“-1”无法识别"),
        ("as_of=sometime", "历史时点“sometime”无法识别"),
    ],
)
def test_a_bad_parameter_is_explained_and_the_words_are_kept(
    agent: FlaskClient, query: str, sentence: str
) -> None:
    page = fetch(agent, f"/search?q=挂失&{query}")
    assert sentence in words(page)
    assert 'name="q" type="text" value="挂失"' in page
    assert titles(page)


def test_too_long_a_text_is_explained_and_kept(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=" + "挂失" * 60)
    assert "搜索内容最多" in words(page)
    assert f'value="{"挂失" * 60}"' in page


def test_unknown_parameters_are_ignored(agent: FlaskClient) -> None:
    assert titles(fetch(agent, "/search?q=挂失&utm_source=x&__proto__=1"))


def test_days_the_wrong_way_round_are_swapped(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=挂失&from=2026-11-20&to=2026-01-01")
    assert "已对调" in words(page)
    assert state_of(page)["from"] == "2026-01-01"


def test_every_part_of_the_state_survives_a_round_through_the_address(app: Flask, services: Services) -> None:
    values = {
        "q": "挂失 补卡",
        "scope": "title_content",
        "sort": "hottest",
        "status": "all",
        "time": "custom",
        "field": "effective",
        "from": "2026-01-01",
        "to": "2026-11-01",
        "node": "3",
        "dept": "2",
        "verbatim": "1",
        "as_of": "2026-03-03T14:05",
        "page": "7",
    }
    with app.test_request_context():
        address = read(values, NOON, services.zone)
        assert address.problems == ()
        assert address.parameters() == values
        assert tuple(values) == PARAMETERS


def test_a_changed_condition_starts_at_the_first_page(app: Flask, services: Services) -> None:
    with app.test_request_context():
        address = read(
            {"q": "挂失", "page": "3", "time": "custom", "from": "2026-01-01"}, NOON, services.zone
        )
        assert address.changed(time="week") == {"q": "挂失", "time": "week"}


@given(st.dictionaries(st.sampled_from(PARAMETERS), st.text(max_size=40), max_size=13))
@hypothesis_settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_parameter_whatever_fails(agent: FlaskClient, values: dict[str, str]) -> None:
    with agent.get("/search", query_string=values) as answer:
        assert answer.status_code == 200


def test_a_script_gets_only_the_changing_part(agent: FlaskClient) -> None:
    part = fetch(agent, "/search?q=挂失", headers={"X-KB-Fragment": "results"})
    assert "<html" not in part
    assert titles(part) == titles(fetch(agent, "/search?q=挂失"))


# --- time and its lock ------------------------------------------------------------------------


def test_a_time_range_is_about_calendar_days_of_the_bank(agent: FlaskClient) -> None:
    # 大额存单 was published two hours and a half before noon of 2026-11-23 in Shanghai.
    assert titles(fetch(agent, "/search?q=大额存单&from=2026-11-23&to=2026-11-23"))
    assert not titles(fetch(agent, "/search?q=大额存单&to=2026-11-22"))


def test_what_the_time_hides_is_counted_and_can_be_lifted(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=年费收取&time=week")
    assert "条在所选时间之外" in words(page)
    assert not titles(page)


def test_a_locked_range_holds_for_the_next_search(
    agent: FlaskClient, csrf_token: Token, database: Database
) -> None:
    target = post(agent, csrf_token, "/search/lock", q="年费", time="week")
    page = fetch(agent, target)
    assert "时间已锁定" in words(page)
    later = fetch(agent, "/search?q=大额存单")
    assert state_of(later)["time"] == "week"
    assert "时间已锁定" in words(later)
    with database.read() as session:
        assert session.scalars(select(DateLock)).one().preset == "week"


def test_a_locked_range_wins_over_the_address(agent: FlaskClient, csrf_token: Token) -> None:
    post(agent, csrf_token, "/search/lock", time="week")
    assert state_of(fetch(agent, "/search?q=年费&time=year"))["time"] == "week"


def test_hits_outside_of_the_lock_are_counted_with_a_button_to_lift_it(
    agent: FlaskClient, csrf_token: Token
) -> None:
    post(agent, csrf_token, "/search/lock", time="week")
    page = fetch(agent, "/search?q=年费收取")
    assert re.search(r"另有 \d+ 条在锁定时间之外", words(page))
    assert 'form="unlock-all"' in page


def test_unlocking_forgets_the_range(agent: FlaskClient, csrf_token: Token) -> None:
    post(agent, csrf_token, "/search/lock", time="week")
    target = post(agent, csrf_token, "/search/unlock", q="年费")
    page = fetch(agent, target)
    assert "时间已锁定" not in words(page)
    assert "time" not in state_of(page)


def test_a_lock_without_a_range_is_refused_with_a_reason(
    agent: FlaskClient, csrf_token: Token, database: Database
) -> None:
    page = fetch(agent, post(agent, csrf_token, "/search/lock", q="年费"))
    assert "请先选择一个时间范围" in words(page)
    with database.read() as session:
        assert session.scalars(select(DateLock)).all() == []


def test_custom_dates_can_be_locked(agent: FlaskClient, csrf_token: Token) -> None:
    form = {"q": "年费", "field": "effective", "from": "2026-10-01", "to": "2026-11-20"}
    page = fetch(agent, post(agent, csrf_token, "/search/lock", **form))
    assert "生效日期 2026-10-01 ~ 2026-11-20" in words(page)


def test_the_lock_needs_a_form_token(agent: FlaskClient) -> None:
    with agent.post("/search/lock", data={"time": "week"}) as answer:
        assert answer.status_code == 400


# --- status and history -----------------------------------------------------------------------


def test_ended_articles_are_named_as_such(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=双十一分期手续费优惠&status=all")
    assert titles(page)[0] == "双十一分期手续费优惠活动"
    assert "已失效" in words(page)


def test_a_past_instant_answers_with_what_was_shown_then(agent: FlaskClient, world: World) -> None:
    past = (NOON - timedelta(days=100)).strftime("%Y-%m-%dT%H:%M")
    page = fetch(agent, f"/search?q=补卡工本费&as_of={past}")
    assert re.search(rf"/a/{world.articles['loss']}\?[^\"]*as_of=", page)
    assert "当时有效" in words(page)


# --- nothing found, no index ------------------------------------------------------------------


def test_nothing_found_says_so_and_offers_to_drop_conditions(agent: FlaskClient, world: World) -> None:
    page = fetch(agent, f"/search?q=年费收取&node={world.nodes['fees']}&scope=title")
    text = words(page)
    assert "没有找到“年费收取”" in text
    assert re.search(r"另有 \d+ 条不在分类“收费标准”中", text)
    assert "清除全部条件" in text


def test_without_an_index_titles_are_searched_and_a_banner_says_so(
    services: Services, logged_in: LoggedIn, language: object
) -> None:
    from web.app import create_app

    nowhere = WhooshEngine(services.settings.home / "no-index", language)  # type: ignore[arg-type]
    app = create_app(services.settings, replace(services, engine=nowhere))
    client = logged_in(app.test_client(), "agent")
    page = fetch(client, "/search?q=年费")
    assert titles(page) == ["信用卡年费收取与减免规则"]
    assert "搜索索引正在恢复" in words(page)
    assert fetch(client, "/suggest?q=年费", headers={"Accept": "application/json"})
    for field in ("published", "updated", "effective"):
        long_ago = f"&time=custom&field={field}&from=2000-01-01&to=2000-01-02"
        assert titles(fetch(client, f"/search?q=年费{long_ago}")) == []


# --- what is written down ---------------------------------------------------------------------


def searches(database: Database) -> list[Search]:
    with database.read() as session:
        return list(session.scalars(select(Search).order_by(Search.id)))


def test_a_search_is_recorded_with_its_conditions(agent: FlaskClient, database: Database) -> None:
    fetch(agent, "/search?q=年费&scope=title")
    (row,) = searches(database)
    assert (row.text, row.total) == ("年费", 1)
    assert json.loads(row.conditions) == {"scope": "title"}


def test_coming_back_to_a_list_is_not_a_new_search(
    agent: FlaskClient, database: Database, world: World, clock: FixedClock
) -> None:
    fetch(agent, "/search?q=年费")
    fetch(agent, f"/a/{world.articles['annual-fee']}?q=年费&rank=1")
    clock.at += timedelta(minutes=5)
    fetch(agent, "/search?q=年费")
    fetch(agent, "/search?q=年费&page=2")
    assert len(searches(database)) == 1


def test_the_opened_hit_is_noted_with_its_rank(agent: FlaskClient, database: Database, world: World) -> None:
    page = fetch(agent, "/search?q=年费")
    link = re.search(r'href="(/a/[^"]*)" class="hit-link"', page)
    assert link
    fetch(agent, link[1].replace("&amp;", "&"))
    (row,) = searches(database)
    assert (row.opened_article_id, row.opened_rank) == (world.articles["annual-fee"], 1)


def test_listing_a_category_is_no_search(agent: FlaskClient, database: Database, world: World) -> None:
    fetch(agent, f"/search?node={world.nodes['fees']}")
    assert searches(database) == []


def test_card_numbers_are_masked_before_a_search_is_kept(agent: FlaskClient, database: Database) -> None:
    fetch(agent, "/search?q=6222021234567890128 挂失")
    assert "6222021234567890128" not in searches(database)[0].text


# --- walking the results, suggestions, browsers -----------------------------------------------


def test_stepping_goes_to_the_article_at_that_rank(agent: FlaskClient, many: int) -> None:
    first = titles(fetch(agent, "/search?q=柜面服务收费&page=2"))[0]
    with agent.get("/search/step?q=柜面服务收费&rank=21") as answer:
        target = answer.headers["Location"]
    assert "rank=21" in target
    assert first in words(fetch(agent, target))


def test_stepping_past_the_end_leads_back_to_the_list(agent: FlaskClient) -> None:
    with agent.get("/search/step?q=年费&rank=900") as answer:
        assert answer.headers["Location"].startswith("/search?q=")


def suggestions(client: FlaskClient, text: str) -> dict[str, list[dict[str, object]]]:
    body = fetch(client, f"/suggest?q={text}", headers={"Accept": "application/json"})
    return {group["kind"]: group["items"] for group in json.loads(body)["groups"]}


def test_typing_offers_articles_that_can_be_opened_at_once(agent: FlaskClient, world: World) -> None:
    (item,) = suggestions(agent, "年费")["article"]
    assert item["text"] == "信用卡年费收取与减免规则"
    assert item["marks"] == [[3, 5]]
    assert urlsplit(str(item["url"])).path == f"/a/{world.articles['annual-fee']}"
    assert item["note"] == "信用卡中心"


def test_suggestions_keep_to_the_rights(client: FlaskClient, logged_in: LoggedIn, app: Flask) -> None:
    assert "article" in suggestions(logged_in(client, "publisher"), "反欺诈监测")
    other = suggestions(logged_in(app.test_client(), "agent"), "反欺诈监测")
    assert "借记卡反欺诈监测阈值说明" not in str(other)


def test_typing_offers_own_searches_and_categories(agent: FlaskClient, clock: FixedClock) -> None:
    fetch(agent, "/search?q=挂失解除")
    found = suggestions(agent, "挂失")
    assert [item["text"] for item in found["recent"]] == ["挂失解除"]
    assert [item["text"] for item in found["node"]] == ["挂失与补卡"]


@pytest.mark.parametrize("typed", ["gs", "gsjc", "guashi", "guashijc", "gs解", "挂sjc"])
def test_own_searches_and_categories_are_offered_by_pinyin_and_initials(
    agent: FlaskClient, typed: str
) -> None:
    fetch(agent, "/search?q=挂失解除")
    found = suggestions(agent, typed)
    assert [item["text"] for item in found["recent"]] == ["挂失解除"]
    if typed in "guashi":
        assert [item["text"] for item in found["node"]] == ["挂失与补卡"]


def test_what_several_colleagues_ask_is_offered_as_a_completion(
    agent: FlaskClient, database: Database, world: World
) -> None:
    with database.write() as session:
        colleague = Person(
            username="seat2",
            name="林晓彤",
            department_id=world.departments["service"],
            password_hash="-",
            created_at=NOON,
        )
        session.add(colleague)
        session.flush()
        for person_id in (colleague.id, world.people["reviewer"]):
            session.add(
                Search(
                    person_id=person_id,
                    text="年费减免条件",
                    folded="年费减免条件",
                    total=2,
                    searched_at=NOON - timedelta(days=1),
                )
            )
        lonely = {"person_id": world.people["reviewer"], "text": "年费投诉", "folded": "年费投诉"}
        session.add(Search(**lonely, total=2, searched_at=NOON - timedelta(days=1)))
    for typed in ("年费", "nfjm", "nianfei", "nf减免"):
        assert [item["text"] for item in suggestions(agent, typed)["completion"]] == ["年费减免条件"]


def test_an_empty_box_offers_what_was_searched_last(agent: FlaskClient) -> None:
    fetch(agent, "/search?q=年费")
    assert [item["text"] for item in suggestions(agent, "")["recent"]] == ["年费"]


def test_browsers_learn_how_to_search_here(client: FlaskClient) -> None:
    with client.get("/opensearch.xml") as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "application/opensearchdescription+xml"
        assert 'template="http://localhost/search?q={searchTerms}"' in answer.text


def test_the_conditions_work_without_scripts(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=挂失")
    for link in ("time=week", "status=current", "sort=newest"):
        assert re.search(rf'<a href="/search\?[^"]*{link}[^"]*"', page)
    assert "style=" not in page.replace('"style=', "")
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)


def test_the_button_on_a_hit_says_what_it_copies(agent: FlaskClient) -> None:
    page = fetch(agent, "/search?q=补卡工本费")
    button = re.search(r'<button[^>]* data-copy="[^"]*"[^>]*>(.*?)</button>', page, re.S)
    assert button is not None
    assert words(button[1]).strip() == "复制口径"
