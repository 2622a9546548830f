"""Counts working days, by which the clock of a task runs."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SATURDAY = 5


def after_working_days(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the instant at the same time of day some working days later.

    Saturdays and Sundays do not count; public holidays are not known and do. What begins on a weekend
    begins on the next working day at the same time.

    Args:
        start: Aware instant.
        days: How many working days.
        zone: The bank's zone, whose calendar decides.
    """
    local = start.astimezone(zone)
    while local.weekday() >= SATURDAY:
        local += timedelta(days=1)
    for _ in range(days):
        local += timedelta(days=1)
        while local.weekday() >= SATURDAY:
            local += timedelta(days=1)
    return local.astimezone(start.tzinfo)
