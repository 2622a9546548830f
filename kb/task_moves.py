"""How a task is opened and moved: one step, its event, its audit line and whom it is told to."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from kb import audit, points
from kb.access import Actor
from kb.errors import Conflict
from kb.models import (
    Article,
    Comment,
    CommentKind,
    Person,
    Point,
    Revision,
    Role,
    Task,
    TaskEvent,
    TaskState,
)
from kb.notifications import notify
from kb.readers import below, holds_role, may_read
from kb.working_time import after_working_days

# Working days until a department shall have answered or solved it, by kind of comment.
DAYS_ALLOWED = {
    CommentKind.ERROR: 1,
    CommentKind.EXPIRED: 1,
    CommentKind.QUESTION: 1,
    CommentKind.UNCLEAR: 3,
    CommentKind.SUGGESTION: 5,
}
UNFINISHED = (TaskState.OPEN, TaskState.ADOPTED)


@dataclass(frozen=True)
class Step:
    """Where a task goes: the state, why, and what else changes with it."""

    state: TaskState
    reason: str = ""
    department_id: int | None = None
    revision_id: int | None = None


def open_task(
    session: Session, comment: Comment, actor: Actor | None, at: datetime, zone: ZoneInfo, key: str = ""
) -> Task:
    """Give a visible comment to the department that owns the article, with a clock by its kind.

    Args:
        key: Names the verdict that did it, so that an undo can take back what was told.

    Returns:
        The comment's task, which may have been there before; one that was cancelled is open again.
    """
    due_at = after_working_days(session, at, DAYS_ALLOWED[CommentKind(comment.kind)], zone)
    known = session.scalar(select(Task).where(Task.comment_id == comment.id))
    if known is not None:
        if known.state == TaskState.CANCELLED:
            move(session, known, actor, Step(TaskState.OPEN), at, (TaskState.CANCELLED,))
            known.due_at = max(known.due_at, due_at)
        return known
    department_id = session.scalars(
        select(Article.owner_department_id).where(Article.id == comment.article_id)
    ).one()
    task = Task(
        comment=comment,
        article_id=comment.article_id,
        department_id=department_id,
        state=TaskState.OPEN,
        created_at=at,
        due_at=due_at,
        changed_at=at,
    )
    session.add(task)
    session.flush()
    _note(session, task, actor, at)
    audit.record(session, actor, "task.open", subject_of(task), at, detail={"comment": comment.id})
    tell_department(session, task, at, key)
    return task


def cancel(session: Session, task: Task, actor: Actor | None, at: datetime, reason: str = "") -> None:
    """Close a task whose comment is no longer there for readers."""
    if task.state in UNFINISHED:
        move(session, task, actor, Step(TaskState.CANCELLED, reason), at, UNFINISHED)
        points.take_back(session, task.comment, "adopted", at)


def move(
    session: Session,
    task: Task,
    actor: Actor | None,
    step: Step,
    at: datetime,
    expected: tuple[TaskState, ...],
) -> None:
    """Write one step; refuse it if somebody else was faster."""
    former, since, department_id = task.state, task.changed_at, task.department_id
    values: dict[str, object] = {
        "state": step.state,
        "reason": step.reason,
        "changed_at": at,
        "closed_at": None if step.state in UNFINISHED else at,
        "department_id": step.department_id or task.department_id,
        "handler_id": actor.person_id if actor else None,
    }
    if step.revision_id is not None:
        values["revision_id"] = step.revision_id
    allowed = former in expected
    changed = allowed and session.execute(
        update(Task)
        .where(Task.id == task.id, Task.state == former)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if not changed or changed.rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("这项任务已经被处理，请刷新页面查看最新进展。")
    session.refresh(task)
    spent = max(0, int((at - since).total_seconds()))
    _note(session, task, actor, at, former_state=former, spent_seconds=spent, department_id=department_id)
    detail: dict[str, object] = {"from": former, "to": step.state, "comment": task.comment_id}
    if step.department_id is not None:
        detail["department"] = step.department_id
    audit.record(
        session, actor, f"task.{step.state}", subject_of(task), at, reason=step.reason, detail=detail
    )


def rewind(session: Session, task: Task, at: datetime) -> bool:
    """Undo the one step that was taken at ``at``, as if it had not been.

    Returns:
        False if a later step stands on it; true also if there was no such step.
    """
    if task.changed_at != at:
        return task.changed_at < at
    events = session.scalars(
        select(TaskEvent).where(TaskEvent.task_id == task.id).order_by(TaskEvent.id.desc()).limit(2)
    ).all()
    if len(events) < 2:
        session.delete(events[0])
        session.flush()
        session.delete(task)
        session.flush()
        return True
    last, before = events
    task.state, task.reason, task.department_id = before.state, before.reason, last.department_id
    task.changed_at = before.at
    task.closed_at = None if before.state in UNFINISHED else before.at
    session.delete(last)
    session.execute(delete(Point).where(Point.comment_id == task.comment_id, Point.given_at == at))
    session.flush()
    return True


def tell_department(session: Session, task: Task, at: datetime, key: str = "") -> None:
    """Tell those who write for a task's department that it waits for them."""
    key_of = session.scalars(select(Article.access_key).where(Article.id == task.article_id)).one()
    handlers = handlers_of(session, task.department_id, key_of)
    detail = {"path": f"/tasks/{task.id}", "task": task.id}
    subject = title_of(session, task.comment.revision_id)
    notify(
        session,
        handlers,
        "task_assigned",
        subject,
        at,
        article_id=task.article_id,
        detail=detail,
        once_key=f"{key}:task" if key else None,
    )


