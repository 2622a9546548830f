"""The form for an announcement: publishing, changing what it says, taking it back."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Actor, Permission, audience_scope, may
from kb.activity import titles_at
from kb.announcement_writing import Notice, publish, rewrite, withdraw
from kb.announcements import latest_text, managed
from kb.clock import DayMeans, day_start, read_wall_clock
from kb.departments import all_departments
from kb.errors import Forbidden, Invalid
from kb.models import Announcement, Article, Audience, Role
from kb.reminders import tell_of_announcement
from web.announcements.asking import deadline
from web.announcements.views import NUMBER, show
from web.i18n import role_labels
from web.session import current_actor
from web.transactions import now, reading, services, writing

DAYS_TO_READ = 3


def install(blueprint: Blueprint) -> None:
    """Add these pages to the announcements'."""
    blueprint.add_url_rule("/new", view_func=new, methods=["GET"])
    blueprint.add_url_rule("/new", view_func=create, methods=["POST"])
    blueprint.add_url_rule(f"/{NUMBER}/edit", view_func=edit, methods=["GET"])
    blueprint.add_url_rule(f"/{NUMBER}/edit", view_func=save, methods=["POST"])
    blueprint.add_url_rule(f"/{NUMBER}/withdraw", view_func=take_back, methods=["POST"])


def new() -> str:
    """Show an empty form, or one about the article named in the address."""
    due = now() + timedelta(days=DAYS_TO_READ)
    typed = {
        "article": request.args.get("article", ""),
        "required": "on" if request.args.get("article") else "",
        "due": deadline(day_start(due.astimezone(services().zone).date(), services().zone)),
    }
    return _form(typed, {})


def create() -> Response | tuple[str, int]:
    """Publish what the form holds."""
    actor = current_actor()
    try:
        notice = _notice(request.form)
        with writing() as session:
            moment = now()
            announcement = publish(session, actor, audience_scope(session, actor), notice, moment)
            tell_of_announcement(session, announcement, moment)
            number = announcement.id
    except Invalid as error:
        return _form(request.form.to_dict(), error.errors), 422
    flash(_("公告已发布。"))
    return redirect(url_for("announcements.detail", announcement_id=number), code=303)


def edit(announcement_id: int) -> str:
    """Show the form with what the announcement says now."""
    actor = current_actor()
    with reading() as session:
        announcement = managed(session, actor, audience_scope(session, actor), announcement_id)
        typed = _as_typed(announcement, latest_text(session, announcement).source)
    return _form(typed, {}, announcement)


def save(announcement_id: int) -> Response | tuple[str, int]:
    """Keep what the form holds; another text becomes the next version."""
    actor = current_actor()
    try:
        notice = _notice(request.form)
        with writing() as session:
            rewrite(session, actor, audience_scope(session, actor), announcement_id, notice, now())
    except Invalid as error:
        with reading() as session:
            announcement = managed(session, actor, audience_scope(session, actor), announcement_id)
        return _form(request.form.to_dict(), error.errors, announcement), 422
    flash(_("公告已保存。"))
    return redirect(url_for("announcements.detail", announcement_id=announcement_id), code=303)


def take_back(announcement_id: int) -> Response | tuple[str, int]:
    """Take an announcement back, for the reason given."""
    actor = current_actor()
    try:
        with writing() as session:
            scope = audience_scope(session, actor)
            withdraw(session, actor, scope, announcement_id, request.form.get("reason", ""), now())
    except Invalid as error:
        problem = error.errors["reason"]
        return show(announcement_id, reason_error=_(problem)), 422
    flash(_("公告已收回。"))
    return redirect(url_for("announcements.page", show="withdrawn"), code=303)


def _notice(form: Mapping[str, str]) -> Notice:
    role = form.get("role", "")
    errors: dict[str, str] = {}
    due_at = _due(form.get("due", ""), errors)
    if role and role not in [item.value for item in Role]:
        errors["role"] = "没有这个选项。"
    numbers = {
        name: _number(form.get(name, ""), name, errors) for name in ("article", "audience", "department")
    }
    if errors:
        raise Invalid("公告没有保存，请按提示修改。", errors)
    return Notice(
        title=form.get("title", ""),
        source=form.get("source", "").replace("\r\n", "\n"),
        article_id=numbers["article"],
        audience_id=numbers["audience"],
        department_id=numbers["department"],
        role=Role(role) if role else None,
        is_required="required" in form,
        is_pinned="pinned" in form,
        due_at=due_at if "required" in form else None,
        is_material="slip" not in form,
        change_summary=form.get("change_summary", ""),
    )


def _due(typed: str, errors: dict[str, str]) -> datetime | None:
    if not typed.strip():
        return None
    try:
        return read_wall_clock(typed, services().zone, DayMeans.OVER)
    except ValueError:
        errors["due"] = "日期的写法不正确，应为 2026-01-31。"
        return None


def _number(typed: str, name: str, errors: dict[str, str]) -> int | None:
    if not typed.strip():
        return None
    digits = typed.strip().rpartition("/a/")[2].split("-")[0] if name == "article" else typed.strip()
    if digits.isascii() and digits.isdigit() and len(digits) < 10:
        return int(digits)
    errors[name] = "没有找到这篇知识。" if name == "article" else "没有这个选项。"
    return None


def _as_typed(announcement: Announcement, source: str) -> dict[str, str]:
    return {
        "title": announcement.title,
        "source": source,
        "article": str(announcement.article_id or ""),
        "audience": str(announcement.audience_id or ""),
        "department": str(announcement.department_id or ""),
        "role": announcement.role or "",
        "due": deadline(announcement.due_at),
        **({"required": "on"} if announcement.is_required else {}),
        **({"pinned": "on"} if announcement.is_pinned else {}),
    }


def _form(
    typed: Mapping[str, str], errors: Mapping[str, str], announcement: Announcement | None = None
) -> str:
    actor = current_actor()
    if not (decision := may(actor, Permission.ANNOUNCEMENT_WRITE)):
        raise Forbidden(decision.reason)
    with reading() as session:
        return render_template(
            "announcements/form.html",
            typed=typed,
            errors={field: _(reason) for field, reason in errors.items()},
            announcement=announcement,
            article_title=_article_title(session, actor, typed.get("article", "")),
            audiences=session.scalars(select(Audience).order_by(Audience.name)).all(),
            departments=all_departments(session),
            roles=role_labels(),
        )


def _article_title(session: Session, actor: Actor, typed: str) -> str:
    number = _number(typed, "article", {})
    if number is None:
        return ""
    scope = audience_scope(session, actor)
    if session.scalar(select(Article.id).where(Article.id == number, scope.clause())) is None:
        return ""
    return titles_at(session, [number], now()).get(number, "")
