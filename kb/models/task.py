"""Improvement tasks that comments turn into, and every step they took."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.models.article import Article
from kb.models.comment import Comment
from kb.models.department import Department
from kb.models.table import Instant, Table


class TaskState(StrEnum):
    """How far a department came with a task; a transferred task is open again."""

    OPEN = "open"
    ADOPTED = "adopted"
    SOLVED = "solved"
    ANSWERED = "answered"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class Task(Table):
    """An improvement task 改进任务 of a department about one comment; ``due_at`` is its clock.

    ``revision_id`` is the revision that shall solve it, or solved it once the state says so.
    """

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), unique=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    state: Mapped[str] = mapped_column(String(16), default=TaskState.OPEN)
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("revisions.id", ondelete="SET NULL"), index=True
    )
    reason: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)

    comment: Mapped[Comment] = relationship()
    article: Mapped[Article] = relationship()
    department: Mapped[Department] = relationship()

    __table_args__ = (
        CheckConstraint(
            "state IN ('open','adopted','solved','answered','declined','cancelled')", name="state"
        ),
        CheckConstraint("(closed_at IS NULL) = (state IN ('open','adopted'))", name="closed_has_time"),
        Index("ix_tasks_queue", "department_id", "state", "due_at"),
        Index("ix_tasks_state", "state", "due_at"),
    )


class TaskEvent(Table):
    """One step of a task; ``spent_seconds`` is how long it had been in ``former_state``.

    ``department_id`` is the department it lay with until then, ``to_department_id`` where a transfer led.
    """

    __tablename__ = "task_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    state: Mapped[str] = mapped_column(String(16))
    former_state: Mapped[str] = mapped_column(String(16), default="")
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    to_department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    spent_seconds: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(400), default="")
