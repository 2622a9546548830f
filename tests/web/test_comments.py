"""The comment section of an article: by form and by script, with rights, and without a query per comment."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from pages import fetch, section, statements, words
from small_bank import NOON, World
from talking import actor, comment, moderate_after, passed

from kb.clock import FixedClock
from kb.comments import reply
from kb.database import Database

Token = Callable[[FlaskClient], str]


@pytest.fixture
def agent(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of the agent."""
    return logged_in(client)


def send(client: FlaskClient, csrf_token: Token, url: str, status: int = 303, **values: object) -> str:
    headers = {"X-KB-Fragment": "comments"} if values.pop("fragment", False) else {}
    answer = client.post(url, data={"csrf_token": csrf_token(client), **values}, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.headers.get("Location", "") or answer.text


def test_a_comment_sent_by_form_stands_on_the_page_of_its_author(
    agent: FlaskClient, csrf_token: Token, world: World
) -> None:
    url = f"/a/{world.articles['loss']}"
    target = send(agent, csrf_token, f"{url}/comments", v=2, kind="question", text="补卡要本人去吗？")
    assert target.startswith(f"{url}#comment-")
    shown = words(section(fetch(agent, url), "comments"))
    assert "补卡要本人去吗？" in shown
    assert "待审核" in shown


def test_what_was_typed_survives_a_refusal(agent: FlaskClient, csrf_token: Token, world: World) -> None:
    url = f"/a/{world.articles['loss']}/comments"
    page = send(agent, csrf_token, url, 422, v=2, text="补卡要本人去吗？<b>", quote="不在文中的话")
    assert "补卡要本人去吗？&lt;b&gt;</textarea>" in page
    assert "请选择评论的类型" in words(page)
    page = send(agent, csrf_token, url, 422, v=2, kind="error", text="补卡", quote="不在文中的话")
    assert 'value="error" required checked' in page
    assert "没有找到所选的文字" in words(page)


def test_flooding_answers_429_and_keeps_the_text(agent: FlaskClient, csrf_token: Token, world: World) -> None:
    url = f"/a/{world.articles['loss']}/comments"
    for number in range(10):
        send(agent, csrf_token, url, v=2, kind="question", text=f"问题 {number}")
    page = send(agent, csrf_token, url, 429, v=2, kind="question", text="第十一个问题")
    assert "第十一个问题</textarea>" in page


def test_a_script_gets_the_section_alone(agent: FlaskClient, csrf_token: Token, world: World) -> None:
    url = f"/a/{world.articles['loss']}/comments"
    html = send(agent, csrf_token, url, 200, v=2, kind="question", text="补卡？", fragment=True)
    assert html.lstrip().startswith('<section class="kb-card comments"')
    assert "data-fresh=" in html
    assert "<html" not in html


def test_text_of_comments_is_never_markup(agent: FlaskClient, csrf_token: Token, world: World) -> None:
    url = f"/a/{world.articles['loss']}"
    send(agent, csrf_token, f"{url}/comments", v=2, kind="error", text="<script>alert(1)</script>@赵立群<i>")
    html = section(fetch(agent, url), "comments")
    assert "<script>alert" not in html
    assert '<b class="mention">@赵立群</b>&lt;i&gt;' in html


def test_comments_on_what_a_person_may_not_read_answer_404(
    agent: FlaskClient, csrf_token: Token, world: World, database: Database
) -> None:
    with database.write() as session:
        said = comment(session, world, article="restricted", number=1, role="publisher").id
    secret = world.articles["restricted"]
    fetch(agent, f"/a/{secret}/comments", 404)
    fetch(agent, f"/a/{secret}/mentionable?q=赵", 404)
    send(agent, csrf_token, f"/a/{secret}/comments", 404, v=1, kind="error", text="x")
    for way in ("reply", "thank", "report", "withdraw"):
        send(agent, csrf_token, f"/comments/{said}/{way}", 404, text="x", reason="x")


def test_a_form_without_its_token_changes_nothing(
    agent: FlaskClient, world: World, database: Database
) -> None:
    with statements(database) as asked:
        answer = agent.post(
            f"/a/{world.articles['loss']}/comments", data={"v": 2, "kind": "error", "text": "x"}
        )
    assert answer.status_code == 400
    assert not any(statement.startswith("INSERT") for statement in asked)


def test_names_are_suggested_among_the_readers(agent: FlaskClient, world: World) -> None:
    answer = agent.get(f"/a/{world.articles['loss']}/mentionable?q=赵").get_json()
    assert [person["words"] for person in answer["people"]] == ["赵立群"]


def test_a_link_to_a_comment_opens_its_page(
    agent: FlaskClient, world: World, database: Database, clock: FixedClock
) -> None:
    with database.write() as session:
        moderate_after(session, world)
        ids = [many(session, world, number) for number in range(23)]
    url = f"/a/{world.articles['loss']}/comments"
    assert f'id="comment-{ids[0]}"' not in fetch(agent, url)
    assert f'id="comment-{ids[0]}"' in fetch(agent, f"{url}?c={ids[0]}")


def test_a_notification_leads_to_the_comment_wherever_it_stands(
    agent: FlaskClient, csrf_token: Token, world: World, database: Database
) -> None:
    with database.write() as session:
        moderate_after(session, world)
        ids = [many(session, world, number) for number in range(22)]
    url = f"/a/{world.articles['loss']}"
    assert agent.get(f"/comments/{ids[-1]}").headers["Location"] == f"{url}#comment-{ids[-1]}"
    assert agent.get(f"/comments/{ids[0]}").headers["Location"] == f"{url}/comments?page=2#comment-{ids[0]}"
    send(agent, csrf_token, f"/comments/{ids[-1]}/withdraw")
    assert agent.get(f"/comments/{ids[-1]}").headers["Location"] == "/comments/mine"


def many(session, world: World, number: int) -> int:  # type: ignore[no-untyped-def]
    from datetime import timedelta

    at = NOON - timedelta(days=2) + timedelta(minutes=5 * number)
    said = comment(session, world, f"问题 {number}", at=at)
    from talking import ZONE

    reply(session, actor(session, world, "publisher"), said.id, f"答复 {number} @李晓雯", at, ZONE)
    return said.id


def test_more_comments_need_no_more_queries(
    agent: FlaskClient, world: World, database: Database, app: object
) -> None:
    url = f"/a/{world.articles['loss']}"

    def count() -> int:
        with statements(database) as asked:
            fetch(agent, url)
        return len(asked)

    with database.write() as session:
        moderate_after(session, world)
        many(session, world, 0)
    # What is kept in memory between requests is read once.
    count()
    few = count()
    with database.write() as session:
        for number in range(1, 12):
            many(session, world, number)
    assert count() == few


def test_own_comments_are_listed_with_their_state(
    agent: FlaskClient, world: World, database: Database
) -> None:
    with database.write() as session:
        passed(session, world, "五天从哪天算？")
    page = words(fetch(agent, "/comments/mine"))
    assert "五天从哪天算？" in page
    assert "个人金融部 将在" in page


def test_a_reader_can_thank_and_withdraw_by_form(
    client: FlaskClient,
    logged_in: Callable[..., FlaskClient],
    csrf_token: Token,
    world: World,
    database: Database,
) -> None:
    with database.write() as session:
        said = passed(session, world).id
    publisher = logged_in(client, "publisher")
    send(publisher, csrf_token, f"/comments/{said}/thank")
    assert 'aria-pressed="true"' in section(
        fetch(publisher, f"/a/{world.articles['loss']}"), f"comment-{said}"
    )
    send(publisher, csrf_token, f"/comments/{said}/withdraw", 403)
