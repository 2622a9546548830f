"""The system clock, and conversion between UTC inside and the bank's zone at the edge."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


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


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day that the bank's wall calendar shows at an instant."""
    return instant.astimezone(zone).date()
