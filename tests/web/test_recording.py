"""What can wait is written down by one thread, many notes in one transaction, and none is lost at the end."""

import threading
from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from pages import fetch, statements
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from kb.database import Database
from kb.models import Person, Search
from web.recording import Notebook, keep_notebook


def named(session: Session, name: str) -> None:
    session.execute(text("UPDATE departments SET code = code || :name WHERE id = 1"), {"name": name})


def code(database: Database) -> str:
    with database.read() as session:
        return str(session.scalar(text("SELECT code FROM departments WHERE id = 1")))


def test_closing_writes_down_what_waits(database: Database) -> None:
    before, notebook = code(database), Notebook(database)
    for name in "abc":
        notebook.add(lambda session, name=name: named(session, name))
    notebook.close()
    assert code(database) == f"{before}abc"


def test_a_note_that_fails_takes_no_other_with_it(database: Database) -> None:
    before, notebook = code(database), Notebook(database)
    notebook.add(lambda session: named(session, "a"))
    notebook.add(lambda session: session.execute(text("SELECT nothing FROM nowhere")))
    notebook.add(lambda session: session.get_one(Person, 999_999))
    notebook.add(lambda _session: [][0])
    notebook.add(lambda session: named(session, "b"))
    notebook.close()
    assert code(database) == f"{before}ab"


def test_notes_of_the_same_moment_share_one_transaction(database: Database) -> None:
    notebook, opened, begun = Notebook(database), [], threading.Event()

    def note(session: Session) -> None:
        opened.append(session)
        begun.set()

    for _number in range(20):
        notebook.add(note)
    notebook.close()
    assert begun.is_set()
    assert len(opened) == 20
    assert len({id(session) for session in opened}) == 1


def test_a_served_search_waits_for_no_writer_and_is_noted_all_the_same(
    app: Flask, client: FlaskClient, logged_in: Callable[..., FlaskClient], database: Database
) -> None:
    agent = logged_in(client)
    notebook = keep_notebook(app)
    with database.read() as session:
        before = session.scalar(select(func.count()).select_from(Search))
    with statements(database) as asked, database.write():
        # Somebody else has the writer all the while.
        fetch(agent, "/search?q=补卡")
        assert not [statement for statement in asked if statement.startswith("INSERT")]
    notebook.close()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Search)) == before + 1
