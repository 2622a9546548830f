"""The tables of the figures as they leave in files."""

from collections.abc import Callable, Mapping, Sequence

from flask import abort
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from kb.content_health import health
from kb.gap_figures import gap_figures
from kb.insights import SMALLEST_GROUP, QueryLine, by_day, by_weekday, figures, hours, queries, searched
from kb.search_days import Events
from kb.task_lists import DepartmentFigures, department_figures
from web.insights.choice import Choice
from web.session import current_actor
from web.spreadsheets import Cell
from web.transactions import now, services

LISTED_IN_FILES = 1000
WEEKDAYS = (_l("周一"), _l("周二"), _l("周三"), _l("周四"), _l("周五"), _l("周六"), _l("周日"))

Table = tuple[list[str], Sequence[Sequence[Cell]]]


def table_of(session: Session, choice: Choice, name: str) -> Table:
    """Return the heads and the rows of a table; 404 where too few people stand behind it.

    Args:
        name: One of ``TABLES``.
    """
    if name in _OF_CONTENT:
        return _OF_CONTENT[name](session, choice)
    events = searched(session, choice.period())
    if figures(session, choice.period(), events).is_hidden:
        abort(404)
    return _OF_SEARCHES[name](session, choice, events)


def gap_states() -> Mapping[str, str]:
    """Return the states of a gap as people call them."""
    return {"open": _("待回答"), "answered": _("已回答"), "declined": _("不补")}


def _trend(_session: Session, choice: Choice, events: Events) -> Table:
    heads = [_("日期"), _("搜索次数"), _("无结果")]
    return heads, by_day(hours(events), choice.period(), services().zone)


def _clock(_session: Session, _choice: Choice, events: Events) -> Table:
    rows = by_weekday(hours(events), services().zone)
    return [_("星期"), _("时"), _("搜索次数")], [(str(WEEKDAYS[day]), hour, n) for day, hour, n in rows]


def _queries(session: Session, _choice: Choice, events: Events) -> Table:
    return _query_heads(), _query_rows(queries(session, events, LISTED_IN_FILES).top)


def _empty(session: Session, _choice: Choice, events: Events) -> Table:
    return _query_heads(), _query_rows(queries(session, events, LISTED_IN_FILES).empty)


def _query_heads() -> list[str]:
    return [_("搜索词"), _("搜索次数"), _("人数"), _("无结果"), _("有点击")]


def _query_rows(lines: Sequence[QueryLine]) -> list[Sequence[Cell]]:
    return [(line.text, line.searches, line.people, line.empty, line.opened) for line in lines]


def _gaps(session: Session, choice: Choice) -> Table:
    heads = [
        _("问题"), _("提问人数"), _("责任部门"), _("状态"), _("首次提交"), _("最近提交"), _("等待天数")
    ]  # fmt: skip
    zone, states = services().zone, gap_states()
    found = gap_figures(session, choice.period(), now(), LISTED_IN_FILES)
    return heads, [
        (
            line.text,
            line.people if line.people is not None else _("不足 %(k)s 人", k=SMALLEST_GROUP),
            line.department,
            states[line.state],
            line.asked_first.astimezone(zone).date().isoformat(),
            line.asked_last.astimezone(zone).date().isoformat(),
            round(line.waited_seconds / 86400, 1),
        )
        for line in found.lines
    ]


def _health(session: Session, choice: Choice) -> Table:
    heads = [
        _("部门"), _("现行知识"), _("复核逾期或超过一年未更新"), _("30 天内失效"), _("90 天无人阅读"), _("无人负责")
    ]  # fmt: skip
    return heads, [
        (line.department, line.articles, line.stale, line.ending, line.unread, line.unowned)
        for line in health(session, now(), choice.department_id)
    ]


def _turnround(session: Session, choice: Choice) -> Table:
    heads = [
        _("部门"), _("待办"), _("已超期"), _("已办结"), _("其中解决或答复"), _("平均待处理（小时）"), _("平均整改（小时）")
    ]  # fmt: skip
    return heads, [
        (
            line.department,
            line.open,
            line.overdue,
            line.closed,
            line.solved,
            _hours(line.until_taken),
            _hours(line.until_closed),
        )
        for line in turnround(session, choice)
    ]


def turnround(session: Session, choice: Choice) -> Sequence[DepartmentFigures]:
    """Return how departments dealt with comments in a period; means over a few are left out."""
    period, moment = choice.period(), now()
    return department_figures(
        session,
        current_actor(),
        period.start,
        moment,
        until=min(period.end, moment),
        department_id=choice.department_id,
        fewest=SMALLEST_GROUP,
    )


def _hours(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 3600, 1)


_OF_SEARCHES: Mapping[str, Callable[[Session, Choice, Events], Table]] = {
    "trend": _trend,
    "clock": _clock,
    "queries": _queries,
    "empty": _empty,
}
_OF_CONTENT: Mapping[str, Callable[[Session, Choice], Table]] = {
    "gaps": _gaps,
    "health": _health,
    "turnround": _turnround,
}
TABLES = (*_OF_SEARCHES, *_OF_CONTENT)
