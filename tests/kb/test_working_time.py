"""Working days follow the week and the bank's calendar, which the operator imports year by year."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from kb.database import Database
from kb.errors import Invalid
from kb.models import AuditEvent
from kb.working_time import after_working_days, calendar_of, read_calendar, replace_calendar
from tests.small_bank import NOON
from web.cli import run

ZONE = ZoneInfo("Asia/Shanghai")
# The week before a long holiday, which is made up for on the Saturday after it.
HOLIDAYS = "日期,安排,说明\n2026-10-01,休,国庆节\n2026-10-02,休\n2026-10-05,休\n\n2026-10-10,班,补班\n"


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 14, 5, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        pytest.param(at(9, 30), 1, at(10, 6), id="over the holidays and a weekend"),
        pytest.param(at(10, 2), 1, at(10, 7), id="begun on a holiday"),
        pytest.param(at(10, 9), 1, at(10, 10), id="a worked Saturday counts"),
        pytest.param(at(10, 9), 2, at(10, 12), id="the Sunday after it is free"),
        pytest.param(at(9, 21), 3, at(9, 24), id="an ordinary week"),
    ],
)
def test_holidays_do_not_count_and_worked_weekends_do(
    database: Database, start: datetime, days: int, due: datetime
) -> None:
    with database.write() as session:
        replace_calendar(session, None, read_calendar(HOLIDAYS), NOON)
        assert after_working_days(session, start, days, ZONE) == due


@pytest.mark.parametrize(
    "text", ["", "日期,安排\n", "2026-10-01\n", "2026-10-01,放假\n", "10月1日,休\n", "2026-10-01,休\nx,班\n"]
)
def test_a_calendar_that_cannot_be_read_is_refused_whole(text: str) -> None:
    with pytest.raises(Invalid):
        read_calendar(text)


def test_a_file_replaces_its_years_and_leaves_others(
    home: Path,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with database.write() as session:
        former = {date(2025, 10, 1): False, date(2026, 1, 1): False}
        replace_calendar(session, None, former, NOON)
    monkeypatch.setenv("KB_HOME", str(home))
    file = tmp_path / "calendar.csv"
    file.write_text(HOLIDAYS, "utf-8-sig")
    assert run(["calendar", "import", str(file)]) == 0
    with database.read() as session:
        days = [row.day for row in calendar_of(session)]
        actions = session.scalars(select(AuditEvent.action)).all()
    assert days == [
        date(2025, 10, 1),
        date(2026, 10, 1),
        date(2026, 10, 2),
        date(2026, 10, 5),
        date(2026, 10, 10),
    ]
    assert actions.count("calendar.replace") == 2
    capsys.readouterr()
    assert run(["calendar", "list"]) == 0
    assert "2026-10-10,班" in capsys.readouterr().out
    file.write_text("2026-10-01,也许\n", "utf-8")
    assert run(["calendar", "import", str(file)]) == 1
    with database.read() as session:
        assert len(calendar_of(session)) == 5
