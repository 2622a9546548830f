"""Figures on searching and on the content, with a table behind every chart and every table to take along."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from flask import Blueprint, Flask, Response, abort, current_app, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from kb.access import Permission, audience_scope, require
from kb.clock import day_start, local_day
from kb.departments import all_departments
from kb.errors import Invalid
from kb.insights import (
    SMALLEST_GROUP,
    Figures,
    Period,
    QueryTables,
    by_day,
    by_weekday,
    figures,
    health,
    hours,
    queries,
)
from kb.rising import rising
from web.session import current_actor
from web.spreadsheets import Cell, csv_answer, xlsx_answer
from web.transactions import now, reading, services

blueprint = Blueprint("insights", __name__, url_prefix="/insights")
PRESETS = {"today": 1, "week": 7, "month": 30}
LONGEST_DAYS = 400
LISTED = 20
EXTENSION = "kb_insights"
KEPT_FOR = timedelta(minutes=1)
KEPT_CHOICES = 64
WEEKDAYS = (_l("周一"), _l("周二"), _l("周三"), _l("周四"), _l("周五"), _l("周六"), _l("周日"))
TABLES = ("trend", "clock", "queries", "empty", "health")


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


@dataclass(frozen=True)
class Kpi:
    """One figure with its change; ``good`` says whether more is better, worse, or neither."""

    label: str
    value: str
    change: float | None
    good: int


@dataclass(frozen=True)
class Sums:
    """What the page adds up from the searches of a period; the same for everybody who may see it."""

    present: Figures
    former: Figures
    days: list[tuple[str, int, int]]
    clock: list[tuple[int, int, int]]
    tables: QueryTables


def install(app: Flask) -> None:
    """Give the app a place to keep the sums of the last minute."""
    app.extensions[EXTENSION] = {}


@blueprint.get("")
def page() -> str | tuple[str, int]:
    """Show the figures of a period."""
    require(current_actor(), Permission.INSIGHT_READ)
    problems: dict[str, str] = {}
    choice = _choice(problems)
    with reading() as session:
        sums = _kept_sums(session, choice)
        present = sums.present
        scope = audience_scope(session, current_actor())
        text = render_template(
            "insights/page.html",
            choice=choice,
            presets={"today": _("今日"), "week": _("近一周"), "month": _("近一月")},
            departments=[(item.id, item.name) for item in all_departments(session)],
            present=present,
            kpis=[] if present.is_hidden else _kpis(present, sums.former),
            smallest=SMALLEST_GROUP,
            days=sums.days,
            clock=_grid(sums.clock),
            weekdays=WEEKDAYS,
            tables=sums.tables,
            health=health(session, now(), choice.department_id),
            surges=rising(session, scope, now()),
            chart=_chart(sums.days, sums.clock),
            problems=problems,
            exports={name: _export_urls(choice, name) for name in TABLES},
        )
    return (text, 422) if problems else text


def _kept_sums(session: Session, choice: Choice) -> Sums:
    """Return the sums of a choice, added up anew if those at hand are older than a minute."""
    kept: dict[Choice, tuple[datetime, Sums]] = current_app.extensions[EXTENSION]
    moment = now()
    known = kept.get(choice)
    if known is not None and timedelta(0) <= moment - known[0] < KEPT_FOR:
        return known[1]
    period, zone = choice.period(), services().zone
    present = figures(session, period)
    found = [] if present.is_hidden else hours(session, period)
    sums = Sums(
        present,
        figures(session, period.before()),
        by_day(found, period, zone),
        by_weekday(found, zone),
        queries(session, period, LISTED),
    )
    if len(kept) >= KEPT_CHOICES:
        kept.clear()
    kept[choice] = (moment, sums)
    return sums


@blueprint.get("/<any(trend, clock, queries, empty, health):table>.<any(csv, xlsx):kind>")
def export(table: str, kind: str) -> Response:
    """Send one of the tables as a file."""
    require(current_actor(), Permission.INSIGHT_READ)
    problems: dict[str, str] = {}
    choice = _choice(problems)
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    with reading() as session:
        heads, rows = _table(session, choice, table)
    send = csv_answer if kind == "csv" else xlsx_answer
    return send(f"{table}-{choice.first}-{choice.last}", heads, rows)


def _table(session: Session, choice: Choice, table: str) -> tuple[list[str], list[tuple[Cell, ...]]]:
    period = choice.period()
    if table == "health":
        heads = [
            _("部门"),
            _("现行知识"),
            _("超过一年未更新"),
            _("30 天内失效"),
            _("90 天无人阅读"),
            _("无人负责"),
        ]
        lines = health(session, now(), choice.department_id)
        return heads, [
            (line.department, line.articles, line.stale, line.ending, line.unread, line.unowned)
            for line in lines
        ]
    if figures(session, period).is_hidden:
        abort(404)
    if table in ("trend", "clock"):
        found = hours(session, period)
        if table == "trend":
            return [_("日期"), _("搜索次数"), _("无结果")], list(by_day(found, period, services().zone))
        rows = by_weekday(found, services().zone)
        return [_("星期"), _("时"), _("搜索次数")], [(str(WEEKDAYS[day]), hour, n) for day, hour, n in rows]
    found_queries = queries(session, period)
    lines_of = found_queries.top if table == "queries" else found_queries.empty
    heads = [_("搜索词"), _("搜索次数"), _("人数"), _("无结果"), _("有点击")]
    return heads, [(line.text, line.searches, line.people, line.empty, line.opened) for line in lines_of]


def _choice(problems: dict[str, str]) -> Choice:
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


def _kpis(present: Figures, former: Figures) -> list[Kpi]:
    def number(label: str, value: float | None, before: float | None, good: int, unit: str) -> Kpi:
        return Kpi(label, _written(value, unit), _change(value, before), good)

    return [
        number(_("搜索次数"), present.searches, former.searches, 0, ""),
        number(_("搜索人数"), present.people, former.people, 0, ""),
        number(_("无结果率"), present.empty_rate, former.empty_rate, -1, "%"),
        number(_("有结果未点击率"), present.no_click_rate, former.no_click_rate, -1, "%"),
        number(_("首条点击率"), present.first_rate, former.first_rate, 1, "%"),
        number(_("换词再搜率"), present.again_rate, former.again_rate, -1, "%"),
        number(_("平均找到用时"), present.seconds_to_open, former.seconds_to_open, -1, "s"),
        number(_("复制口径"), present.copies, former.copies, 0, ""),
        number(_("评论"), present.comments, former.comments, 0, ""),
        number(_("评论平均待审"), present.hours_to_verdict, former.hours_to_verdict, -1, "h"),
    ]


def _written(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "%":
        return f"{value * 100:.1f}%"
    if unit == "s":
        return str(_("%(n)s 秒", n=f"{value:.1f}"))
    if unit == "h":
        return str(_("%(n)s 小时", n=f"{value:.1f}"))
    return f"{value:,}"


def _change(value: float | None, before: float | None) -> float | None:
    return None if value is None or not before else value / before - 1


def _grid(clock: list[tuple[int, int, int]]) -> list[list[int]]:
    grid = [[0] * 24 for _day in range(7)]
    for weekday, hour, count in clock:
        grid[weekday][hour] = count
    return grid


def _chart(days: list[tuple[str, int, int]], clock: list[tuple[int, int, int]]) -> dict[str, object]:
    return {
        "days": days,
        "clock": clock,
        "weekdays": [str(name) for name in WEEKDAYS],
        "words": {"searches": _("搜索次数"), "empty": _("无结果"), "rate": _("无结果率")},
        "about_trend": _("每天的搜索次数和无结果次数；同样的数字在下面的表格里。"),
        "about_clock": _("一周各时段的搜索次数；同样的数字在下面的表格里。"),
    }


def _export_urls(choice: Choice, table: str) -> dict[str, str]:
    return {
        kind: url_for("insights.export", table=table, kind=kind, **choice.parameters())  # type: ignore[arg-type]
        for kind in ("csv", "xlsx")
    }
