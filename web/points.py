"""Contribution points of a team: who helped how much in a period, on the page and as a file."""

from datetime import date, datetime, timedelta
from enum import StrEnum

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from kb import audit
from kb.access import Permission, may
from kb.clock import day_start, local_day
from kb.departments import all_departments
from kb.points import Standing, standings
from web.addresses import LARGEST_ID
from web.session import current_actor
from web.spreadsheets import dated, table_answer
from web.transactions import now, reading, services, writing

blueprint = Blueprint("points", __name__, url_prefix="/points")


class Period(StrEnum):
    """A stretch of the bank's calendar."""

    MONTH = "month"
    LAST_MONTH = "last_month"
    QUARTER = "quarter"
    YEAR = "year"


@blueprint.get("")
def page() -> str:
    """Show who earned points in a period: in one's own department, or in all for those who see all."""
    actor = current_actor()
    period, department_id = _period(), _department()
    since, until = bounds(period, now())
    with reading() as session:
        return render_template(
            "points/page.html",
            rows=standings(session, actor, since, until, department_id),
            period=period,
            periods=period_labels(),
            department_id=department_id,
            departments=all_departments(session) if may(actor, Permission.INSIGHT_READ) else [],
            since=since,
            until=until - timedelta(seconds=1),
        )


@blueprint.get("/export.<any(csv, xlsx):kind>")
def export(kind: str) -> Response:
    """Send the same table as a file; who took it is in the audit log."""
    actor, moment, period = current_actor(), now(), _period()
    since, until = bounds(period, moment)
    with writing() as session:
        rows = standings(session, actor, since, until, _department())
        detail = {"period": period.value, "rows": len(rows), "format": kind}
        audit.record(session, actor, "points.export", "points", moment, detail=detail)
    heads = [_("姓名"), _("工号"), _("部门"), _("积分"), _("被采纳"), _("已解决"), _("被感谢")]
    name = dated(_("积分"), local_day(since, services().zone))
    return table_answer(kind, name, heads, [_cells(row) for row in rows])


@blueprint.app_template_global()
def sees_all_points() -> bool:
    """Return whether the person sees the points of everybody, without asking the database."""
    return bool(may(current_actor(), Permission.INSIGHT_READ))


@blueprint.app_template_global()
def point_causes() -> dict[str, str]:
    """Return for what points are given, in words, by cause."""
    return {"adopted": _("评论被采纳"), "solved": _("问题已解决"), "thanked": _("收到感谢")}


def period_labels() -> dict[Period, str]:
    """Return the periods in words."""
    return {
        Period.MONTH: _("本月"),
        Period.LAST_MONTH: _("上月"),
        Period.QUARTER: _("本季"),
        Period.YEAR: _("今年"),
    }


def bounds(period: Period, moment: datetime) -> tuple[datetime, datetime]:
    """Return the first instant of a period and the first one after it, by the bank's calendar."""
    zone = services().zone
    today = local_day(moment, zone)
    first = today.replace(day=1)
    if period is Period.LAST_MONTH:
        end, first = first, (first - timedelta(days=1)).replace(day=1)
    elif period is Period.QUARTER:
        first = first.replace(month=(today.month - 1) // 3 * 3 + 1)
        end = _months_later(first, 3)
    elif period is Period.YEAR:
        first = date(today.year, 1, 1)
        end = date(today.year + 1, 1, 1)
    else:
        end = _months_later(first, 1)
    return day_start(first, zone), day_start(end, zone)


def _months_later(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _period() -> Period:
    asked = request.args.get("period", "")
    return Period(asked) if asked in tuple(Period) else Period.MONTH


def _department() -> int | None:
    asked = request.args.get("department", type=int)
    return asked if asked is not None and 0 < asked <= LARGEST_ID else None


def _cells(row: Standing) -> list[str | int]:
    counts = [row.total, row.adopted, row.solved, row.thanked]
    return [row.name, row.staff_number, row.department, *counts]
