"""What people and programs write for an instant is read in one place, in the bank's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kb.clock import DayMeans, read_wall_clock

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "day_means", "expected"),
    [
        ("2026-03-03", DayMeans.BEGIN, datetime(2026, 3, 2, 16, tzinfo=UTC)),
        ("2026-03-03", DayMeans.END, datetime(2026, 3, 3, 15, 59, 59, tzinfo=UTC)),
        ("2026-03-03", DayMeans.OVER, datetime(2026, 3, 3, 16, tzinfo=UTC)),
        (" 2026-03-03T14:05 ", DayMeans.END, datetime(2026, 3, 3, 6, 5, tzinfo=UTC)),
        ("2026-03-03 14:05:07", DayMeans.OVER, datetime(2026, 3, 3, 6, 5, 7, tzinfo=UTC)),
        ("2026-03-03T14:05:07.25+09:00", DayMeans.BEGIN, datetime(2026, 3, 3, 5, 5, 7, 250_000, tzinfo=UTC)),
        ("2026-03-03T14:05Z", DayMeans.BEGIN, datetime(2026, 3, 3, 14, 5, tzinfo=UTC)),
    ],
)
def test_a_day_or_a_time_is_read_in_the_banks_zone(
    text: str, day_means: DayMeans, expected: datetime
) -> None:
    assert read_wall_clock(text, ZONE, day_means) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "gestern", "2026-13-01", "2026-02-30T10:00", "2026-03-03T24:30", "20260303", "2026-W10-2"),
        *("2026-03-03T", "2026-03-03Z", "２０２６-03-03", "2026-03-03T14:05+99:99", "0001-01-01T00:00"),
    ],
)
def test_what_is_no_day_or_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_wall_clock(text, ZONE)


def test_the_end_of_the_calendar_is_no_accident() -> None:
    with pytest.raises(ValueError, match="calendar"):
        read_wall_clock("9999-12-31", ZONE, DayMeans.OVER)
