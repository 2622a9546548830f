"""Golden queries: what each department vouches for, checked against the index that answers now."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from kb.access import audience_scope
from kb.errors import Forbidden, Invalid, SearchUnavailable
from kb.golden_queries import (
    Check,
    add_golden,
    check,
    described,
    golden_queries,
    may_judge_queries,
    remove_golden,
)
from kb.lexicon import all_pins
from web.session import current_actor
from web.transactions import now, reading, services, writing

LARGEST_ID = 2**31 - 1
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


@blueprint.app_template_global()
def golden_of(article_id: int) -> list[Check]:
    """Return the golden queries that must find an article, with their ranks now; for the review page."""
    moment = now()
    with reading() as session:
        scope = audience_scope(session, current_actor())
        queries = golden_queries(session, scope, article_id=article_id)
        pins = all_pins(session)
    try:
        return check(services().engine, queries, moment, pins)
    except SearchUnavailable:
        return []
