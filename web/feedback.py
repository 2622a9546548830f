"""Useful, or needs work: the word of one key under an article, and figures for those who own the texts."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Actor, Permission, audience_scope, may
from kb.departments import all_departments
from kb.errors import Forbidden
from kb.feedback import Reason, counts_of, figures, give, may_see_figures, own_word
from kb.models import Revision
from web.addresses import LARGEST_ID
from web.sentences import sentence as _
from web.session import current_actor, wants_json
from web.transactions import now, reading, writing

PERIODS = (7, 30, 90, 365)

blueprint = Blueprint("feedback", __name__)


def own_feedback(
    session: Session, actor: Actor, revision: Revision, *, is_silent: bool = False
) -> dict[str, object]:
    """Return what the bar under an article needs: one's own word, and for owners the counts.

    Args:
        is_silent: The reader is known to have said nothing of it.
    """
    counts = counts_of(session, revision.id) if may_see_figures(actor) else None
    word = None if is_silent else own_word(session, actor, revision.id)
    return {"word": word, "word_counts": counts}


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/feedback")
def say(article_id: int) -> Response | dict[str, object]:
    """Say that the revision ``v`` is useful, or needs work for a ``reason``."""
    form = request.form
    reason = form.get("reason", "")
    is_useful = form.get("useful") == "1"
    with writing() as session:
        number = form.get("v", 0, type=int)
        note = form.get("note", "")
        give(session, current_actor(), article_id, number, is_useful, now(), reason, note)
    message = _("谢谢，已记录“有用”") if is_useful else _("谢谢，已转给责任部门")
    if wants_json():
        return {"useful": is_useful, "reason": reason, "text": message}
    flash(message)
    return redirect(f"{url_for('articles.page', article_id=article_id)}#feedback", code=303)


@blueprint.get("/feedback")
def page() -> str:
    """Show what readers say of the texts that one's department owns, what needs work first."""
    actor, moment = current_actor(), now()
    if not may_see_figures(actor):
        raise Forbidden("您没有查看读者反馈的权限。")
    days = request.args.get("days", 30, type=int)
    days = days if days in PERIODS else 30
    department_id = request.args.get("department", type=int)
    if department_id is not None and not 0 < department_id <= LARGEST_ID:
        department_id = None
    with reading() as session:
        scope = audience_scope(session, actor)
        return render_template(
            "feedback/page.html",
            rows=figures(session, actor, scope, moment - timedelta(days=days), moment, department_id),
            days=days,
            periods=PERIODS,
            department_id=department_id,
            departments=all_departments(session) if may(actor, Permission.INSIGHT_READ) else [],
        )


@blueprint.app_template_global()
def sees_feedback() -> bool:
    """Return whether the person sees what readers say."""
    return may_see_figures(current_actor())


@blueprint.app_template_global()
def feedback_reasons() -> dict[str, str]:
    """Return why a text can need work, in words, by reason."""
    return {
        Reason.WRONG: _("内容有误"),
        Reason.EXPIRED: _("已过期"),
        Reason.UNCLEAR: _("看不懂"),
        Reason.INCOMPLETE: _("不完整"),
        Reason.OTHER: _("其他"),
    }
