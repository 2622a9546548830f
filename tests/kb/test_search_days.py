"""Packed days say what the records say, close in time, and are forgotten with the records."""

import random
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from small_bank import NOON, World, seats
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from kb.activity import forget_before
from kb.clock import FixedClock, day_start, local_day
from kb.database import Database
from kb.insights import Period, figures, hours, queries, searched
from kb.models import Search, SearchDay
from kb.search_days import close_day, events_between, next_to_close
from tests.pages import statements
from web.chores import DAYS_AT_ONCE, Chores

ZONE = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
TODAY = day_start(local_day(NOON, ZONE), ZONE)


@pytest.fixture
def session(database: Database, world: World) -> Iterator[Session]:
    """Twelve agents of two departments, and 900 searches of twelve days."""
    chance = random.Random(11)
    with database.write() as opened:
        people = seats(world)
        opened.add_all(people)
        opened.flush()
        for _row in range(900):
            text = chance.choice(["挂失", "补卡", "限额", "", f"问题{chance.randint(0, 30)}"])
            total = chance.choice([0, 4])
            rank = chance.choice([None, 1, 3]) if total else None
            opened.add(
                Search(
                    person_id=chance.choice(people).id,
                    text=text,
                    folded=text,
                    total=total,
                    opened_rank=rank,
                    opened_after_ms=chance.randint(900, 9000) if rank else None,
                    is_reformulation=chance.random() < 0.2,
                    searched_at=NOON - timedelta(seconds=chance.randint(1, 12 * 86400)),
                )
            )
        opened.flush()
        yield opened


def close_all(session: Session) -> int:
    closed = 0
    while (day := next_to_close(session, NOON, ZONE)) is not None:
        close_day(session, *day)
        closed += 1
    return closed


def test_packed_days_say_what_the_records_say(session: Session, world: World) -> None:
    periods = [
        Period(start, end, department)
        for start, end in ((NOON - 30 * DAY, NOON), (TODAY - 5 * DAY, TODAY + DAY), (NOON - 3 * DAY, NOON))
        for department in (None, world.departments["service"], world.departments["cards"], 999)
    ]
    before = [told(session, period) for period in periods]
    assert close_all(session) == 12
    assert [told(session, period) for period in periods] == before
    assert before[0][0].searches == 900


def test_many_people_and_queries_are_counted_by_their_pairs(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = events_between(session, NOON - 30 * DAY, NOON)
    counted = queries(session, events)
    assert counted.top[0].people > 5
    monkeypatch.setattr("kb.insights.LARGEST_GRID", 1)
    assert queries(session, events) == counted


def told(session: Session, period: Period) -> tuple[object, ...]:
    events = searched(session, period)
    return figures(session, period, events), hours(events), queries(session, events)


def test_closed_days_are_read_packed_and_only_the_open_ones_from_the_records(session: Session) -> None:
    close_all(session)
    kept = session.scalar(select(func.count()).where(Search.searched_at >= TODAY))
    session.execute(delete(Search).where(Search.searched_at < TODAY))
    assert len(events_between(session, NOON - 30 * DAY, NOON)) == 900
    assert len(events_between(session, TODAY, NOON)) == kept


def test_a_day_is_closed_an_hour_after_its_end_when_nothing_is_opened_any_more(session: Session) -> None:
    close_all(session)
    assert next_to_close(session, TODAY + DAY + timedelta(minutes=59), ZONE) is None
    assert next_to_close(session, TODAY + DAY + timedelta(minutes=60), ZONE) == (TODAY, TODAY + DAY)


def test_what_is_forgotten_is_forgotten_packed_as_well(session: Session) -> None:
    close_all(session)
    moment = NOON - 4 * DAY
    forget_before(session, moment)
    assert session.scalar(select(func.min(SearchDay.starts_at))) >= moment
    kept = session.scalars(select(Search.id)).all()
    found = events_between(session, NOON - 30 * DAY, NOON)
    assert sorted(found["search"].tolist()) == sorted(kept)
    assert next_to_close(session, NOON, ZONE) is None


def test_scattered_holes_are_read_at_once(session: Session, database: Database) -> None:
    whole = events_between(session, NOON - 30 * DAY, NOON)
    close_all(session)
    rows = session.scalars(select(SearchDay).order_by(SearchDay.starts_at)).all()
    for row in rows[::2]:
        session.delete(row)
    session.flush()
    with statements(database) as asked:
        found = events_between(session, NOON - 30 * DAY, NOON)
    assert len(asked) == 2
    assert np.array_equal(np.sort(found["search"]), np.sort(whole["search"]))


def test_a_quiet_bank_has_nothing_to_close(database: Database, world: World) -> None:
    with database.read() as session:
        assert next_to_close(session, NOON, ZONE) is None
        assert len(events_between(session, NOON - DAY, NOON)) == 0
        assert queries(session, events_between(session, NOON - DAY, NOON)).top == []


def test_the_chore_closes_some_days_at_a_time(database: Database, world: World) -> None:
    with database.write() as session:
        first = {"person_id": world.people["agent"], "text": "旧", "folded": "旧", "total": 1}
        session.add(Search(**first, searched_at=NOON - (DAYS_AT_ONCE + 4) * DAY))
    chores = Chores(database, FixedClock(NOON), ZONE, courier=None)  # type: ignore[arg-type]
    assert [chores.close_days() for _run in range(3)] == [DAYS_AT_ONCE, 4, 0]
