"""Golden queries: what each department vouches for, checked against the index that answers now."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from kb.access import audience_scope
from kb.draft_rights import visible_draft
from kb.errors import Forbidden, Invalid, SearchUnavailable
from kb.golden_moves import moves_of_draft
from kb.golden_queries import (
    add_golden,
    check,
    described,
    golden_queries,
    may_judge_queries,
    remove_golden,
)
from kb.lexicon import all_pins
from web.addresses import LARGEST_ID
from web.session import current_actor
from web.transactions import now, reading, services, writing

MOST_CHECKED = 100

blueprint = Blueprint("golden_queries", __name__)


@blueprint.get("/golden")
def page() -> str:
    """Show the golden queries, those of one's own department first, with the ranks they have now."""
    return _page({}, {})


def _page(typed: dict[str, str], errors: dict[str, str]) -> str:
    actor, moment = current_actor(), now()
    if not may_judge_queries(actor):
        raise Forbidden("您没有维护黄金查询的权限。")
    department_id = request.args.get("department", type=int)
    with reading() as session:
        queries = golden_queries(session, audience_scope(session, actor), department_id=department_id)
        queries.sort(key=lambda query: query.department_id not in actor.department_ids)
        titles, departments = described(session, queries, moment)
        try:
            checks = check(services().engine, queries[:MOST_CHECKED], moment, all_pins(session))
        except SearchUnavailable:
            checks = []
        return render_template(
            "golden_queries/page.html",
            checks=sorted(checks, key=lambda item: item.holds),
            failing=sum(not item.holds for item in checks),
            total=len(queries),
            titles=titles,
            departments=departments,
            department_id=department_id,
            typed=typed or {"text": request.args.get("text", ""), "article": request.args.get("article", "")},
            errors=errors,
        )


@blueprint.post("/golden")
def add() -> Response | tuple[str, int]:
    """Add a golden query, or change the rank of one."""
    actor = current_actor()
    form = request.form
    try:
        with writing() as session:
            add_golden(
                session,
                actor,
                audience_scope(session, actor),
                form.get("text", ""),
                min(form.get("article", 0, type=int), LARGEST_ID),
                form.get("max_rank", 3, type=int),
                now(),
            )
    except Invalid as error:
        errors = {name: _(sentence) for name, sentence in error.errors.items()}
        return _page(form.to_dict(), errors), 422
    flash(_("黄金查询已保存"))
    return redirect(url_for("golden_queries.page"), code=303)


@blueprint.post(f"/golden/<int(max={LARGEST_ID}):query_id>/remove")
def remove(query_id: int) -> Response:
    """Forget a golden query."""
    with writing() as session:
        remove_golden(session, current_actor(), query_id, now())
    flash(_("黄金查询已删除"))
    return redirect(url_for("golden_queries.page"), code=303)


@blueprint.app_template_global()
def sees_golden() -> bool:
    """Return whether the person keeps golden queries."""
    return may_judge_queries(current_actor())


@blueprint.get(f"/drafts/<int(max={LARGEST_ID}):revision_id>/golden")
def of_draft(revision_id: int) -> str:
    """Show what a draft would move; a fragment for the script, else a page."""
    actor, moment = current_actor(), now()
    is_fragment = request.headers.get("X-KB-Fragment") == "golden"
    with reading() as session:
        draft = visible_draft(session, actor, revision_id)
        try:
            found = moves_of_draft(session, services().engine, audience_scope(session, actor), draft, moment)
        except SearchUnavailable:
            found = None
        queries = [move.query for move in [*found.own, *found.others]] if found else []
        return render_template(
            "golden_queries/moves.html" if is_fragment else "golden_queries/of_draft.html",
            draft=draft,
            found=found,
            titles=described(session, queries, moment)[0],
        )
