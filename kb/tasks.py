"""From comment to improvement: the steps that a department takes with a task, each with its reason."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from kb import audit, points
from kb.access import Actor, Permission, audience_scope, may
from kb.drafts import open_draft
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.masking import mask_personal_data
from kb.models import Article, Comment, Department, Revision, RevisionState, Task, TaskState
from kb.task_moves import UNFINISHED, Step, move, subject_of, tell_author, tell_department
from kb.working_time import after_working_days

REASON_LIMIT = 400


def adopt(session: Session, actor: Actor, task_id: int, at: datetime) -> Task:
    """Accept a task: the department will change the article."""
    task = _handled(session, actor, task_id, is_award=True)
    move(session, task, actor, Step(TaskState.ADOPTED), at, (TaskState.OPEN,))
    points.award(session, task.comment, "adopted", actor.person_id, at)
    tell_author(session, task, "task_adopted", at)
    return task


def decline(session: Session, actor: Actor, task_id: int, reason: str, at: datetime) -> Task:
    """Close a task without a change, for a reason that its author is told."""
    task = _handled(session, actor, task_id)
    step = Step(TaskState.DECLINED, _reason(reason))
    move(session, task, actor, step, at, UNFINISHED)
    points.take_back(session, task.comment, "adopted", at)
    tell_author(session, task, "task_declined", at)
    return task


def transfer(
    session: Session,
    actor: Actor,
    task_id: int,
    department_id: int | None,
    reason: str,
    at: datetime,
    zone: ZoneInfo,
) -> Task:
    """Hand a task to another department; its clock runs on, but leaves at least one working day."""
    task = _handled(session, actor, task_id)
    department = session.get(Department, department_id) if department_id is not None else None
    if department is None or department.id == task.department_id:
        raise Invalid("请选择要转交的部门。", {"department": "请选择另一个部门。"})
    step = Step(TaskState.OPEN, _reason(reason), department.id)
    move(session, task, actor, step, at, UNFINISHED)
    points.take_back(session, task.comment, "adopted", at)
    task.handler_id = None
    task.due_at = max(task.due_at, after_working_days(session, at, 1, zone))
    tell_department(session, task, at)
    return task


def close_answered(session: Session, actor: Actor, task: Task, at: datetime) -> None:
    """Close a task because the department's official answer settles it."""
    move(session, task, actor, Step(TaskState.ANSWERED), at, UNFINISHED)


def reopen(session: Session, actor: Actor, task_id: int, reason: str, at: datetime, zone: ZoneInfo) -> Task:
    """Take a closed task up again, with at least one working day to go."""
    task = _handled(session, actor, task_id)
    closed = (TaskState.DECLINED, TaskState.ANSWERED)
    move(session, task, actor, Step(TaskState.OPEN, _reason(reason)), at, closed)
    task.due_at = max(task.due_at, after_working_days(session, at, 1, zone))
    return task


def link_draft(session: Session, actor: Actor, task_id: int, revision: Revision, at: datetime) -> Task:
    """Name the working revision that shall solve a task; the task counts as adopted from now on."""
    task = _handled(session, actor, task_id, is_award=True)
    if revision.article_id != task.article_id:
        raise Invalid("这个版本不属于任务所说的知识。")
    if task.state == TaskState.OPEN:
        adopt(session, actor, task_id, at)
    if task.state != TaskState.ADOPTED:
        raise Conflict("这项任务已经办结，请刷新页面。")
    if task.revision_id != revision.id:
        task.revision_id = revision.id
        detail = {"revision": revision.number}
        audit.record(session, actor, "task.link", subject_of(task), at, detail=detail)
    return task


def start_draft(session: Session, actor: Actor, task_id: int, at: datetime) -> Task:
    """Adopt a task by opening, or joining, the draft that shall solve it.

    Raises:
        Forbidden: if the actor may not write this article.
    """
    task = _handled(session, actor, task_id, is_award=True)
    return link_draft(session, actor, task_id, open_draft(session, actor, task.article, at), at)


def solve(session: Session, actor: Actor, task_id: int, number: int, at: datetime) -> Task:
    """Close a task with a revision that was approved after the comment.

    Args:
        number: The revision's number in its article.

    Raises:
        Invalid: if there is no such revision or it is older than the comment.
    """
    task = _handled(session, actor, task_id, is_award=True)
    revision = session.scalar(
        select(Revision).where(Revision.article_id == task.article_id, Revision.number == number)
    )
    if revision is None or revision.state != RevisionState.APPROVED or revision.approved_at is None:
        raise Invalid("请选择已经审核通过的版本。", {"number": "请选择已经审核通过的版本。"})
    if revision.approved_at < task.comment.created_at:
        raise Invalid("这个版本早于评论，不能算作解决。", {"number": "请选择评论之后的版本。"})
    _solve(session, actor, task, revision, at)
    return task


def close_solved(session: Session, actor: Actor | None, revision: Revision, at: datetime) -> int:
    """Close every task that a revision was linked to, now that it is approved.

    Returns:
        How many tasks it solved.
    """
    tasks = session.scalars(
        select(Task)
        .where(Task.revision_id == revision.id, Task.state.in_(UNFINISHED))
        .options(joinedload(Task.comment))
    ).all()
    for task in tasks:
        _solve(session, actor, task, revision, at)
    return len(tasks)


def may_handle(actor: Actor, task: Task) -> bool:
    """Return whether the actor may take steps with a task: its department's writers and managers may."""
    return bool(may(actor, Permission.TASK_MANAGE)) or works_for(actor, task.department_id)


def works_for(actor: Actor, department_id: int) -> bool:
    """Return whether the actor writes or approves for a department, and so may speak for it."""
    works = may(actor, Permission.ARTICLE_WRITE) or may(actor, Permission.ARTICLE_APPROVE)
    return bool(works) and department_id in actor.department_ids


def find_task(session: Session, actor: Actor, task_id: int) -> Task:
    """Return a task that the actor may handle and whose article they may read.

    Raises:
        NotFound: if there is none, or the actor may not know of it.
    """
    scope = audience_scope(session, actor)
    task = session.scalar(
        select(Task)
        .join(Article, Article.id == Task.article_id)
        .where(Task.id == task_id, scope.clause())
        .options(joinedload(Task.comment).joinedload(Comment.author), joinedload(Task.department))
    )
    if task is None or not may_handle(actor, task):
        raise NotFound("没有找到这项任务。")
    return task


def _handled(session: Session, actor: Actor, task_id: int, *, is_award: bool = False) -> Task:
    task = find_task(session, actor, task_id)
    if is_award and task.comment.author_id == actor.person_id:
        raise Forbidden("不能采纳或办结自己提出的评论，请由同事处理。")
    return task


def _reason(reason: str) -> str:
    reason = mask_personal_data(reason.strip())
    if not reason:
        raise Invalid("请填写理由，提出人会看到。", {"reason": "请填写理由。"})
    if len(reason) > REASON_LIMIT:
        raise Invalid("理由最多 400 个字。", {"reason": "理由最多 400 个字。"})
    return reason


def _solve(session: Session, actor: Actor | None, task: Task, revision: Revision, at: datetime) -> None:
    move(session, task, actor, Step(TaskState.SOLVED, revision_id=revision.id), at, UNFINISHED)
    giver = actor.person_id if actor else None
    points.award(session, task.comment, "adopted", giver, at)
    points.award(session, task.comment, "solved", giver, at)
    tell_author(session, task, "task_solved", at, number=revision.number)