def handlers_of(session: Session, department_id: int, access_key: str = "") -> list[int]:
    """Return who deals with the tasks of a department: its writers; where there are none, the managers.

    Args:
        access_key: Of the article concerned, which they must be able to read.
    """
    reader = may_read(session, access_key)
    writers = select(Person.id).where(reader, below(department_id), holds_role(Role.PUBLISHER))
    found = list(session.scalars(writers))
    return found or list(session.scalars(select(Person.id).where(reader, holds_role(Role.MANAGER))))


def tell_author(session: Session, task: Task, kind: str, at: datetime, number: int | None = None) -> None:
    """Tell the author of a task's comment what came of it.

    Args:
        kind: What happened, such as ``task_solved``.
        number: The revision that solved it.
    """
    comment = task.comment
    detail: dict[str, object] = {"path": path_of(comment)}
    if task.reason:
        detail["reason"] = task.reason
    if number is not None:
        detail["number"] = number
    subject = title_of(session, comment.revision_id)
    notify(session, [comment.author_id], kind, subject, at, article_id=task.article_id, detail=detail)


def subject_of(task: Task) -> str:
    """Return how the audit log names a task."""
    return f"task:{task.id}"


def title_of(session: Session, revision_id: int) -> str:
    """Return the title of a revision, by which notifications name what they concern."""
    return session.scalars(select(Revision.title).where(Revision.id == revision_id)).one()


def path_of(comment: Comment) -> str:
    """Return the address that leads to a comment wherever it stands by then."""
    return f"/comments/{comment.id}"


def _note(
    session: Session,
    task: Task,
    actor: Actor | None,
    at: datetime,
    *,
    former_state: str = "",
    spent_seconds: int = 0,
    department_id: int | None = None,
) -> None:
    lay_with = department_id or task.department_id
    session.add(
        TaskEvent(
            task_id=task.id,
            at=at,
            actor_id=actor.person_id if actor else None,
            state=task.state,
            former_state=former_state,
            department_id=lay_with,
            to_department_id=task.department_id if task.department_id != lay_with else None,
            spent_seconds=spent_seconds,
            reason=task.reason,
        )
    )
    session.flush()
