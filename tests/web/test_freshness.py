"""A list asked for again is either still right to the letter, or sent anew; never what rights or time forbid."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from pages import statements, titles
from small_bank import NOON, World
from sqlalchemy import select
from werkzeug.test import TestResponse

from kb.articles import add_revision, approve
from kb.clock import FixedClock
from kb.database import Database
from kb.models import Article, AudienceRule, Node, Person, PersonRole, Revision, Search
from kb.revision_text import RevisionText
from tests.pages import fetch

LIST = "/search?q=年费"
FRAGMENT = {"X-KB-Fragment": "results"}


def ask(client: FlaskClient, tag: str = "", url: str = LIST) -> TestResponse:
    headers = {**FRAGMENT, **({"If-None-Match": f'"{tag}"'} if tag else {})}
    with client.get(url, headers=headers) as answer:
        answer.get_data()
        return answer


@pytest.fixture
def reader(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    return logged_in(client, "publisher")


@pytest.fixture
def tag(reader: FlaskClient) -> Iterator[str]:
    answer = ask(reader)
    assert answer.status_code == 200
    found = answer.get_etag()[0]
    assert found
    return found


def test_an_unchanged_list_is_neither_searched_nor_sent_again(
    reader: FlaskClient, tag: str, database: Database
) -> None:
    with statements(database) as asked:
        answer = ask(reader, tag)
    assert (answer.status_code, answer.get_data()) == (304, b"")
    assert answer.get_etag()[0] == tag
    assert "no-store" in answer.headers["Cache-Control"]
    assert not any("FROM revisions JOIN" in statement for statement in asked)


def test_another_login_never_gets_an_answer_by_a_foreign_tag(
    reader: FlaskClient, tag: str, app: object, logged_in: Callable[..., FlaskClient]
) -> None:
    other = logged_in(reader.application.test_client(), "agent")
    assert ask(other, tag).status_code == 200


def test_an_article_that_changed_is_sent_anew(
    reader: FlaskClient, tag: str, database: Database, world: World, catch_up: Callable[[], object]
) -> None:
    with database.write() as session:
        article = session.get_one(Article, world.articles["annual-fee"])
        text = RevisionText("信用卡年费减免新办法", "年费减免的新条件。")
        approve(session, add_revision(session, article, text, NOON), NOON)
    catch_up()
    answer = ask(reader, tag)
    assert answer.status_code == 200
    assert "信用卡年费减免新办法" in titles(answer.text)


def test_who_lost_the_right_gets_a_list_without_what_they_lost(
    reader: FlaskClient, database: Database, world: World
) -> None:
    with database.read() as session:
        title = session.scalar(
            select(Revision.title).where(Revision.article_id == world.articles["restricted"])
        )
    url = f"/search?q={title}"
    before = ask(reader, url=url)
    assert title in titles(before.text)
    assert ask(reader, before.get_etag()[0], url).status_code == 304
    with database.write() as session:
        for rule in session.scalars(select(AudienceRule)):
            session.delete(rule)
    after = ask(reader, before.get_etag()[0], url)
    assert after.status_code == 200
    assert title not in titles(after.text)


def test_who_lost_a_role_or_moved_gets_a_new_list(
    reader: FlaskClient, tag: str, database: Database, world: World
) -> None:
    with database.write() as session:
        session.add(PersonRole(person_id=world.people["publisher"], role="agent"))
    changed = ask(reader, tag)
    assert changed.status_code == 200
    with database.write() as session:
        session.get_one(Person, world.people["publisher"]).department_id = world.departments["ops"]
    assert ask(reader, changed.get_etag()[0]).status_code == 200


def test_the_second_at_which_a_text_begins_or_ends_is_a_new_list(
    reader: FlaskClient, clock: FixedClock, database: Database, world: World
) -> None:
    turn = NOON + timedelta(minutes=3, seconds=20)
    with database.write() as session:
        session.execute(
            Revision.__table__.update()
            .where(Revision.article_id == world.articles["today"])
            .values(shown_to=turn, effective_to=turn)
        )
    clock.at = turn - timedelta(seconds=1)
    before = ask(reader)
    assert ask(reader, before.get_etag()[0]).status_code == 304
    clock.at = turn
    assert ask(reader, before.get_etag()[0]).status_code == 200


def test_renaming_a_category_and_locking_the_time_make_new_lists(
    reader: FlaskClient, database: Database, world: World, csrf_token: Callable[[FlaskClient], str]
) -> None:
    known = ask(reader).get_etag()[0]
    with database.write() as session:
        session.get_one(Node, world.nodes["personal"]).title = "个人"
    answer = ask(reader, known)
    assert answer.status_code == 200
    form = {"time": "week", "csrf_token": csrf_token(reader)}
    assert reader.post("/search/lock", data=form).status_code == 303
    locked = ask(reader, answer.get_etag()[0])
    assert locked.status_code == 200
    assert ask(reader, locked.get_etag()[0]).status_code == 304


def test_coming_back_to_a_list_counts_as_asking_again_after_another_question(
    reader: FlaskClient, tag: str, database: Database
) -> None:
    def searches() -> list[str]:
        with database.read() as session:
            return list(session.scalars(select(Search.text).order_by(Search.id)))

    assert ask(reader, tag).status_code == 304
    assert searches()[-1:] == ["年费"]
    count = len(searches())
    fetch(reader, "/search?q=挂失")
    assert ask(reader, tag).status_code == 304
    assert searches()[count:] == ["挂失", "年费"]


def test_a_whole_page_has_no_tag_and_stays_out_of_every_cache(reader: FlaskClient) -> None:
    with reader.get(LIST) as answer:
        assert answer.get_etag() == (None, None)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "X-KB-Fragment" in answer.headers["Vary"]
