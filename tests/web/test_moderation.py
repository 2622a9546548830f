"""The moderators' queue: its page, verdicts by form and by script, undoing, and its number of queries."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from pages import fetch, statements, words
from small_bank import NOON, World
from talking import comment

from kb.database import Database
from kb.models import Comment

Token = Callable[[FlaskClient], str]


@pytest.fixture
def reviewer(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of the reviewer."""
    return logged_in(client, "reviewer")


def judge(client: FlaskClient, csrf_token: Token, way: str = "verdict", **values: object):  # type: ignore[no-untyped-def]
    headers = {"Accept": "application/json"} if values.pop("json", False) else {}
    return client.post(
        f"/moderate/comments/{way}", data={"csrf_token": csrf_token(client), **values}, headers=headers
    )


def waiting(database: Database, world: World, count: int = 1, **values: object) -> list[int]:
    with database.write() as session:
        return [
            comment(
                session,
                world,
                f"问题 {number}，稳赚吗？",
                at=NOON - timedelta(hours=30) + timedelta(hours=number),
                **values,
            ).id
            for number in range(count)
        ]


def state(database: Database, comment_id: int) -> str:
    with database.read() as session:
        return session.get_one(Comment, comment_id).state


def test_the_queue_marks_sensitive_words_and_shows_the_author(
    reviewer: FlaskClient, world: World, database: Database
) -> None:
    waiting(database, world)
    html = fetch(reviewer, "/moderate/comments")
    assert "<mark>稳赚</mark>" in html
    assert "李晓雯" in html
    assert "历史：公开 0，未通过 0，待审 1" in words(html)


@pytest.mark.parametrize("role", ["agent", "publisher"])
def test_others_have_no_queue(
    client: FlaskClient,
    logged_in: Callable[..., FlaskClient],
    csrf_token: Token,
    world: World,
    database: Database,
    role: str,
) -> None:
    (said,) = waiting(database, world, role="manager")
    other = logged_in(client, role)
    fetch(other, "/moderate/comments", 403)
    fetch(other, "/moderate/rules", 403)
    answer = judge(other, csrf_token, id=said, verdict="pass", json=True)
    assert answer.get_json()["done"] == []
    assert state(database, said) == "pending"


def test_a_verdict_by_form_offers_to_undo_and_undoing_works(
    reviewer: FlaskClient, csrf_token: Token, world: World, database: Database
) -> None:
    ids = waiting(database, world, 2)
    answer = judge(reviewer, csrf_token, id=ids, verdict="pass", tab="pending")
    assert answer.status_code == 303
    page = fetch(reviewer, answer.headers["Location"])
    assert "已通过 2 条" in words(page)
    assert "刚才的处理可以在几秒内撤销" in words(page)
    assert [state(database, said) for said in ids] == ["visible", "visible"]
    judge(reviewer, csrf_token, "undo", id=ids)
    assert [state(database, said) for said in ids] == ["pending", "pending"]


def test_a_script_is_told_what_was_done_and_what_was_refused(
    reviewer: FlaskClient, csrf_token: Token, world: World, database: Database
) -> None:
    (theirs,) = waiting(database, world)
    (own,) = waiting(database, world, role="reviewer")
    answer = judge(
        reviewer, csrf_token, id=[theirs, own], verdict="reject", reason="重复", json=True
    ).get_json()
    assert answer["done"] == [theirs]
    assert answer["refused"] == {str(own): "不能审核自己的评论。"}


@pytest.mark.parametrize(
    "values",
    [
        {"verdict": "delete", "id": 1},
        {"verdict": "pass"},
        {"verdict": "reject", "id": 1},
        {"verdict": "pass", "id": "x"},
    ],
)
def test_a_senseless_verdict_is_refused(
    reviewer: FlaskClient, csrf_token: Token, values: dict[str, object]
) -> None:
    assert judge(reviewer, csrf_token, json=True, **values).status_code == 422


@pytest.mark.parametrize(
    "query",
    ["tab=x&page=-1&node=abc", "department=99999999999&page=9999999", "sensitive=1&kind=error&author=3"],
)
def test_strange_filters_still_show_a_page(reviewer: FlaskClient, query: str) -> None:
    fetch(reviewer, f"/moderate/comments?{query}")


def test_more_comments_need_no_more_queries(reviewer: FlaskClient, world: World, database: Database) -> None:
    def count() -> int:
        with statements(database) as asked:
            fetch(reviewer, "/moderate/comments")
        return len(asked)

    waiting(database, world, 2)
    # What is kept in memory between requests is read once.
    count()
    few = count()
    waiting(database, world, 20, article="annual-fee", number=1)
    assert count() == few
    assert few <= 19


def test_a_manager_decides_how_a_category_is_moderated(
    client: FlaskClient,
    logged_in: Callable[..., FlaskClient],
    csrf_token: Token,
    world: World,
    database: Database,
) -> None:
    manager = logged_in(client, "manager")
    node = world.nodes["personal"]
    answer = manager.post(f"/moderate/rules/{node}", data={"csrf_token": csrf_token(manager), "mode": "post"})
    assert answer.status_code == 303
    assert "先发后审" in words(fetch(manager, "/moderate/rules"))
    with database.write() as session:
        said = comment(session, world, "五天从哪天算？").id
    assert state(database, said) == "visible"
