"""Copied wording: pages report what they put on the clipboard, and complaints find it again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session, selectinload

from kb import audit
from kb.access import Permission, audience_scope, may
from kb.clock import DayMeans, local_day, read_wall_clock
from kb.copies import CopiedLine, CopyFilter, find_copies, record_copy
from kb.models import Revision
from kb.shown import shown_article
from web.addresses import LARGEST_ID
from web.i18n import instant
from web.recording import after_response
from web.session import current_actor
from web.spreadsheets import dated, table_answer
from web.transactions import now, reading, services, writing

PAGE_SIZE = 50
LAST_PAGE = 10_000
LARGEST_EXPORT = 10_000
LONGEST_AGE_MS = 24 * 3600 * 1000

blueprint = Blueprint("copies", __name__)


@blueprint.app_context_processor
def _menu() -> dict[str, object]:
    return {"sees_copies": _sees_copies}


def _sees_copies() -> bool:
    return current_user.is_authenticated and bool(may(current_actor(), Permission.COPY_READ))


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/copied")
def copied(article_id: int) -> tuple[str, int]:
    """Take the report of a page; it is written down after the answer, so that nobody waits for it."""
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        abort(400)
    number, block = _whole(sent.get("v")), _whole(sent.get("block"))
    age = timedelta(milliseconds=min(_whole(sent.get("age")) or 0, LONGEST_AGE_MS))
    token, call_id = str(sent.get("token", "")), str(sent.get("call", ""))
    actor, moment = current_actor(), now()
    with reading() as session:
        revision = shown_article(session, article_id, audience_scope(session, actor)).numbered(number)
    if revision is None:
        abort(404)
    revision_id = revision.id

    def write(session: Session) -> None:
        found = session.get(Revision, revision_id, options=[selectinload(Revision.wording)])
        if found is not None:
            record_copy(session, actor, found, block, moment, token=token, call_id=call_id, age=age)

    after_response(write)
    return "", 204


@blueprint.get("/copies")
def page() -> str:
    """Find who copied which wording."""
    problems: dict[str, str] = {}
    wanted = _filter(problems)
    number = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    actor = current_actor()
    with reading() as session:
        lines, total = find_copies(
            session,
            actor,
            audience_scope(session, actor),
            wanted,
            offset=(number - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
    typed = {name: value for name, value in request.args.items() if name != "page" and value}
    return render_template(
        "copies/page.html",
        lines=lines,
        total=total,
        typed=typed,
        problems=problems,
        page=number,
        pages=max(1, -(-total // PAGE_SIZE)),
    )


@blueprint.get("/copies.<kind>")
def export(kind: str) -> Response:
    """Send what was found as ``csv`` or ``xlsx``; that is written into the audit log."""
    if kind not in ("csv", "xlsx"):
        abort(404)
    wanted = _filter({})
    actor = current_actor()
    with writing() as session:
        scope = audience_scope(session, actor)
        lines, _total = find_copies(session, actor, scope, wanted, limit=LARGEST_EXPORT)
        detail = {"kind": kind, "rows": len(lines), "filter": dict(request.args)}
        audit.record(session, actor, "copy.export", "copies", now(), detail=detail)
    heads = (
        _("时间"),
        _("姓名"),
        _("工号"),
        _("部门"),
        _("知识"),
        _("编号"),
        _("版本"),
        _("口径"),
        _("来电编号"),
        _("原文"),
        "SHA-256",
    )
    name = dated(_("口径复制记录"), local_day(now(), services().zone))
    return table_answer(kind, name, heads, _cells(lines))


def _cells(lines: list[CopiedLine]) -> Iterator[tuple[str | int, ...]]:
    for line in lines:
        yield (
            instant(line.copy.copied_at),
            line.person,
            line.staff_number,
            line.department,
            line.title,
            line.copy.article_id,
            f"V{line.number}",
            line.block_title or (_("全部") if line.copy.block is None else str(line.copy.block)),
            line.copy.call_id,
            line.text,
            line.copy.text_hash,
        )


def _filter(problems: dict[str, str]) -> CopyFilter:
    values = request.args
    return CopyFilter(
        person=values.get("person", ""),
        article=values.get("article", ""),
        call_id=values.get("call", ""),
        since=typed_moment(values.get("since", ""), "since", problems),
        until=typed_moment(values.get("until", ""), "until", problems),
    )


def typed_moment(typed: str, field: str, problems: dict[str, str]) -> datetime | None:
    """Return the instant typed; a day alone begins at midnight, and ends a day later as an end."""
    if not typed.strip():
        return None
    try:
        return read_wall_clock(typed, services().zone, DayMeans.OVER if field == "until" else DayMeans.BEGIN)
    except ValueError:
        problems[field] = _("时间的写法不正确，应为 2026-01-31 或 2026-01-31 14:05；已忽略。")
        return None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
