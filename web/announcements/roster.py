"""The roster of a required announcement for those who lead people, on a page and as a file."""

from collections.abc import Iterator

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _

from kb import audit
from kb.access import audience_scope
from kb.announcements import find, subject_of
from kb.clock import local_day
from kb.models import Announcement
from kb.rosters import Roster, RosterLine, State, roster
from web.announcements.views import NUMBER
from web.i18n import instant
from web.session import current_actor
from web.spreadsheets import dated, table_answer
from web.transactions import now, reading, services, writing

LINES = 200


def install(blueprint: Blueprint) -> None:
    """Add these pages to the announcements'."""
    blueprint.add_url_rule(f"/{NUMBER}/roster", view_func=roll, methods=["GET"])
    blueprint.add_url_rule(f"/{NUMBER}/roster.<kind>", view_func=export, methods=["GET"])


def roll(announcement_id: int) -> str:
    """Show who confirmed, who has not yet, and who is late."""
    wanted = _asked_state()
    department = request.args.get("department", "")
    announcement, found = _found(announcement_id)
    lines = [line for line in found.lines if _fits(line, wanted, department)]
    return render_template(
        "announcements/roster.html",
        announcement=announcement,
        found=found,
        lines=lines[:LINES],
        hidden=max(0, len(lines) - LINES),
        wanted=wanted,
        department=department,
        labels=state_labels(),
        counts={state: found.count(state) for state in State},
    )


def export(announcement_id: int, kind: str) -> Response:
    """Send the roster as ``csv`` or ``xlsx``."""
    if kind not in ("csv", "xlsx"):
        abort(404)
    wanted, department = _asked_state(), request.args.get("department", "")
    announcement, found = _found(announcement_id)
    with writing() as session:
        detail = {"kind": kind, "people": len(found.lines)}
        audit.record(
            session, current_actor(), "announcement.export", subject_of(announcement), now(), detail=detail
        )
    heads = (_("部门"), _("工号"), _("姓名"), _("状态"), _("确认的版本"), _("确认时间"))
    name = dated(_("确认名单"), local_day(now(), services().zone))
    return table_answer(kind, name, heads, _cells(found, wanted, department))


def state_labels() -> dict[str, tuple[str, str]]:
    """Return label and tone of every state."""
    return {
        State.CONFIRMED: (_("已确认"), "ok"),
        State.OUTSTANDING: (_("未确认"), "warn"),
        State.OVERDUE: (_("已逾期"), "bad"),
    }


def _found(announcement_id: int) -> tuple[Announcement, Roster]:
    actor = current_actor()
    with reading() as session:
        announcement = find(session, actor, audience_scope(session, actor), announcement_id)
        if not announcement.is_required:
            abort(404)
        return announcement, roster(session, actor, announcement, now())


def _asked_state() -> State | None:
    asked = request.args.get("state", "")
    return next((state for state in State if state.value == asked), None)


def _fits(line: RosterLine, wanted: State | None, department: str) -> bool:
    return (wanted is None or line.state is wanted) and (
        not department or line.recipient.department == department
    )


def _cells(found: Roster, wanted: State | None, department: str) -> Iterator[tuple[str, ...]]:
    labels = state_labels()
    for line in found.lines:
        if _fits(line, wanted, department):
            person = line.recipient
            yield (
                person.department,
                person.staff_number,
                person.actor.name,
                labels[line.state][0],
                f"V{line.number}" if line.number else "",
                instant(line.confirmed_at),
            )
