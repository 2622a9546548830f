"""Counts working days, by which the clock of a task runs, by the calendar that the bank keeps."""

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor
from kb.errors import Invalid
from kb.models import CalendarDay

SATURDAY = 5
FREE, WORKED = "休", "班"
LONGEST_LINES = 2000
# Further ahead than any task is allowed to take, with the longest holidays in between.
LOOKED_AHEAD = timedelta(days=90)


def after_working_days(session: Session, start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the instant at the same time of day some working days later.

    Saturdays, Sundays and the holidays of the calendar do not count; weekends that the calendar names
    as worked do. What begins on a free day begins on the next working day at the same time.

    Args:
        start: Aware instant.
        days: How many working days.
        zone: The bank's zone, whose calendar decides.
    """
    local = start.astimezone(zone)
    known = _exceptions(session, local.date(), local.date() + LOOKED_AHEAD)
    while not _is_working(local.date(), known):
        local += timedelta(days=1)
    for _ in range(days):
        local += timedelta(days=1)
        while not _is_working(local.date(), known):
            local += timedelta(days=1)
    return local.astimezone(start.tzinfo)


def _is_working(day: date, known: Mapping[date, bool]) -> bool:
    return known.get(day, day.weekday() < SATURDAY)


def _exceptions(session: Session, first: date, last: date) -> dict[date, bool]:
    rows = session.execute(
        select(CalendarDay.day, CalendarDay.is_working).where(CalendarDay.day.between(first, last))
    )
    return {day: is_working for day, is_working in rows}


def read_calendar(text: str) -> dict[date, bool]:
    """Return the exceptions that a CSV text lists: a date, and ``休`` or ``班``; other columns are notes.

    Raises:
        Invalid: with the line that cannot be read; nothing is taken from such a text.
    """
    found: dict[date, bool] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text)), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0] in ("日期", "date")):
            continue
        try:
            day, kind = date.fromisoformat(cells[0]), cells[1]
        except (ValueError, IndexError):
            raise Invalid(f"第 {number} 行读不懂：应为 2026-10-01,{FREE} 或 2026-10-10,{WORKED}。") from None
        if kind not in (FREE, WORKED) or len(found) >= LONGEST_LINES:
            raise Invalid(f"第 {number} 行读不懂：第二列应为“{FREE}”或“{WORKED}”，最多 {LONGEST_LINES} 行。")
        found[day] = kind == WORKED
    if not found:
        raise Invalid("文件里没有日期。")
    return found


def replace_calendar(session: Session, actor: Actor | None, days: Mapping[date, bool], at: datetime) -> None:
    """Take over the exceptions of the years that occur among them; other years stay as they are.

    Args:
        actor: Who does it; ``None`` is the operator at the command line.
    """
    years = sorted({day.year for day in days})
    for year in years:
        session.execute(
            delete(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
        )
    session.add_all([CalendarDay(day=day, is_working=is_working) for day, is_working in sorted(days.items())])
    session.flush()
    audit.record(
        session, actor, "calendar.replace", "calendar", at, detail={"years": years, "days": len(days)}
    )


def calendar_of(session: Session) -> list[CalendarDay]:
    """Return all exceptions in order."""
    return list(session.scalars(select(CalendarDay).order_by(CalendarDay.day)))
