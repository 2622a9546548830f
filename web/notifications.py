"""A person's notifications: the list, opening one, marking as read, and the counts in the bar."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import audience_scope
from kb.acknowledgements import pending
from kb.notifications import Line, inbox, mark_read, own_line, unread_count
from web.addresses import LARGEST_ID
from web.recording import after_response
from web.session import current_actor, safe_target, wants_json
from web.transactions import now, reading, writing

PAGE_SIZE = 30
LAST_PAGE = 10_000

blueprint = Blueprint("notifications", __name__)


@dataclass(frozen=True)
class Shown:
    """A notification with its label, its tone and where it leads (empty if nowhere)."""

    line: Line
    label: str
    tone: str
    url: str


@blueprint.app_context_processor
def _bar() -> dict[str, object]:
    return {"unread_notifications": _unread}


def _unread() -> int:
    """Return the number beside the bell, asked only by pages that draw the bar."""
    if not current_user.is_authenticated:
        return 0
    with reading() as session:
        return unread_count(session, current_actor())


@blueprint.get("/notifications")
def page() -> str:
    """List the person's notifications, newest first."""
    unread_only = request.args.get("show") == "unread"
    number = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    actor = current_actor()
    with reading() as session:
        scope = audience_scope(session, actor)
        found = inbox(
            session,
            actor,
            scope,
            unread_only=unread_only,
            offset=(number - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
    return render_template(
        "notifications/page.html",
        rows=[_shown(line) for line in found.lines],
        found=found,
        unread_only=unread_only,
        page=number,
        pages=max(1, -(-found.total // PAGE_SIZE)),
    )


@blueprint.get(f"/notifications/<int(max={LARGEST_ID}):notification_id>")
def follow(notification_id: int) -> Response:
    """Go where a notification leads, and mark it as read."""
    actor, moment = current_actor(), now()
    with reading() as session:
        line = own_line(session, actor, audience_scope(session, actor), notification_id)

    def mark(db: Session) -> None:
        mark_read(db, actor, moment, notification_id)

    after_response(mark)
    return redirect(_target(line) or url_for("notifications.page"))


@blueprint.post("/notifications/read")
def read() -> Response | tuple[str, int]:
    """Mark one notification (``id``) or all of them as read."""
    number = request.form.get("id", type=int)
    with writing() as session:
        mark_read(session, current_actor(), now(), number)
    if wants_json():
        return "", 204
    return redirect(safe_target(request.form.get("next") or url_for("notifications.page")), code=303)


@blueprint.get("/notifications/count")
def count() -> dict[str, int]:
    """Answer the numbers in the bar, for pages that stay open."""
    actor = current_actor()
    with reading() as session:
        wanted = pending(session, actor, audience_scope(session, actor), now())
        return {"notifications": unread_count(session, actor), "announcements": len(wanted)}


def _shown(line: Line) -> Shown:
    label, tone = kind_labels().get(line.kind, (_("通知"), "info"))
    return Shown(line, label, tone, _target(line))


def _target(line: Line) -> str:
    path = line.detail.get("path")
    if isinstance(path, str) and path:
        return safe_target(path)
    return url_for("articles.page", article_id=line.article_id) if line.article_id is not None else ""


def kind_labels() -> dict[str, tuple[str, str]]:
    """Return the label and the tone of every known kind; others are shown as a plain notification."""
    return {
        "review_requested": (_("待您审核"), "warn"),
        "returned": (_("已退回"), "bad"),
        "approved": (_("已通过"), "ok"),
        "withdrawn": (_("已废止"), "bad"),
        "break_glass": (_("应急发布"), "bad"),
        "review_due": (_("待复核"), "warn"),
        "review_overdue": (_("复核已逾期"), "bad"),
        "acknowledgement_wanted": (_("待您确认"), "warn"),
        "acknowledgement_due": (_("确认将到期"), "warn"),
        "acknowledgement_overdue": (_("确认已逾期"), "bad"),
        "announcement": (_("公告"), "info"),
        "comment_answered": (_("官方回复"), "ok"),
        "comment_reply": (_("评论有回复"), "info"),
        "comment_passed": (_("评论已公开"), "ok"),
        "comment_rejected": (_("评论未通过"), "bad"),
        "comment_hidden": (_("评论已隐藏"), "bad"),
        "mention": (_("有人提到您"), "info"),
        "task_assigned": (_("改进任务"), "warn"),
        "task_overdue": (_("任务已超期"), "bad"),
        "task_adopted": (_("评论已采纳"), "ok"),
        "task_declined": (_("评论未采纳"), "bad"),
        "task_solved": (_("您的评论已改进知识"), "ok"),
        "feedback": (_("读者反馈"), "info"),
        "gap_answered": (_("缺口已补上"), "ok"),
        "gap_declined": (_("缺口不补"), "info"),
        "briefcase_changed": (_("公文包有更新"), "info"),
        "webhook_disabled": (_("Webhook 已停用"), "bad"),
    }
