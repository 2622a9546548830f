"""Managing people: accounts, roles and departments, and everybody's own password."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from kb.access import Permission, require
from kb.accounts import (
    PAGE,
    PeopleFilter,
    change_person,
    close_account,
    list_people,
    new_password,
    person_of,
    reopen_account,
    reset_password,
    unlock_account,
)
from kb.departments import all_departments, department_of
from kb.errors import Invalid
from kb.models import Person, Role
from kb.people import change_password, create_person
from web.addresses import LARGEST_ID
from web.admin import chosen_id
from web.session import current_actor
from web.transactions import now, reading, writing

blueprint = Blueprint("people", __name__)
PERSON = f"/admin/people/<int(max={LARGEST_ID}):person_id>"
Answer = str | Response | tuple[str, int]


@blueprint.get("/admin/people")
def page() -> str:
    """List people by text, department, role and state."""
    arguments = request.args
    role = arguments.get("role", "")
    state = arguments.get("state", "")
    chosen = PeopleFilter(
        arguments.get("q", "")[:64],
        arguments.get("department", type=int),
        Role(role) if role in set(Role) else None,
        {"active": True, "closed": False}.get(state),
    )
    number = min(max(1, arguments.get("page", 1, type=int)), 10_000)
    with reading() as db:
        require(current_actor(), Permission.PERSON_MANAGE)
        rows, total = list_people(db, chosen, number)
        return render_template(
            "people/page.html",
            rows=rows,
            total=total,
            page=number,
            pages=-(-total // PAGE),
            chosen=chosen,
            state=state,
            departments=[(item.id, item.name) for item in all_departments(db)],
            moment=now(),
        )


@blueprint.route("/admin/people/new", methods=["GET", "POST"])
def create() -> Answer:
    """Ask for a new account, or make it and show its first password, this once."""
    if request.method == "GET":
        return _form(None, {"roles": [Role.AGENT.value]}, {})
    form = request.form
    password = new_password()
    try:
        with writing() as db:
            person = create_person(
                db,
                form.get("username", ""),
                form.get("name", ""),
                password,
                department_of(db, _department()),
                _roles(),
                now(),
                form.get("staff_number", "")[:32],
                by=current_actor(),
            )
    except Invalid as error:
        return _form(None, _typed(), error.errors), 422
    return _form(person, _own(person), {}, password)


@blueprint.route(PERSON, methods=["GET", "POST"])
def detail(person_id: int) -> Answer:
    """Show one account, or save its name, place and roles."""
    with reading() as db:
        require(current_actor(), Permission.PERSON_MANAGE)
        person = person_of(db, person_id)
    if request.method == "GET":
        return _form(person, _own(person), {})
    form = request.form
    try:
        with writing() as db:
            change_person(
                db,
                current_actor(),
                person_of(db, person_id),
                name=form.get("name", ""),
                staff_number=form.get("staff_number", ""),
                department=department_of(db, _department()),
                roles=_roles(),
                at=now(),
            )
    except Invalid as error:
        return _form(person, _typed(), error.errors), 422
    flash(_("已保存。"))
    return redirect(url_for("people.detail", person_id=person_id), code=303)


@blueprint.post(f"{PERSON}/active")
def active(person_id: int) -> Answer:
    """Close an account or open it again."""
    act = reopen_account if request.form.get("active") == "on" else close_account
    with writing() as db:
        act(db, current_actor(), person_of(db, person_id), now())
    flash(_("已保存。"))
    return redirect(url_for("people.detail", person_id=person_id), code=303)


@blueprint.post(f"{PERSON}/unlock")
def unlock(person_id: int) -> Answer:
    """Let a person try again who typed a wrong password too often."""
    with writing() as db:
        unlock_account(db, current_actor(), person_of(db, person_id), now())
    flash(_("已解锁。"))
    return redirect(url_for("people.detail", person_id=person_id), code=303)


@blueprint.post(f"{PERSON}/password")
def password(person_id: int) -> Answer:
    """Give a person a new password and show it, this once."""
    with writing() as db:
        person = person_of(db, person_id)
        told = reset_password(db, current_actor(), person, now())
    return _form(person, _own(person), {}, told)


@blueprint.route("/password", methods=["GET", "POST"])
def own_password() -> Answer:
    """Let anybody change their own password, which ends all their logins."""
    if request.method == "GET":
        return render_template("people/password.html", errors={})
    form = request.form
    if form.get("password", "") != form.get("again", ""):
        return render_template("people/password.html", errors={"again": _("两次输入的新密码不一致。")}), 422
    try:
        with writing() as db:
            person = person_of(db, current_user.person.id)
            change_password(db, person, form.get("current", ""), form.get("password", ""), now())
    except Invalid as error:
        return render_template("people/password.html", errors=error.errors), 422
    session.clear()
    flash(_("密码已修改，请用新密码登录。"))
    return redirect(url_for("session.log_in"), code=303)


def _department() -> int:
    number = chosen_id("department")
    if number is None:
        raise Invalid("用户没有保存，请按提示修改。", {"department": _("请选择部门。")})
    return number


def _roles() -> list[Role]:
    return [Role(value) for value in request.form.getlist("roles") if value in set(Role)]


def _typed() -> dict[str, object]:
    return {**request.form.to_dict(), "roles": request.form.getlist("roles")}


def _own(person: Person) -> dict[str, object]:
    return {
        "username": person.username,
        "name": person.name,
        "staff_number": person.staff_number,
        "department": person.department_id,
        "roles": [row.role for row in person.role_rows],
    }


def _form(person: Person | None, typed: dict[str, object], errors: dict[str, str], told: str = "") -> str:
    with reading() as db:
        require(current_actor(), Permission.PERSON_MANAGE)
        return render_template(
            "people/detail.html",
            account=person,
            typed=typed,
            errors=errors,
            told=told,
            departments=[(item.id, item.name) for item in all_departments(db)],
            moment=now(),
            is_self=person is not None and person.id == current_actor().person_id,
        )
