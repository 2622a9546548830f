"""The improvement tasks of departments: lists with what is overdue, one task's course, and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select, true
from sqlalchemy.orm import Session, aliased, joinedload

from kb.access import Actor, Permission, audience_scope, may
from kb.models import (
    Article,
    Comment,
    CommentKind,
    Department,
    Person,
    Revision,
    RevisionState,
    Task,
    TaskEvent,
    TaskState,
)
from kb.task_moves import UNFINISHED

PAGE_SIZE = 30


class TaskTab(StrEnum):
    """Which tasks a list shows."""

    TODO = "todo"
    OVERDUE = "overdue"
    CLOSED = "closed"


@dataclass(frozen=True)
class TaskFilters:
    """What of a tab is shown; ``None`` and ``""`` do not narrow."""

    tab: TaskTab = TaskTab.TODO
    kind: str = ""
    department_id: int | None = None
    page: int = 1


@dataclass(frozen=True)
class Listed:
    """One task of a list."""

    task: Task
    comment: Comment
    author: str
    title: str
    solved_by: int | None


@dataclass(frozen=True)
class TaskList:
    """A page of tasks, how many match, and how many every tab holds."""

    rows: Sequence[Listed]
    total: int
    pages: int
    counts: Mapping[TaskTab, int]


@dataclass(frozen=True)
class DepartmentFigures:
    """How a department deals with its tasks in a period; times are mean seconds, ``None`` without any."""

    department: str
    open: int
    overdue: int
    closed: int
    solved: int
    until_taken: float | None
    until_closed: float | None


@dataclass(frozen=True)
class Course:
    """One step of a task, for people to read."""

    event: TaskEvent
    actor: str
    department: str
    to_department: str


def may_see_tasks(actor: Actor) -> bool:
    """Return whether the actor deals with improvement tasks at all."""
    permissions = (Permission.TASK_MANAGE, Permission.ARTICLE_WRITE, Permission.ARTICLE_APPROVE)
    return any(may(actor, permission) for permission in permissions)


def task_list(session: Session, actor: Actor, filters: TaskFilters, now: datetime) -> TaskList:
    """Return the tasks that the actor may handle, those due first on top, closed ones latest first."""
    mine = and_(_handled_by(actor), audience_scope(session, actor).clause())
    wanted = and_(mine, *_conditions(filters, now))
    total = (
        session.scalar(
            select(func.count())
            .select_from(Task)
            .join(Article, Article.id == Task.article_id)
            .join(Comment, Comment.id == Task.comment_id)
            .where(wanted)
        )
        or 0
    )
    pages = max(1, -(-total // PAGE_SIZE))
    order = Task.closed_at.desc() if filters.tab is TaskTab.CLOSED else Task.due_at
    solving = aliased(Revision)
    found = session.execute(
        select(Task, Comment, Person.name, Revision.title, solving.number)
        .join(Article, Article.id == Task.article_id)
        .join(Comment, Comment.id == Task.comment_id)
        .join(Person, Person.id == Comment.author_id)
        .join(Revision, Revision.id == Comment.revision_id)
        .outerjoin(solving, solving.id == Task.revision_id)
        .where(wanted)
        .options(joinedload(Task.department))
        .order_by(order, Task.id)
        .offset((min(max(filters.page, 1), pages) - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    rows = [Listed(task, comment, name, title, number) for task, comment, name, title, number in found]
    return TaskList(rows, total, pages, _counts(session, mine, now))


def open_count(session: Session, actor: Actor, now: datetime) -> tuple[int, int]:
    """Return how many tasks wait for the actor's departments, and how many of those are overdue."""
    if not may_see_tasks(actor):
        return 0, 0
    mine = and_(_handled_by(actor), audience_scope(session, actor).clause())
    counts = _counts(session, mine, now)
    return counts[TaskTab.TODO], counts[TaskTab.OVERDUE]


def course(session: Session, task: Task) -> list[Course]:
    """Return every step that a task took, oldest first."""
    to_department = Department.__table__.alias()
    rows = session.execute(
        select(TaskEvent, Person.name, Department.name, to_department.c.name)
        .outerjoin(Person, Person.id == TaskEvent.actor_id)
        .join(Department, Department.id == TaskEvent.department_id)
        .outerjoin(to_department, to_department.c.id == TaskEvent.to_department_id)
        .where(TaskEvent.task_id == task.id)
        .order_by(TaskEvent.id)
    )
    return [Course(event, actor or "", place, to_place or "") for event, actor, place, to_place in rows]


