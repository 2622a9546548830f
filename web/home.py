"""The first page of the day: what is new, what is read, what is mine, and the tree to browse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Actor, AudienceScope, Permission, audience_scope, may
from kb.activity import RecentView, recent_searches, recent_views
from kb.clock import day_start, local_day
from kb.feeds import EndingItem, FeedItem, counts_by_node, ending_soon, hot_queries, hottest, latest
from kb.nodes import present_id, rolled_up, visible_tree
from kb.rising import rising
from web.announcements import strip
from web.session import current_actor
from web.transactions import now, reading, services

LINES = 10
RECENT_LINES = 6
HOT_QUERIES = 8
ENOUGH = 6

blueprint = Blueprint("home", __name__)


class Period(StrEnum):
    """A tab over a list; ``ALL`` knows no limit."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


LATEST_PERIODS = (Period.DAY, Period.WEEK, Period.ALL)
HOT_DAYS = {Period.DAY: 1, Period.WEEK: 7, Period.MONTH: 30}


@dataclass(frozen=True)
class Tab:
    """One tab over a list: its name, its address and whether its list is the one shown."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True)
class Mine:
    """What concerns the person alone; ``ending`` is filled for those who write."""

    views: Sequence[RecentView]
    searches: Sequence[str]
    ending: Sequence[EndingItem]


@blueprint.get("/")
def page() -> str:
    """Show the home page."""
    actor, moment = current_actor(), now()
    with reading() as session:
        scope = audience_scope(session, actor)
        newest = latest(session, scope, moment, limit=LINES)
        latest_period, latest_items = _latest_in(newest, _chosen("latest", LATEST_PERIODS), moment)
        hot_period = _chosen("hot", tuple(HOT_DAYS)) or Period.WEEK
        branches = visible_tree(session, scope)
        return render_template(
            "home/page.html",
            strip=strip(session, actor, scope, moment),
            surges=rising(session, scope, moment) if may(actor, Permission.INSIGHT_READ) else (),
            queries=hot_queries(session, scope, moment, limit=HOT_QUERIES),
            latest_items=latest_items,
            latest_tabs=_tabs("latest", LATEST_PERIODS, latest_period, hot=hot_period),
            hot_items=hottest(session, scope, moment, days=HOT_DAYS[hot_period], limit=LINES),
            hot_tabs=_tabs("hot", tuple(HOT_DAYS), hot_period, latest=latest_period),
            mine=_mine(session, actor, scope, moment),
            branches=branches,
            counts=rolled_up(branches, counts_by_node(session, scope, moment)),
        )


@blueprint.get("/n/<int:node_id>")
def node(node_id: int) -> Response:
    """Show the articles of a category, or of the one it was merged into: a search within it."""
    with reading() as session:
        return redirect(url_for("search.page", node=present_id(session, node_id), sort="newest"))


def _latest_in(
    newest: list[FeedItem], chosen: Period | None, moment: datetime
) -> tuple[Period, list[FeedItem]]:
    """Return the period to show and its articles; unless one was asked for, the first that has a few."""
    zone = services().zone
    today = local_day(moment, zone)
    starts = {
        Period.DAY: day_start(today, zone),
        Period.WEEK: day_start(today - timedelta(days=today.weekday()), zone),
    }
    inside = {
        period: [item for item in newest if item.shown_from is not None and item.shown_from >= start]
        for period, start in starts.items()
    }
    inside[Period.ALL] = newest
    period = chosen or next(
        (period for period in LATEST_PERIODS if len(inside[period]) >= ENOUGH), Period.ALL
    )
    return period, inside[period]


def _mine(session: Session, actor: Actor, scope: AudienceScope, moment: datetime) -> Mine:
    writes = may(actor, Permission.ARTICLE_WRITE)
    return Mine(
        views=recent_views(session, actor, scope, moment, limit=RECENT_LINES),
        searches=recent_searches(session, actor, limit=RECENT_LINES),
        ending=ending_soon(session, scope, actor.department_id, moment) if writes else (),
    )


def _chosen(name: str, allowed: Sequence[Period]) -> Period | None:
    asked = request.args.get(name, "")
    return next((period for period in allowed if period == asked), None)


def _tabs(name: str, periods: Sequence[Period], shown: Period, **other: str) -> list[Tab]:
    labels = {Period.DAY: _("今日"), Period.WEEK: _("本周"), Period.MONTH: _("本月"), Period.ALL: _("全部")}
    return [
        Tab(labels[period], url_for("home.page", **{name: period.value, **other}), period is shown)  # type: ignore[arg-type]
        for period in periods
    ]
