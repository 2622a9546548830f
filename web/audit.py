"""The audit log for those who answer for it: looking through it, proving its chain, taking it along."""

import json
from collections.abc import Iterator, Sequence

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from werkzeug.wrappers import Response as BaseResponse

from kb import audit
from kb.access import Permission, require
from kb.audit import EventFilter, find_events, first_broken, known_actions
from kb.clock import local_day
from kb.models import AuditEvent
from web.addresses import LARGEST_ID
from web.audit_labels import action_label, subject_label, subject_url
from web.copies import typed_moment
from web.i18n import instant
from web.session import current_actor
from web.spreadsheets import csv_answer, dated
from web.transactions import now, reading, services, writing

blueprint = Blueprint("audit", __name__)

PAGE_SIZE = 50
LARGEST_EXPORT = 100_000


@blueprint.get("/audit")
def page() -> str:
    """Show the newest events that the conditions let through."""
    problems: dict[str, str] = {}
    wanted = _filter(problems)
    with reading() as session:
        events = find_events(session, current_actor(), wanted, PAGE_SIZE + 1)
        actions = known_actions(session)
    shown = events[:PAGE_SIZE]
    typed = {name: value for name, value in request.args.items() if name != "before" and value}
    return render_template(
        "audit/page.html",
        events=[(event, json.loads(event.detail), subject_url(event.subject)) for event in shown],
        older=shown[-1].id if len(events) > PAGE_SIZE else None,
        is_later_page=wanted.before is not None,
        actions=[(action, action_label(action)) for action in actions],
        action_label=action_label,
        subject_label=subject_label,
        typed=typed,
        problems=problems,
    )


@blueprint.post("/audit/verify")
def verify() -> BaseResponse:
    """Compute the whole chain again and say whether it fits."""
    require(current_actor(), Permission.AUDIT_READ)
    with reading() as session:
        broken = first_broken(session)
        total = session.scalar(select(func.count()).select_from(AuditEvent)) or 0
    if broken is None:
        flash(_("审计日志完整，共 %(n)s 条，每一条都与前一条相扣。", n=f"{total:,}"))
    else:
        flash(_("审计日志从第 %(n)s 号事件起对不上，可能被改动过。请立即报告。", n=broken))
    return redirect(url_for("audit.page"), code=303)


@blueprint.get("/audit.csv")
def export() -> Response:
    """Send what was found as CSV; that is written into the log itself."""
    wanted = _filter({})
    actor, moment = current_actor(), now()
    with writing() as session:
        events = find_events(session, actor, wanted, LARGEST_EXPORT)
        detail = {"rows": len(events), "filter": dict(request.args)}
        audit.record(session, actor, "audit.export", "audit", moment, detail=detail)
    heads = (
        _("序号"), _("时间"), _("姓名"), _("用户编号"), _("动作"), _("对象"), _("原因"), _("详情"), _("内容哈希"),
        _("前一条哈希"), _("哈希"),
    )  # fmt: skip
    name = dated(_("审计日志"), local_day(moment, services().zone))
    return csv_answer(name, heads, _cells(events))


def _cells(events: Sequence[AuditEvent]) -> Iterator[tuple[str | int | None, ...]]:
    for event in events:
        yield (
            event.id,
            instant(event.at),
            event.actor_name,
            event.actor_id,
            event.action,
            event.subject,
            event.reason,
            event.detail,
            event.revision_hash,
            event.previous_hash,
            event.hash,
        )


def _filter(problems: dict[str, str]) -> EventFilter:
    values = request.args
    before = values.get("before", type=int)
    return EventFilter(
        action=values.get("action", "")[:64],
        person=values.get("person", "")[:64],
        subject=values.get("subject", "")[:120],
        since=typed_moment(values.get("since", ""), "since", problems),
        until=typed_moment(values.get("until", ""), "until", problems),
        before=before if before is not None and 0 < before <= LARGEST_ID else None,
    )
