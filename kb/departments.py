"""Departments: creating and finding them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.models import Department


def ensure_department(session: Session, code: str, name: str, parent: Department | None = None) -> Department:
    """Return the department with this code, creating it if it is new."""
    department = session.scalar(select(Department).where(Department.code == code))
    if department is not None:
        return department
    department = Department(code=code, name=name, parent_id=parent.id if parent else None)
    session.add(department)
    session.flush()
    department.path = f"{parent.path if parent else '/'}{department.id}/"
    return department


def by_name_or_code(session: Session, label: str) -> Department | None:
    """Return the department whose code or name is ``label``."""
    return session.scalar(
        select(Department).where((Department.code == label) | (Department.name == label)).limit(1)
    )


def all_departments(session: Session) -> list[Department]:
    """Return every department in the order of creation."""
    return list(session.scalars(select(Department).order_by(Department.id)))
