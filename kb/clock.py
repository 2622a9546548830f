"""The system clock, and conversion between UTC inside and the bank's zone at the edge."""

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

_WRITTEN = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|[+-]\d{2}:?\d{2})?)?\Z", re.ASCII
)


class DayMeans(Enum):
    """The instant that is meant by a day without a time."""

    BEGIN = "its first instant"
    END = "its last second"
    OVER = "the first instant after it"


class SystemClock:
    """The machine's clock, in aware UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved; for tests and dry runs.

    Args:
        at: The aware instant it shows.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the set instant."""
        return self.at


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a calendar day in the bank's zone, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def read_wall_clock(text: str, zone: ZoneInfo, day_means: DayMeans = DayMeans.BEGIN) -> datetime:
    """Return the instant that people or programs wrote, in UTC.

    Args:
        text: ``2026-03-03``, ``2026-03-03T14:05`` or ``2026-03-03 14:05``, perhaps with seconds; a time may
            end in its own zone, such as ``+08:00`` or ``Z``.
        zone: The bank's zone, for times without one.
        day_means: What a day without a time stands for.

    Raises:
        ValueError: if it is written otherwise, or there is no such day or time.
    """
    match = _WRITTEN.match(text.strip())
    if match is None:
        raise ValueError("not written as a day or a time")
    day = date.fromisoformat(match[1])
    try:
        if match[2] is not None:
            clock = time.fromisoformat(match[2] + (match[3] or ""))
            return datetime.combine(day, clock, clock.tzinfo or zone).astimezone(UTC)
        if day_means is DayMeans.END:
            return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
        return day_start(day + timedelta(days=1) if day_means is DayMeans.OVER else day, zone)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day that the bank's wall calendar shows at an instant."""
    return instant.astimezone(zone).date()
