"""The pages of improvement tasks: list, course, every step by form, and their number of queries."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from pages import fetch, statements, words
from small_bank import NOON, World
from talking import passed, task_of

from kb.clock import FixedClock
from kb.database import Database

Token = Callable[[FlaskClient], str]


@pytest.fixture
def publisher(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of the publisher, whose department owns the article about lost cards."""
    return logged_in(client, "publisher")


def waiting(database: Database, world: World, count: int = 1, first: int = 0) -> list[int]:
    with database.write() as session:
        return [
            task_of(
                session, passed(session, world, f"问题 {number}", at=NOON - timedelta(hours=60 - number))
            ).id
            for number in range(first, first + count)
        ]


def step(
    client: FlaskClient, csrf_token: Token, task: int, way: str, status: int = 303, **values: object
) -> str:
    answer = client.post(f"/tasks/{task}/{way}", data={"csrf_token": csrf_token(client), **values})
    assert answer.status_code == status, answer.text
    return answer.text


def test_the_list_marks_what_is_overdue(
    client: FlaskClient,
    logged_in: Callable[..., FlaskClient],
    world: World,
    database: Database,
    clock: FixedClock,
) -> None:
    waiting(database, world)
    clock.at = NOON + timedelta(hours=24)
    page = words(fetch(logged_in(client, "publisher"), "/tasks"))
    assert "问题 0" in page
    assert "已超期" in page


def test_a_task_is_adopted_and_declined_with_its_course(
    publisher: FlaskClient, csrf_token: Token, world: World, database: Database
) -> None:
    (task,) = waiting(database, world)
    step(publisher, csrf_token, task, "adopt")
    page = step(publisher, csrf_token, task, "decline", 422, reason="")
    assert "请填写理由" in words(page)
    step(publisher, csrf_token, task, "decline", reason="与监管要求不符")
    page = words(fetch(publisher, f"/tasks/{task}"))
    assert "未采纳" in page
    assert "与监管要求不符" in page


def test_an_official_answer_closes_the_task_and_stands_under_the_article(
    publisher: FlaskClient, csrf_token: Token, world: World, database: Database
) -> None:
    (task,) = waiting(database, world)
    long = "答" * 1500
    assert long in step(publisher, csrf_token, task, "answer", 422, text=long)
    step(publisher, csrf_token, task, "answer", text="自登记次日起算五天。")
    assert "自登记次日起算五天。" in fetch(publisher, f"/a/{world.articles['loss']}")
    assert "已答复" in words(fetch(publisher, f"/tasks/{task}"))


def test_a_task_handed_over_leaves_the_list(
    publisher: FlaskClient, csrf_token: Token, world: World, database: Database
) -> None:
    (task,) = waiting(database, world)
    page = step(publisher, csrf_token, task, "transfer", 422, reason="属于信用卡中心的口径")
    assert "属于信用卡中心的口径</textarea>" in page
    step(publisher, csrf_token, task, "transfer", department=world.departments["cards"], reason="属于信用卡")
    fetch(publisher, f"/tasks/{task}", 404)


@pytest.mark.parametrize("role", ["agent", "admin"])
def test_who_writes_nothing_has_no_tasks(
    client: FlaskClient, logged_in: Callable[..., FlaskClient], world: World, database: Database, role: str
) -> None:
    (task,) = waiting(database, world)
    other = logged_in(client, role)
    fetch(other, "/tasks", 403)
    fetch(other, f"/tasks/{task}", 404)


def test_more_tasks_need_no_more_queries(publisher: FlaskClient, world: World, database: Database) -> None:
    def count() -> int:
        with statements(database) as asked:
            fetch(publisher, "/tasks")
        return len(asked)

    waiting(database, world, 1)
    # What is kept in memory between requests is read once.
    count()
    few = count()
    waiting(database, world, 9, first=1)
    assert count() == few
    assert few <= 14


def test_figures_tell_how_long_tasks_lay(
    publisher: FlaskClient, csrf_token: Token, world: World, database: Database, clock: FixedClock
) -> None:
    (task,) = waiting(database, world)
    clock.at = NOON - timedelta(hours=55)
    step(publisher, csrf_token, task, "adopt")
    assert "5 小时" in words(fetch(publisher, "/tasks"))
