"""What a person asked to see of the figures: a preset or two days, and a department."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import request
from flask_babel import gettext as _

from kb.clock import day_start, local_day
from kb.insights import Period
from web.transactions import now, services

PRESETS = {"today": 1, "week": 7, "month": 30}
LONGEST_DAYS = 400


@dataclass(frozen=True)
class Choice:
    """What a person asked to see: a preset or two days, both included, and a department."""

    preset: str
    first: date
    last: date
    department_id: int | None

    def period(self) -> Period:
        """Return the instants that the days stand for in the bank's zone."""
        zone = services().zone
        end = day_start(self.last + timedelta(days=1), zone)
        return Period(day_start(self.first, zone), end, self.department_id)

    def parameters(self, **changes: object) -> dict[str, object]:
        """Return the choice as parameters of an address."""
        own: dict[str, object] = {"preset": self.preset, "department": self.department_id}
        if self.preset == "custom":
            own |= {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return {name: value for name, value in {**own, **changes}.items() if value is not None}


def read_choice(problems: dict[str, str]) -> Choice:
    """Return what the address asks for; what cannot be read is told in ``problems`` by its field."""
    today = local_day(now(), services().zone)
    preset = request.args.get("preset", "week")
    department = request.args.get("department", type=int)
    if preset != "custom":
        preset = preset if preset in PRESETS else "week"
        return Choice(preset, today - timedelta(days=PRESETS[preset] - 1), today, department)
    first, last = _day("from", problems) or today, _day("to", problems) or today
    if first > last:
        problems["to"] = _("结束日期不能早于开始日期。")
    elif (last - first).days >= LONGEST_DAYS:
        problems["to"] = _("一次最多看 %(n)s 天。", n=LONGEST_DAYS)
    if problems:
        return Choice("week", today - timedelta(days=6), today, department)
    return Choice(preset, first, last, department)


def _day(name: str, problems: dict[str, str]) -> date | None:
    text = request.args.get(name, "").strip()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        problems[name] = _("日期请写成 2026-01-31。")
        return None
    if not 2000 <= day.year <= 2100:
        problems[name] = _("日期请写成 2026-01-31。")
        return None
    return day
