"""Departments: creating, finding, renaming and moving them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, path_ids, require
from kb.errors import Invalid, NotFound
from kb.models import Article, Department, DepartmentLead, Person
from kb.structure import departments_of, worked_out


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
    return list(departments_of(session))


def department_names(session: Session) -> Mapping[int, str]:
    """Return the name of every department by its id."""

    def names() -> Mapping[int, str]:
        return {department.id: department.name for department in departments_of(session)}

    return worked_out(session, "department names", names)


def department_of(session: Session, department_id: int) -> Department:
    """Return a department.

    Raises:
        NotFound: if there is none with this id.
    """
    department = session.get(Department, department_id)
    if department is None:
        raise NotFound("没有找到这个部门。")
    return department


def save_department(
    session: Session,
    actor: Actor | None,
    department: Department | None,
    code: str,
    name: str,
    parent: Department | None,
    at: datetime,
) -> Department:
    """Create a department, or change its name and the one above it; the code of one stays.

    Who belongs to an audience follows at once, because membership goes by the tree of departments.

    Raises:
        Invalid: with the reason by field.
    """
    require(actor, Permission.PERSON_MANAGE)
    code, name = code.strip(), name.strip()
    _check(session, department, code, name, parent)
    if department is None:
        department = ensure_department(session, code, name, parent)
        audit.record(
            session, actor, "department.create", f"department:{department.id}", at, detail={"name": name}
        )
        return department
    before = {"name": department.name, "parent": department.parent_id}
    former = department.path
    department.name = name
    department.parent_id = parent.id if parent else None
    path = f"{parent.path if parent else '/'}{department.id}/"
    below = session.scalars(select(Department).where(Department.path.startswith(former, autoescape=True)))
    for item in below.all():
        item.path = path + item.path[len(former) :]
    session.flush()
    detail = {"before": before, "name": name, "parent": department.parent_id}
    audit.record(session, actor, "department.change", f"department:{department.id}", at, detail=detail)
    return department


def department_sizes(session: Session) -> tuple[dict[int, int], dict[int, int]]:
    """Return how many active people and how many articles each department has itself."""
    people = session.execute(
        select(Person.department_id, func.count()).where(Person.is_active).group_by(Person.department_id)
    )
    articles = session.execute(
        select(Article.owner_department_id, func.count()).group_by(Article.owner_department_id)
    )
    return {key: count for key, count in people}, {key: count for key, count in articles}


def _check(
    session: Session, department: Department | None, code: str, name: str, parent: Department | None
) -> None:
    errors: dict[str, str] = {}
    own_id = department.id if department else 0
    taken = select(Department.id).where(Department.id != own_id)
    if not 0 < len(name) <= 120:
        errors["name"] = "请填写名称，最多 120 个字。"
    elif session.scalar(taken.where((Department.name == name) | (Department.code == name))) is not None:
        errors["name"] = "这个名称已有部门使用。"
    if department is None:
        if not 0 < len(code) <= 64:
            errors["code"] = "请填写代码，最多 64 个字符。"
        elif session.scalar(taken.where((Department.name == code) | (Department.code == code))) is not None:
            errors["code"] = "这个代码已有部门使用。"
    elif parent is not None and department.id in path_ids(parent.path):
        errors["parent"] = "上级不能是它自己或它的下级。"
    if errors:
        raise Invalid("部门没有保存，请按提示修改。", errors)


def set_lead(
    session: Session, actor: Actor | None, department: Department, person: Person, leads: bool, at: datetime
) -> None:
    """Say whether a person leads a department, and so sees who of it and below confirmed what is required."""
    row = session.get(DepartmentLead, (department.id, person.id))
    if leads == (row is not None):
        return
    if row is None:
        session.add(DepartmentLead(department_id=department.id, person_id=person.id))
    else:
        session.delete(row)
    action = "department.lead" if leads else "department.unlead"
    detail = {"person": person.id}
    audit.record(session, actor, action, f"department:{department.id}", at, detail=detail)
