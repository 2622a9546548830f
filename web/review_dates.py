"""The due queue in the browser: lists by department, "still right" by one key, and an article's plan."""

from collections.abc import Mapping

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Actor, audience_scope
from kb.articles import visible_article
from kb.departments import by_name_or_code
from kb.errors import Conflict, Forbidden, Invalid
from kb.found import FoundArticle
from kb.models import Article, Person, Role
from kb.people import names_of
from kb.review_dates import checks_of, may_check, plan, still_right
from kb.review_queue import DepartmentCounts, Queue, counts, may_look, queue
from kb.revisions import Status, revision_at, status_at
from web.addresses import LARGEST_ID
from web.session import current_actor, safe_target
from web.transactions import now, reading, writing

PAGE_SIZE = 50
LAST_PAGE = 10_000
INTERVALS = (30, 90, 180, 365)
EVERYWHERE = "all"

blueprint = Blueprint("review_dates", __name__, url_prefix="/due")
NUMBER = f"<int(max={LARGEST_ID}):article_id>"


@blueprint.app_template_global()
def is_due(article: Article | FoundArticle) -> bool:
    """Return whether an article should have been looked at again by now."""
    return article.review_due_at is not None and article.review_due_at <= now()


@blueprint.app_context_processor
def _menu() -> dict[str, object]:
    return {
        "sees_due": lambda: current_user.is_authenticated and may_look(current_actor()),
        "may_sign": _may_sign,
    }


def _may_sign(article: Article) -> bool:
    """Return whether the reader may sign that an article is still right; asked by pages that offer it."""
    actor = current_actor()
    if not may_look(actor) and article.responsible_id != actor.person_id:
        return False
    with reading() as session:
        return may_check(session, actor, article)


@blueprint.get("")
def page() -> str:
    """Show one list, of the reader's own department unless another is asked for."""
    actor, moment = current_actor(), now()
    if not may_look(actor):
        raise Forbidden("只有撰写、审核和知识管理人员可以查看复核清单。")
    wanted = next((item for item in Queue if item.value == request.args.get("show")), Queue.OVERDUE)
    number = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    mine = request.args.get("mine") == "1"
    with reading() as session:
        scope = audience_scope(session, actor)
        department_id = _department(session, actor)
        rows, total = queue(
            session,
            actor,
            scope,
            wanted,
            moment,
            department_id=department_id,
            mine=mine,
            offset=(number - 1) * PAGE_SIZE,
            limit=PAGE_SIZE,
        )
        departments = counts(session, scope, moment)
    return render_template(
        "review_dates/page.html",
        rows=rows,
        total=total,
        wanted=wanted,
        mine=mine,
        department_id=department_id,
        departments=departments,
        sums={item: sum(row.of(item) for row in _inside(departments, department_id)) for item in Queue},
        labels=queue_labels(),
        page=number,
        pages=max(1, -(-total // PAGE_SIZE)),
        chosen=request.args.get("department", ""),
        moment=moment,
    )


@blueprint.get(f"/{NUMBER}")
def article(article_id: int) -> str:
    """Show an article's plan and the record of those who found it right."""
    return _article(article_id)


@blueprint.post(f"/{NUMBER}/right")
def right(article_id: int) -> Response | tuple[str, int]:
    """Sign that the revision with the hash in the form is still right."""
    form = request.form
    actor = current_actor()
    try:
        with writing() as session:
            scope = audience_scope(session, actor)
            still_right(session, actor, scope, article_id, form.get("hash", ""), now(), form.get("note", ""))
    except Conflict as error:
        return _article(article_id, problem=_(error.message)), 409
    flash(_("已记录：仍然正确。"))
    target = form.get("next") or url_for("review_dates.article", article_id=article_id)
    return redirect(safe_target(target), code=303)


@blueprint.post(f"/{NUMBER}/plan")
def save(article_id: int) -> Response | tuple[str, int]:
    """Set the interval and who answers for the article."""
    form = request.form
    actor = current_actor()
    try:
        interval = _interval(form)
        with writing() as session:
            responsible = _person(session, form.get("responsible", ""))
            plan(
                session,
                actor,
                audience_scope(session, actor),
                article_id,
                interval,
                responsible,
                now(),
            )
    except Invalid as error:
        return _article(article_id, typed=form.to_dict(), errors=error.errors), 422
    flash(_("复核计划已保存。"))
    return redirect(url_for("review_dates.article", article_id=article_id), code=303)


def queue_labels() -> dict[Queue, str]:
    """Return the names of the lists."""
    return {
        Queue.OVERDUE: _("待复核"),
        Queue.SOON: _("30 天内到期"),
        Queue.EXPIRING: _("即将失效"),
        Queue.UNPLANNED: _("未设复核日期"),
    }


def _article(
    article_id: int,
    problem: str = "",
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    actor, moment = current_actor(), now()
    with reading() as session:
        scope = audience_scope(session, actor)
        found = visible_article(session, article_id, scope)
        allowed = may_check(session, actor, found)
        if not allowed and not may_look(actor):
            raise Forbidden("只有撰写、审核和知识管理人员可以查看复核清单。")
        revision = revision_at(found.revisions, moment)
        if revision is None:
            abort(404)
        return render_template(
            "review_dates/article.html",
            article=found,
            revision=revision,
            is_current=status_at(revision, found, moment) is Status.CURRENT,
            checks=checks_of(session, article_id),
            allowed=allowed,
            typed=typed or _as_typed(session, found),
            errors={field: _(reason) for field, reason in (errors or {}).items()},
            names=names_of(session, [found.responsible_id] if found.responsible_id else []),
            intervals=INTERVALS,
            problem=problem,
            moment=moment,
        )


def _as_typed(session: Session, found: Article) -> dict[str, str]:
    person = session.get(Person, found.responsible_id) if found.responsible_id is not None else None
    days = found.review_interval_days
    return {"interval": str(days or ""), "responsible": person.username if person else ""}


def _interval(form: Mapping[str, str]) -> int | None:
    typed = form.get("interval", "").strip()
    if not typed:
        return None
    if typed.isascii() and typed.isdigit() and len(typed) < 7:
        return int(typed)
    raise Invalid("复核计划没有保存，请按提示修改。", {"interval": "请填写天数。"})


def _person(session: Session, typed: str) -> int | None:
    name = typed.strip().lower()
    if not name:
        return None
    found = session.scalar(
        select(Person.id).where((Person.username == name) | (Person.staff_number == typed.strip())).limit(1)
    )
    if found is None:
        raise Invalid("复核计划没有保存，请按提示修改。", {"responsible": "没有找到这个用户。"})
    return found


def _department(session: Session, actor: Actor) -> int | None:
    asked = request.args.get("department", "")
    if asked == EVERYWHERE:
        return None
    if asked:
        found = by_name_or_code(session, asked)
        return found.id if found is not None else None
    return None if Role.MANAGER in actor.roles or Role.ADMIN in actor.roles else actor.department_id


def _inside(rows: list[DepartmentCounts], department_id: int | None) -> list[DepartmentCounts]:
    return rows if department_id is None else [row for row in rows if row.is_under(department_id)]
