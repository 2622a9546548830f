"""Managing audiences: who belongs by department and role, with what a change would do before it is saved."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Permission, require
from kb.audiences import Rule, all_audiences, audience_of, delete_audience, save_audience
from kb.departments import all_departments
from kb.errors import Conflict, Invalid
from kb.models import Audience, Role
from kb.reach import Impact, audience_impact
from web.addresses import LARGEST_ID
from web.session import current_actor
from web.transactions import now, reading, writing

blueprint = Blueprint("audiences", __name__, url_prefix="/admin/audiences")
AUDIENCE = f"/<int(max={LARGEST_ID}):audience_id>"
EMPTY_LINES = 3
Answer = str | Response | tuple[str, int]


@blueprint.get("")
def page() -> str:
    """List the audiences and where they are used."""
    with reading() as session:
        require(current_actor(), Permission.NODE_MANAGE)
        return render_template(
            "audiences/page.html",
            lines=all_audiences(session),
            departments={item.id: item.name for item in all_departments(session)},
        )


@blueprint.route("/new", methods=["GET", "POST"])
def create() -> Answer:
    """Ask for a new audience, or save it."""
    if request.method == "GET":
        return _form(None, "", [], {})
    name, rules = request.form.get("name", ""), _typed_rules()
    try:
        with writing() as session:
            save_audience(session, current_actor(), None, name, rules, now())
    except Invalid as error:
        return _form(None, name, rules, error.errors), 422
    flash(_("已保存。"))
    return redirect(url_for("audiences.page"), code=303)


@blueprint.route(AUDIENCE, methods=["GET", "POST"])
def detail(audience_id: int) -> Answer:
    """Show an audience; save a change once what it does was shown and confirmed."""
    with reading() as session:
        require(current_actor(), Permission.NODE_MANAGE)
        audience = audience_of(session, audience_id)
        own = [_rule(row.department_id, row.role) for row in audience.rules]
    if request.method == "GET":
        return _form(audience, audience.name, own, {})
    name, rules = request.form.get("name", ""), _typed_rules()
    try:
        with writing() as session:
            audience = audience_of(session, audience_id)
            impact = audience_impact(session, audience, rules)
            harmless = not impact.losing and not impact.gaining
            if harmless or request.form.get("seen") == impact.fingerprint:
                save_audience(session, current_actor(), audience, name, rules, now())
                flash(_("已保存。"))
                return redirect(url_for("audiences.page"), code=303)
    except Invalid as error:
        return _form(audience, name, rules, error.errors), 422
    return _form(audience, name, rules, {}, impact)


@blueprint.post(f"{AUDIENCE}/delete")
def delete(audience_id: int) -> Answer:
    """Remove an audience that nothing carries."""
    try:
        with writing() as session:
            delete_audience(session, current_actor(), audience_of(session, audience_id), now())
    except Conflict as error:
        flash(error.message)
    else:
        flash(_("已删除。"))
    return redirect(url_for("audiences.page"), code=303)


def _typed_rules() -> list[Rule]:
    departments, roles = request.form.getlist("department"), request.form.getlist("role")
    return [_rule(_number(department), role) for department, role in zip(departments, roles, strict=False)]


def _rule(department_id: int | None, role: str | None) -> Rule:
    return Rule(department_id, Role(role) if role in set(Role) else None)


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _form(
    audience: Audience | None,
    name: str,
    rules: list[Rule],
    errors: dict[str, str],
    impact: Impact | None = None,
) -> str:
    with reading() as session:
        require(current_actor(), Permission.NODE_MANAGE)
        return render_template(
            "audiences/detail.html",
            audience=audience,
            name=name,
            rules=[*[rule for rule in rules if rule != Rule()], *[Rule()] * EMPTY_LINES],
            departments=_choices(session),
            errors=errors,
            impact=impact,
        )


def _choices(session: Session) -> list[tuple[int, str]]:
    return [(item.id, item.name) for item in all_departments(session)]
