"""The sessions of a request read one moment, and nothing that one of them does is left behind."""

import pytest
from pages import statements
from small_bank import World
from sqlalchemy import select, text

from kb.database import Database
from kb.models import Department
from kb.nodes import tree


def name(session) -> str:
    return str(session.scalar(select(Department.name).where(Department.id == 1)))


def rename(database: Database, to: str) -> None:
    with database.write() as session:
        session.get_one(Department, 1).name = to


def test_all_sessions_of_a_snapshot_see_the_same_moment_and_the_next_one_sees_more(
    database: Database,
) -> None:
    snapshot = database.snapshot()
    with snapshot.session() as session:
        before = name(session)
    rename(database, "改名的部门")
    with snapshot.session() as session:
        assert name(session) == before
    snapshot.end()
    with database.snapshot().session() as session:
        assert name(session) == "改名的部门"


def test_what_a_reader_writes_is_undone_and_holds_nobody_up(database: Database) -> None:
    snapshot = database.snapshot()
    with snapshot.session() as session:
        before = name(session)
        session.get_one(Department, 1).name = "没有保存"
        session.flush()
    assert snapshot.is_over
    rename(database, f"{before}！")
    with database.read() as session:
        assert name(session) == f"{before}！"


def test_a_snapshot_in_which_a_question_failed_is_over(database: Database) -> None:
    snapshot = database.snapshot()
    with pytest.raises(Exception, match="nowhere"), snapshot.session() as session:
        session.execute(text("SELECT nothing FROM nowhere"))
    assert snapshot.is_over


def test_ending_waits_for_the_session_that_is_open(database: Database) -> None:
    snapshot = database.snapshot()
    with snapshot.session() as session:
        snapshot.end()
        assert name(session)
    assert snapshot.is_over


def test_the_structure_is_asked_for_once(database: Database, world: World) -> None:
    snapshot = database.snapshot()
    with snapshot.session() as session:
        tree(session)
    with statements(database) as asked, snapshot.session() as session:
        tree(session)
    assert asked == []
    snapshot.end()
