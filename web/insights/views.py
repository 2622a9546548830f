"""The page of figures and its files; the sums of a choice are kept for a minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, Flask, Response, current_app, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from kb.access import Permission, audience_scope, require
from kb.content_health import Health, health, total
from kb.departments import all_departments
from kb.errors import Invalid
from kb.gap_figures import GapFigures, gap_figures
from kb.insights import (
    SMALLEST_GROUP,
    Figures,
    QueryTables,
    by_day,
    by_weekday,
    figures,
    hours,
    queries,
    searched,
)
from kb.rising import rising
from kb.task_lists import DepartmentFigures
from web.insights.choice import Choice, read_choice
from web.insights.kpis import kpis
from web.insights.tables import TABLES, WEEKDAYS, gap_states, table_of, turnround
from web.session import current_actor
from web.spreadsheets import csv_answer, xlsx_answer
from web.transactions import now, reading, services

blueprint = Blueprint("insights", __name__, url_prefix="/insights")
LISTED = 20
EXTENSION = "kb_insights"
KEPT_FOR = timedelta(minutes=1)
KEPT_CHOICES = 64


@dataclass(frozen=True)
class Sums:
    """What the page adds up for a choice; the same for everybody who may see it."""

    present: Figures
    former: Figures
    days: list[tuple[str, int, int]]
    clock: list[tuple[int, int, int]]
    tables: QueryTables
    gaps: GapFigures
    health: Sequence[Health]
    turnround: Sequence[DepartmentFigures]


def install(app: Flask) -> None:
    """Give the app a place to keep the sums of the last minute."""
    app.extensions[EXTENSION] = {}


@blueprint.get("")
def page() -> str | tuple[str, int]:
    """Show the figures of a period."""
    require(current_actor(), Permission.INSIGHT_READ)
    problems: dict[str, str] = {}
    choice = read_choice(problems)
    with reading() as session:
        sums = _kept_sums(session, choice)
        text = render_template(
            "insights/page.html",
            choice=choice,
            presets={"today": _("今日"), "week": _("近一周"), "month": _("近一月")},
            departments=[(item.id, item.name) for item in all_departments(session)],
            sums=sums,
            kpis=[] if sums.present.is_hidden else kpis(sums.present, sums.former),
            smallest=SMALLEST_GROUP,
            grid=_grid(sums.clock),
            weekdays=WEEKDAYS,
            gap_states=gap_states(),
            content=total(sums.health),
            surges=rising(session, audience_scope(session, current_actor()), now()),
            chart=_chart(sums),
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
    sums = _sums(session, choice, moment)
    if len(kept) >= KEPT_CHOICES:
        kept.clear()
    kept[choice] = (moment, sums)
    return sums


def _sums(session: Session, choice: Choice, moment: datetime) -> Sums:
    period, zone = choice.period(), services().zone
    events, before = searched(session, period), searched(session, period.before())
    present = figures(session, period, events)
    found = [] if present.is_hidden else hours(events)
    return Sums(
        present,
        figures(session, period.before(), before),
        by_day(found, period, zone),
        by_weekday(found, zone),
        queries(session, events, LISTED),
        gap_figures(session, period, moment, LISTED),
        health(session, moment, choice.department_id),
        turnround(session, choice),
    )


@blueprint.get("/<any(trend, clock, queries, empty, gaps, health, turnround):table>.<any(csv, xlsx):kind>")
def export(table: str, kind: str) -> Response:
    """Send one of the tables as a file."""
    require(current_actor(), Permission.INSIGHT_READ)
    problems: dict[str, str] = {}
    choice = read_choice(problems)
    if problems:
        raise Invalid(next(iter(problems.values())), problems)
    with reading() as session:
        heads, rows = table_of(session, choice, table)
    send = csv_answer if kind == "csv" else xlsx_answer
    return send(f"{table}-{choice.first}-{choice.last}", heads, rows)


def _grid(clock: Sequence[tuple[int, int, int]]) -> list[list[int]]:
    grid = [[0] * 24 for _day in range(7)]
    for weekday, hour, count in clock:
        grid[weekday][hour] = count
    return grid


def _chart(sums: Sums) -> dict[str, object]:
    """Return what the script draws: the numbers of the tables, and their names."""
    return {
        "days": sums.days,
        "clock": sums.clock,
        "weekdays": [str(name) for name in WEEKDAYS],
        "words": {"searches": _("搜索次数"), "empty": _("无结果"), "rate": _("无结果率")},
        "stacks": {
            "health": _stack(
                [line.department for line in sums.health],
                {
                    _("复核逾期"): [line.stale for line in sums.health],
                    _("30 天内失效"): [line.ending for line in sums.health],
                    _("90 天无人阅读"): [line.unread for line in sums.health],
                    _("无人负责"): [line.unowned for line in sums.health],
                },
            ),
            "turnround": _stack(
                [line.department for line in sums.turnround],
                {
                    _("已办结"): [line.closed for line in sums.turnround],
                    _("待办"): [line.open - line.overdue for line in sums.turnround],
                    _("已超期"): [line.overdue for line in sums.turnround],
                },
            ),
        },
    }


def _stack(names: Sequence[str], series: Mapping[str, Sequence[int]]) -> dict[str, object]:
    return {"names": names, "series": list(series.items())}


def _export_urls(choice: Choice, name: str) -> dict[str, str]:
    return {
        kind: url_for("insights.export", table=name, kind=kind, **choice.parameters())  # type: ignore[arg-type]
        for kind in ("csv", "xlsx")
    }
