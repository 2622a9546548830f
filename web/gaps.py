"""Knowledge gaps: one key files what was not found; the department's queue answers it."""

import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb import gaps as use_case
from kb.access import Actor, audience_scope
from kb.departments import all_departments
from kb.errors import Invalid, SearchUnavailable
from kb.ports import EngineQuery
from web.addresses import LARGEST_ID
from web.search.address import read
from web.session import current_actor, wants_json
from web.transactions import now, reading, services, writing

SIZE = 30
STATES = ("open", "answered", "declined")
_ARTICLE = re.compile(r"(?:.*/a/)?(\d{1,9})(?:[/?#-].*)?\Z", re.S)

blueprint = Blueprint("gaps", __name__)


@blueprint.post("/gaps")
def file() -> Response | dict[str, object]:
    """File the search that the form repeats as a gap."""
    actor, moment = current_actor(), now()
    address = read(request.form, moment, services().zone)
    asked = address.request
    conditions = {name: value for name, value in address.parameters().items() if name not in ("q", "page")}
    with reading() as session:
        near = _near(session, actor, asked.text)
    with writing() as session:
        place = use_case.place_for(session, actor, asked.node_id, near)
        gap, is_new = use_case.file_gap(session, actor, asked.text, conditions, place, moment)
        text = gap.text
    message = (
        _("已提交知识缺口“%(text)s”，有答案时会通知您", text=text)
        if is_new
        else _("您已提交过“%(text)s”，有答案时会通知您", text=text)
    )
    if wants_json():
        return {"text": message}
    flash(message)
    return redirect(address.url(), code=303)


def _near(session: Session, actor: Actor, text: str) -> list[int]:
    """Return the articles that come nearest to a text, within the actor's rights."""
    scope = audience_scope(session, actor)
    try:
        answer = services().engine.search(EngineQuery(text, now(), scope.keys, limit=3))
    except SearchUnavailable:
        return []
    return [hit.article_id for hit in answer.hits]


@blueprint.get("/gaps")
def page() -> str:
    """Show the gaps of the person's department: open, answered or declined."""
    return _page()


def _page(problem: str = "", at_gap: int | None = None, typed: str = "") -> str:
    actor, moment = current_actor(), now()
    state = request.args.get("state", "open")
    state = state if state in STATES else "open"
    number = min(max(request.args.get("page", 1, type=int), 1), 1000)
    with reading() as session:
        lines, total = use_case.queue(session, actor, state, moment, offset=(number - 1) * SIZE, limit=SIZE)
        return render_template(
            "gaps/page.html",
            lines=lines,
            total=total,
            state=state,
            states={"open": _("待回答"), "answered": _("已回答"), "declined": _("不补")},
            departments=all_departments(session),
            page=number,
            pages=-(-total // SIZE),
            problem=problem,
            at_gap=at_gap,
            typed=typed,
        )


@blueprint.get("/gaps/mine")
def mine() -> str:
    """Show what the person asked, and what became of it."""
    with reading() as session:
        return render_template("gaps/mine.html", gaps=use_case.own_gaps(session, current_actor()))


@blueprint.post(f"/gaps/<int(max={LARGEST_ID}):gap_id>")
def act(gap_id: int) -> Response | tuple[str, int]:
    """Do ``act`` with a gap: answer with an article, decline with a reason, or hand it over."""
    form, actor, moment = request.form, current_actor(), now()
    kind = form.get("act", "")
    typed = form.get("article", "") if kind == "answer" else form.get("reason", "")
    try:
        with writing() as session:
            if kind == "answer":
                found = _ARTICLE.match(form.get("article", "").strip())
                number = int(found[1]) if found else 0
                told = use_case.answer_with(session, actor, gap_id, number, moment)
                message = _("已回答，通知了 %(n)s 人", n=told)
            elif kind == "decline":
                use_case.decline(session, actor, gap_id, form.get("reason", ""), moment)
                message = _("已说明不补的原因，并通知了提问的人")
            else:
                department = form.get("department", 0, type=int)
                use_case.hand_over(session, actor, gap_id, department, moment)
                message = _("已转给其他部门")
    except Invalid as error:
        return _page(_(error.message), gap_id, typed), 422
    flash(message)
    return redirect(url_for("gaps.page"), code=303)


@blueprint.app_template_global()
def sees_gaps() -> bool:
    """Return whether the person answers for gaps."""
    return use_case.may_see_queue(current_actor())
