"""Announcements in the browser: strip, reading, confirming, writing, roster and its files."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from announcing import actor, announce, another_version, confirm
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pages import fetch, section, statements, words
from small_bank import NOON, World
from sqlalchemy import select

from kb.clock import FixedClock
from kb.database import Database
from kb.models import Acknowledgement, AuditEvent, DepartmentLead, Notification, Role
from web.cli import run

CsrfToken = Callable[[FlaskClient], str]
LoggedIn = Callable[..., FlaskClient]


@pytest.fixture
def agent(client: FlaskClient, logged_in: LoggedIn) -> FlaskClient:
    """A browser signed in as the agent."""
    return logged_in(client, "agent")


@pytest.fixture
def manager(app, logged_in: LoggedIn) -> FlaskClient:
    """A browser signed in as the manager."""
    return logged_in(app.test_client(), "manager")


def form(page: str, client: FlaskClient, csrf_token: CsrfToken) -> dict[str, str]:
    """The hidden fields of the confirmation on a page."""
    fields = {"csrf_token": csrf_token(client)}
    for name in ("version", "hash"):
        place = page.index(f'name="{name}" value="') + len(f'name="{name}" value="')
        fields[name] = page[place : page.index('"', place)]
    return fields


def test_the_home_page_shows_what_has_to_be_confirmed_and_what_is_pinned(
    agent: FlaskClient, database: Database, world: World
) -> None:
    with database.write() as session:
        announce(session, world, title="双录新规")
        announce(session, world, title="系统升级", is_required=False, due_at=None, is_pinned=True)
        announce(session, world, title="只给运营", department_id=world.departments["ops"])
    strip = words(section(fetch(agent, "/"), "strip-title"))
    assert "1 条待您确认" in strip and "双录新规" in strip and "2026-11-26 14:05 前" in strip
    assert "系统升级" in strip and "只给运营" not in strip


def test_a_day_as_limit_means_the_end_of_that_day(
    app: Flask, manager: FlaskClient, logged_in: LoggedIn, csrf_token: CsrfToken, clock: FixedClock
) -> None:
    data = {"title": "新规", "source": "内容", "required": "on", "due": "2026-11-25"}
    answer = manager.post("/announcements/new", data={**data, "csrf_token": csrf_token(manager)})
    assert answer.status_code == 303
    midnight = datetime(2026, 11, 25, 16, tzinfo=UTC)
    clock.at = midnight - timedelta(seconds=1)
    page = words(section(fetch(logged_in(app.test_client()), "/announcements"), "main"))
    assert "2026-11-25 前" in page and "已逾期" not in page
    clock.at = midnight
    assert "已逾期" in words(section(fetch(logged_in(app.test_client()), "/announcements"), "main"))


def test_confirming_takes_it_off_the_lists_and_keeps_the_record(
    agent: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    with database.write() as session:
        announce(session, world, title="双录新规")
    fields = form(fetch(agent, "/announcements/1"), agent, csrf_token)
    answer = agent.post("/announcements/1/acknowledge", data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/announcements/1")
    assert "您已确认 V1" in words(fetch(agent, "/announcements/1"))
    assert 'id="strip-title"' not in fetch(agent, "/")
    assert agent.get("/notifications/count").json == {"notifications": 0, "announcements": 0}
    with database.read() as session:
        assert session.scalars(select(Acknowledgement.acknowledged_at)).all() == [NOON]


def test_a_page_left_open_cannot_confirm_what_came_after_it(
    agent: FlaskClient, database: Database, world: World, csrf_token: CsrfToken, clock: FixedClock
) -> None:
    with database.write() as session:
        announce(session, world, title="", article_id=world.articles["loss"])
    fields = form(fetch(agent, "/announcements/1"), agent, csrf_token)
    clock.at = NOON + timedelta(minutes=20)
    with database.write() as session:
        another_version(session, world, "loss", "补卡收费 5 元", clock.at)
    answer = agent.post("/announcements/1/acknowledge", data=fields)
    assert answer.status_code == 409
    assert "内容刚刚更新" in answer.text and "补卡收费 5 元" in answer.text and "我已阅读 V3" in answer.text
    with database.read() as session:
        assert session.scalars(select(Acknowledgement)).all() == []


def test_the_article_itself_asks_at_the_place_of_use(
    agent: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    url = f"/a/{world.articles['loss']}"
    assert "ask-title" not in fetch(agent, url)
    with database.write() as session:
        announce(session, world, title="", article_id=world.articles["loss"])
    page = fetch(agent, url)
    assert "请于 2026-11-26 14:05 前阅读并确认" in words(page)
    fields = {**form(section(page, "ask-title"), agent, csrf_token), "next": url}
    assert agent.post("/announcements/1/acknowledge", data=fields).headers["Location"] == url
    assert "ask-title" not in fetch(agent, url)


def test_an_announcement_about_a_hidden_article_is_not_found(
    agent: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    with database.write() as session:
        announce(session, world, title="反欺诈", article_id=world.articles["restricted"])
        announce(session, world, title="只给运营", department_id=world.departments["ops"])
    for number in (1, 2):
        assert agent.get(f"/announcements/{number}").status_code == 404
        assert agent.get(f"/announcements/{number}/roster").status_code == 404
        data = {"csrf_token": csrf_token(agent), "version": "1", "hash": "x"}
        assert agent.post(f"/announcements/{number}/acknowledge", data=data).status_code == 404
    assert "反欺诈" not in fetch(agent, "/announcements") and "反欺诈" not in fetch(agent, "/")


def test_publishing_tells_everybody_asked_and_leads_to_the_announcement(
    manager: FlaskClient, csrf_token: CsrfToken, database: Database, world: World
) -> None:
    data = {
        "csrf_token": csrf_token(manager),
        "article": f"http://localhost/a/{world.articles['loss']}",
        "role": "agent",
        "required": "on",
        "due": "2026-11-30",
    }
    answer = manager.post("/announcements/new", data=data)
    assert answer.headers["Location"] == "/announcements/1"
    page = words(fetch(manager, "/announcements/1"))
    assert "借记卡挂失与补卡业务办理口径" in page and "对象坐席" in page.replace(" ", "")
    with database.read() as session:
        told = session.execute(select(Notification.kind, Notification.person_id)).all()
    assert told == [("acknowledgement_wanted", world.people["agent"])]


def test_a_wrong_form_keeps_what_was_typed(manager: FlaskClient, csrf_token: CsrfToken) -> None:
    data = {"csrf_token": csrf_token(manager), "source": "写了很久的内容", "required": "on", "due": "明天"}
    answer = manager.post("/announcements/new", data=data)
    assert answer.status_code == 422
    assert "写了很久的内容" in answer.text and 'value="明天"' in answer.text and "2026-01-31" in answer.text
    answer = manager.post("/announcements/new", data={**data, "due": ""})
    assert "必读公告请填写确认期限" in answer.text and "请填写标题" in answer.text


def test_agents_get_no_form_and_cannot_publish(agent: FlaskClient, csrf_token: CsrfToken) -> None:
    assert agent.get("/announcements/new").status_code == 403
    data = {"csrf_token": csrf_token(agent), "title": "假公告", "source": "假的"}
    assert agent.post("/announcements/new", data=data).status_code == 403
    assert "发布公告" not in fetch(agent, "/announcements")


def test_changing_and_taking_back(
    manager: FlaskClient, agent: FlaskClient, csrf_token: CsrfToken, database: Database, world: World
) -> None:
    with database.write() as session:
        announcement = announce(session, world)
        confirm(session, actor(session, world, "agent"), announcement)
    assert "请阅读。" in fetch(manager, "/announcements/1/edit")
    data = {
        "csrf_token": csrf_token(manager),
        "title": "必读",
        "source": "请阅读并执行。",
        "required": "on",
        "due": "2026-11-28",
        "change_summary": "要求执行",
    }
    assert manager.post("/announcements/1/edit", data=data).status_code == 303
    assert "实质变更 要求执行" in words(fetch(manager, "/announcements/1"))
    assert "V2 有实质变更，您确认过的是 V1" in words(fetch(agent, "/announcements"))
    empty = manager.post("/announcements/1/withdraw", data={"csrf_token": csrf_token(manager)})
    assert empty.status_code == 422 and "请填写收回的原因" in empty.text
    reason = {"csrf_token": csrf_token(manager), "reason": "发错了"}
    assert manager.post("/announcements/1/withdraw", data=reason).status_code == 303
    assert agent.get("/announcements/1").status_code == 404
    assert "必读" in fetch(manager, "/announcements?show=withdrawn")


def test_the_announcement_shows_what_changed_since_this_reader_confirmed(
    agent: FlaskClient, database: Database, world: World
) -> None:
    with database.write() as session:
        announcement = announce(session, world, title="", article_id=world.articles["loss"])
        confirm(session, actor(session, world, "agent"), announcement)
        another_version(session, world, "loss", "中间的一版。", NOON)
        another_version(session, world, "loss", "口头挂失有效期 7 天。", NOON)
    page = fetch(agent, "/announcements/1")
    changes = section(page, "changes")
    assert "自您上次阅读（V2）以来的变化" in words(changes)
    assert re.search(r"<ins>[^<]*7", changes) and "<del>" in changes
    assert "中间的一版" not in page
    assert f"/a/{world.articles['loss']}/compare?to=4&amp;from=2" in changes


def test_a_text_of_its_own_is_compared_too(
    agent: FlaskClient, manager: FlaskClient, database: Database, world: World, csrf_token: CsrfToken
) -> None:
    with database.write() as session:
        announcement = announce(session, world)
        confirm(session, actor(session, world, "agent"), announcement)
    data = {
        "csrf_token": csrf_token(manager),
        "title": "必读",
        "source": "请阅读并执行。",
        "required": "on",
        "due": "2026-11-28",
    }
    manager.post("/announcements/1/edit", data=data)
    assert "<ins>并执行</ins>" in section(fetch(agent, "/announcements/1"), "changes")


def test_the_roster_of_a_lead_and_its_files(
    agent: FlaskClient, manager: FlaskClient, database: Database, world: World
) -> None:
    with database.write() as session:
        announcement = announce(session, world, role=Role.AGENT)
        confirm(session, actor(session, world, "agent"), announcement)
    assert agent.get("/announcements/1/roster").status_code == 403
    with database.write() as session:
        session.add(
            DepartmentLead(department_id=world.departments["service"], person_id=world.people["agent"])
        )
    page = words(section(fetch(agent, "/announcements/1/roster"), "main"))
    assert "1 / 1 已确认" in page and "李晓雯1001客户服务中心 已确认 V12026-11-23 14:05" in page
    text = agent.get("/announcements/1/roster.csv").get_data().decode("utf-8-sig")
    assert text.splitlines()[1] == "客户服务中心,1001,李晓雯,已确认,V1,2026-11-23 14:05"
    book = load_workbook(io.BytesIO(manager.get("/announcements/1/roster.xlsx").get_data()))
    assert [cell.value for cell in book.active[2]][:4] == ["客户服务中心", "1001", "李晓雯", "已确认"]
    assert manager.get("/announcements/1/roster.exe").status_code == 404
    with database.read() as session:
        actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("announcement.export") == 2


def test_lists_ask_no_more_questions_when_they_grow(
    agent: FlaskClient, manager: FlaskClient, database: Database, world: World
) -> None:
    def count(client: FlaskClient, url: str) -> int:
        with statements(database) as found:
            fetch(client, url)
        return len(found)

    urls = [(agent, "/"), (agent, "/announcements"), (manager, "/announcements/1/roster")]
    with database.write() as session:
        announce(session, world, title="第一条")
        announce(session, world, title="", article_id=world.articles["loss"])
    # What every page keeps in memory is read by the first.
    for client, url in urls:
        fetch(client, url)
    before = [count(client, url) for client, url in urls]
    with database.write() as session:
        for number in range(12):
            announce(session, world, title=f"第{number}条", is_pinned=True)
            announce(session, world, title="", article_id=world.articles["annual-fee"])
    assert [count(client, url) for client, url in urls] == before
    assert before[0] <= 22 and before[1] <= 14 and before[2] <= 12


def test_a_lead_is_named_at_the_command_line(
    home, database: Database, world: World, monkeypatch, capsys
) -> None:
    monkeypatch.setenv("KB_HOME", str(home))
    assert run(["department", "lead", "service", "agent"]) == 0
    assert "李晓雯 已是客户服务中心的主管" in capsys.readouterr().out
    with database.read() as session:
        assert session.get(DepartmentLead, (world.departments["service"], world.people["agent"]))
    assert run(["department", "lead", "service", "agent", "--remove"]) == 0
    assert run(["department", "lead", "service", "nobody"]) == 1
    with database.read() as session:
        assert session.scalars(select(DepartmentLead)).all() == []
        actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[-2:] == ["department.lead", "department.unlead"]


def test_only_who_may_write_an_article_is_offered_to_make_it_required(
    agent: FlaskClient, manager: FlaskClient, app: Flask, logged_in: LoggedIn, world: World
) -> None:
    publisher = logged_in(app.test_client(), "publisher")
    own, other = f"/a/{world.articles['loss']}", f"/a/{world.articles['annual-fee']}"
    offers = [
        "设为必读" in fetch(client, url)
        for client, url in ((agent, own), (manager, other), (publisher, own), (publisher, other))
    ]
    assert offers == [False, True, True, False]
