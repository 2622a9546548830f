"""Managing departments: the tree that owns knowledge, holds people and shapes audiences."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from kb.access import Permission, require
from kb.departments import all_departments, department_of, department_sizes, save_department
from kb.errors import Invalid
from kb.models import Department
from web.addresses import LARGEST_ID
from web.admin import chosen_id
from web.session import current_actor
from web.transactions import now, reading, writing

blueprint = Blueprint("departments", __name__, url_prefix="/admin/departments")
Answer = str | Response | tuple[str, int]


@blueprint.get("")
def page() -> str:
    """List the departments with the form for another."""
    return _page(None, {}, {})


@blueprint.post("")
def create() -> Answer:
    """Add a department."""
    return _save(None)


@blueprint.route(f"/<int(max={LARGEST_ID}):department_id>", methods=["GET", "POST"])
def detail(department_id: int) -> Answer:
    """Show the form of one department beside the list, or save it."""
    with reading() as session:
        require(current_actor(), Permission.PERSON_MANAGE)
        department = department_of(session, department_id)
    if request.method == "GET":
        own = {"name": department.name, "code": department.code, "parent": str(department.parent_id or "")}
        return _page(department, own, {})
    return _save(department)


def _save(department: Department | None) -> Answer:
    form = request.form
    try:
        with writing() as session:
            number = chosen_id("parent")
            save_department(
                session,
                current_actor(),
                department_of(session, department.id) if department else None,
                form.get("code", ""),
                form.get("name", ""),
                department_of(session, number) if number else None,
                now(),
            )
    except Invalid as error:
        return _page(department, form.to_dict(), error.errors), 422
    flash(_("已保存。"))
    return redirect(url_for("departments.page"), code=303)


def _page(department: Department | None, typed: dict[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        require(current_actor(), Permission.PERSON_MANAGE)
        people, articles = department_sizes(session)
        rows = sorted(
            all_departments(session), key=lambda item: [int(part) for part in item.path.split("/") if part]
        )
        return render_template(
            "departments/page.html",
            rows=rows,
            people=people,
            articles=articles,
            department=department,
            typed=typed,
            errors=errors,
        )
