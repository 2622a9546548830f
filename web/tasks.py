"""Improvement tasks of departments: the list, one task with its course, every step, and figures."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from kb.access import Permission, audience_scope, may, may_on
from kb.articles import visible_article
from kb.comment_threads import changed_passages
from kb.comments import answer, may_answer_officially
from kb.departments import all_departments
from kb.errors import Forbidden, Invalid, TooMany
from kb.models import Comment, CommentKind, Revision, RevisionState, Task, TaskState
from kb.revisions import revision_at
from kb.task_lists import (
    TaskFilters,
    TaskTab,
    answered_by,
    course,
    department_figures,
    may_see_tasks,
    solving_revisions,
    task_list,
)
from kb.tasks import adopt, decline, find_task, reopen, solve, start_draft, transfer
from web.addresses import LARGEST_ID
from web.search.results import page_numbers
from web.sentences import sentence as _
from web.session import current_actor
from web.transactions import now, reading, services, writing

FIGURES_OVER = timedelta(days=90)

blueprint = Blueprint("tasks", __name__, url_prefix="/tasks")


@blueprint.get("")
def page() -> str:
    """List the tasks that the person may handle, those due first on top."""
    actor, moment = current_actor(), now()
    if not may_see_tasks(actor):
        raise Forbidden("您没有处理改进任务的权限。")
    filters = _filters(request.args)
    with reading() as session:
        found = task_list(session, actor, filters, moment)
        return render_template(
            "tasks/page.html",
            found=found,
            filters=filters,
            moment=moment,
            tabs={TaskTab.TODO: _("待办"), TaskTab.OVERDUE: _("已超期"), TaskTab.CLOSED: _("已办结")},
            departments=all_departments(session) if may(actor, Permission.TASK_MANAGE) else [],
            figures=department_figures(session, actor, moment - FIGURES_OVER, moment),
            numbers=page_numbers(min(filters.page, found.pages), found.pages),
            address=lambda **changes: _address(replace(filters, **changes)),
        )


@blueprint.get(f"/<int(max={LARGEST_ID}):task_id>")
def detail(task_id: int) -> str:
    """Show one task: the comment, its passage then and now, what can be done, what was done."""
    with reading() as session:
        return _detail(session, task_id)


@blueprint.post(f"/<int(max={LARGEST_ID}):task_id>/adopt")
def take(task_id: int) -> Response:
    """Accept a task."""
    return _step(task_id, lambda session: adopt(session, current_actor(), task_id, now()), _("已采纳"))


@blueprint.post(f"/<int(max={LARGEST_ID}):task_id>/draft")
def write_solution(task_id: int) -> Response:
    """Open the draft that shall solve a task, and go there."""
    with writing() as session:
        article_id = start_draft(session, current_actor(), task_id, now()).article_id
    return redirect(f"/a/{article_id}/edit?task={task_id}", code=303)


@blueprint.post(f"/<int(max={LARGEST_ID}):task_id>/decline")
def refuse(task_id: int) -> Response | tuple[str, int]:
    """Close a task without a change, for a reason."""
    reason = request.form.get("reason", "")
    return _typed_step(
        task_id, lambda session: decline(session, current_actor(), task_id, reason, now()), _("已答复提出人")
    )


@blueprint.post(f"/<int(max={LARGEST_ID}):task_id>/transfer")
def hand_over(task_id: int) -> Response | tuple[str, int]:
    """Hand a task to another department, for a reason."""
    department_id = request.form.get("department", type=int)
    reason = request.form.get("reason", "")

    def work(session: Session) -> None:
        transfer(session, current_actor(), task_id, department_id, reason, now(), services().zone)

    return _typed_step(task_id, work, _("已转交"), leaves=True)


@blueprint.post(f"/<int(max={LARGEST_ID}):task_id>/answer")
def reply_officially(task_id: int) -> Response | tuple[str, int]:
    """Answer the comment for the department, which closes the task."""
    text = request.form.get("text", "")

    def work(session: Session) -> None:
        task = find_task(session, current_actor(), task_id)
        answer(session, current_actor(), task.comment_id, text, now(), services().zone)

    return _typed_step(task_id, work, _("已回复"))


@blueprint.post(f"/<int(max={LARGEST_ID}):task_id>/solve")
def finish(task_id: int) -> Response | tuple[str, int]:
    """Close a task with the revision that solved it."""
    number = request.form.get("number", 0, type=int)
    return _typed_step(
        task_id, lambda session: solve(session, current_actor(), task_id, number, now()), _("已办结")
    )


@blueprint.post(f"/<int(max={LARGEST_ID}):task_id>/reopen")
def take_up_again(task_id: int) -> Response | tuple[str, int]:
    """Open a closed task again, for a reason."""
    reason = request.form.get("reason", "")

    def work(session: Session) -> None:
        reopen(session, current_actor(), task_id, reason, now(), services().zone)

    return _typed_step(task_id, work, _("已重新打开"))


@blueprint.app_template_global()
def task_states() -> dict[str, tuple[str, str]]:
    """Return the states of a task in words with their tone, by state."""
    return {
        TaskState.OPEN: (_("待处理"), "warn"),
        TaskState.ADOPTED: (_("已采纳"), "info"),
        TaskState.SOLVED: (_("已改进"), "ok"),
        TaskState.ANSWERED: (_("已答复"), "ok"),
        TaskState.DECLINED: (_("未采纳"), "bad"),
        TaskState.CANCELLED: (_("已取消"), "info"),
    }


@blueprint.app_template_global()
def has_tasks() -> bool:
    """Return whether the person deals with tasks, and so may answer for a department."""
    return may_see_tasks(current_actor())


@blueprint.app_template_global()
def comments_answered(revision_id: int) -> list[Comment]:
    """Return the comments that a draft is written for, to be shown to who writes or judges it."""
    with reading() as session:
        return answered_by(session, revision_id)


@blueprint.app_template_filter()
def duration(seconds: float | None) -> str:
    """Write a span of time in the unit in which people think of it."""
    if seconds is None:
        return "-"
    if seconds < 3600:
        return str(ngettext("%(num)s 分钟", "%(num)s 分钟", round(seconds / 60)))
    if seconds < 48 * 3600:
        return str(ngettext("%(num)s 小时", "%(num)s 小时", round(seconds / 3600)))
    return str(ngettext("%(num)s 天", "%(num)s 天", round(seconds / 86400)))


def _detail(session: Session, task_id: int, problem: str = "") -> str:
    actor, moment = current_actor(), now()
    task = find_task(session, actor, task_id)
    article = visible_article(session, task.article_id, audience_scope(session, actor))
    current = revision_at(article.revisions, moment)
    comment = task.comment
    asked = next(one for one in article.revisions if one.id == comment.revision_id)
    is_older = current is not None and comment.quote and asked.number < current.number
    changed = changed_passages(session, current, [comment]) if current is not None and is_older else set()
    return render_template(
        "tasks/detail.html",
        task=task,
        comment=comment,
        article=article,
        current=current,
        asked=asked,
        may_be_solved=bool(changed),
        may_answer=may_answer_officially(session, actor, article, comment),
        may_write=bool(
            may_on(session, actor, Permission.ARTICLE_WRITE, article.node, article.owner_department_id)
        ),
        linked=_linked(session, task),
        is_own=comment.author_id == actor.person_id,
        course=course(session, task),
        solving=solving_revisions(session, task),
        departments=all_departments(session),
        moment=moment,
        typed=request.form if problem else {},
        problem=problem,
    )


def _linked(session: Session, task: Task) -> Revision | None:
    """Return the revision that a task was linked to, unless it was thrown away as a draft."""
    revision = session.get(Revision, task.revision_id) if task.revision_id is not None else None
    return None if revision is None or revision.state == RevisionState.DISCARDED else revision


def _step(task_id: int, work: Callable[[Session], object], message: str, *, leaves: bool = False) -> Response:
    with writing() as session:
        work(session)
    flash(message)
    # Who hands a task over may no longer see it.
    target = url_for("tasks.page") if leaves else url_for("tasks.detail", task_id=task_id)
    return redirect(target, code=303)


def _typed_step(
    task_id: int, work: Callable[[Session], object], message: str, *, leaves: bool = False
) -> Response | tuple[str, int]:
    try:
        return _step(task_id, work, message, leaves=leaves)
    except (Invalid, TooMany) as error:
        with reading() as session:
            return _detail(session, task_id, _(error.message)), 422 if isinstance(error, Invalid) else 429


def _filters(sent: "MultiDict[str, str]") -> TaskFilters:
    tab, kind = sent.get("tab", ""), sent.get("kind", "")
    department, number = sent.get("department", type=int), sent.get("page", 1, type=int)
    return TaskFilters(
        tab=TaskTab(tab) if tab in tuple(TaskTab) else TaskTab.TODO,
        kind=kind if kind in tuple(CommentKind) else "",
        department_id=department if department is not None and 0 < department <= LARGEST_ID else None,
        page=min(max(number, 1), 10_000),
    )


def _address(filters: TaskFilters) -> str:
    values: dict[str, Any] = {
        "tab": filters.tab.value if filters.tab is not TaskTab.TODO else None,
        "kind": filters.kind or None,
        "department": filters.department_id,
        "page": filters.page if filters.page > 1 else None,
    }
    return url_for("tasks.page", **values)