def answered_by(session: Session, revision_id: int) -> list[Comment]:
    """Return the comments that a revision was written for, oldest first."""
    return list(
        session.scalars(
            select(Comment)
            .join(Task, Task.comment_id == Comment.id)
            .where(Task.revision_id == revision_id)
            .order_by(Comment.id)
        )
    )


def solving_revisions(session: Session, task: Task) -> list[Revision]:
    """Return the approved revisions newer than a task's comment, of which one may have solved it."""
    return list(
        session.scalars(
            select(Revision)
            .where(
                Revision.article_id == task.article_id,
                Revision.state == RevisionState.APPROVED,
                Revision.approved_at >= task.comment.created_at,
            )
            .order_by(Revision.number.desc())
        )
    )


def department_figures(
    session: Session,
    actor: Actor,
    since: datetime,
    now: datetime,
    *,
    until: datetime | None = None,
    department_id: int | None = None,
    fewest: int = 1,
) -> list[DepartmentFigures]:
    """Return how departments deal with tasks since an instant; open and overdue are those of now.

    Args:
        until: Only what was closed or taken before it counts as such.
        department_id: Only this department and those below it.
        fewest: A mean over fewer steps than this is left out.
    """
    mine = and_(_handled_by(actor), audience_scope(session, actor).clause())
    if department_id is not None:
        mine = and_(mine, Department.path.contains(f"/{department_id}/"))
    end = until or now
    is_open = Task.state.in_(UNFINISHED)
    is_closed = and_(Task.closed_at >= since, Task.closed_at <= end, Task.state != TaskState.CANCELLED)
    counted = session.execute(
        select(
            Department.id,
            Department.name,
            _sum_if(is_open),
            _sum_if(and_(is_open, Task.due_at < now)),
            _sum_if(is_closed),
            _sum_if(and_(is_closed, Task.state.in_((TaskState.SOLVED, TaskState.ANSWERED)))),
        )
        .select_from(Task)
        .join(Article, Article.id == Task.article_id)
        .join(Department, Department.id == Task.department_id)
        .where(mine, or_(is_open, is_closed))
        .group_by(Department.id, Department.name)
        .order_by(Department.id)
    ).all()
    times = _mean_times(session, since, end, fewest)
    return [
        DepartmentFigures(name, waiting, late, closed, solved, *times.get(number, (None, None)))
        for number, name, waiting, late, closed, solved in counted
    ]


def _mean_times(
    session: Session, since: datetime, end: datetime, fewest: int
) -> dict[int, tuple[float | None, float | None]]:
    """Return by department how many seconds tasks waited to be taken and to be closed."""
    steps = [
        case((TaskEvent.former_state == state, TaskEvent.spent_seconds))
        for state in (TaskState.OPEN, TaskState.ADOPTED)
    ]
    rows = session.execute(
        select(
            TaskEvent.department_id, *[figure(step) for step in steps for figure in (func.count, func.avg)]
        )
        .where(TaskEvent.at >= since, TaskEvent.at <= end)
        .group_by(TaskEvent.department_id)
    )

    def mean(steps: int, seconds: float | None) -> float | None:
        return float(seconds) if seconds is not None and steps >= fewest else None

    return {row[0]: (mean(*row[1:3]), mean(*row[3:5])) for row in rows}


def _handled_by(actor: Actor) -> ColumnElement[bool]:
    if may(actor, Permission.TASK_MANAGE):
        return true()
    if not may_see_tasks(actor):
        return false()
    return Task.department_id.in_(sorted(actor.department_ids))


def _conditions(filters: TaskFilters, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_in_tab(filters.tab, now)]
    if filters.kind in tuple(CommentKind):
        found.append(Comment.kind == filters.kind)
    if filters.department_id is not None:
        found.append(Task.department_id == filters.department_id)
    return found


def _in_tab(tab: TaskTab, now: datetime) -> ColumnElement[bool]:
    if tab is TaskTab.CLOSED:
        return Task.closed_at.is_not(None)
    waiting = Task.state.in_(UNFINISHED)
    return and_(waiting, Task.due_at < now) if tab is TaskTab.OVERDUE else waiting


def _counts(session: Session, mine: ColumnElement[bool], now: datetime) -> dict[TaskTab, int]:
    numbers = session.execute(
        select(*(_sum_if(_in_tab(tab, now)) for tab in TaskTab))
        .select_from(Task)
        .join(Article, Article.id == Task.article_id)
        .where(mine)
    ).one()
    return dict(zip(TaskTab, numbers, strict=True))


def _sum_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
