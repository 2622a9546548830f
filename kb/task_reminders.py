"""Which improvement tasks ran over their clock, told once to those who deal with them and to their leads."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.models import DepartmentLead, Task
from kb.reminders import Reminder, not_told
from kb.task_moves import UNFINISHED, handlers_of


def of_tasks(session: Session, at: datetime) -> list[Reminder]:
    """Return whom to tell that tasks of a department are overdue: one line for all, again when one more is."""
    overdue = session.execute(
        select(Task.department_id, func.count(), func.max(Task.due_at))
        .where(Task.state.in_(UNFINISHED), Task.due_at < at)
        .group_by(Task.department_id)
    ).all()
    reminders = []
    for department_id, count, newest in overdue:
        key = f"tasks:{department_id}:{int(newest.timestamp())}"
        leads = session.scalars(
            select(DepartmentLead.person_id).where(DepartmentLead.department_id == department_id)
        )
        waiting = not_told(session, {*handlers_of(session, department_id), *leads}, key)
        if waiting:
            detail = {"path": "/tasks?tab=overdue", "count": count}
            subject = f"{count} 项改进任务已超期"
            reminders.append(Reminder("task_overdue", waiting, subject, None, detail, key))
    return reminders
