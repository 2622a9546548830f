"""Grants: who holds which right at a node of the tree and below it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session

from kb import audit
from kb.access import GRANTABLE, Actor, Permission, path_ids, require
from kb.errors import Invalid, NotFound
from kb.models import Department, Node, NodeGrant, Person, Role


@dataclass(frozen=True)
class Grantee:
    """To whom: everybody who fits all that is stated."""

    department_id: int | None = None
    role: Role | None = None
    person_id: int | None = None


@dataclass(frozen=True)
class GrantLine:
    """A grant as a page shows it; ``is_own`` is false where it comes from a node above."""

    grant: NodeGrant
    node: Node
    department: str
    person: str
    is_own: bool


def add_grant(
    session: Session, actor: Actor | None, node: Node, permission: Permission, to: Grantee, at: datetime
) -> NodeGrant:
    """Give a right at a node and below it; saying the same again changes nothing.

    Raises:
        Invalid: if nobody could use it.
    """
    require(actor, Permission.GRANT_MANAGE)
    _check(session, permission, to)
    known = session.scalar(
        select(NodeGrant).where(
            NodeGrant.node_id == node.id,
            NodeGrant.permission == permission.value,
            NodeGrant.department_id.is_(None)
            if to.department_id is None
            else NodeGrant.department_id == to.department_id,
            NodeGrant.role.is_(None) if to.role is None else NodeGrant.role == to.role,
            NodeGrant.person_id.is_(None) if to.person_id is None else NodeGrant.person_id == to.person_id,
        )
    )
    if known is not None:
        return known
    grant = NodeGrant(
        node_id=node.id,
        permission=permission.value,
        department_id=to.department_id,
        role=to.role,
        person_id=to.person_id,
    )
    session.add(grant)
    session.flush()
    audit.record(session, actor, "grant.add", f"node:{node.id}", at, detail=_plain(grant))
    return grant


def remove_grant(session: Session, actor: Actor | None, grant_id: int, at: datetime) -> None:
    """Take a grant back.

    Raises:
        NotFound: if it is gone already.
    """
    require(actor, Permission.GRANT_MANAGE)
    grant = session.get(NodeGrant, grant_id)
    if grant is None:
        raise NotFound("这条授权已经不在了。")
    audit.record(session, actor, "grant.remove", f"node:{grant.node_id}", at, detail=_plain(grant))
    session.delete(grant)
    session.flush()


def grants_at(session: Session, node: Node) -> list[GrantLine]:
    """Return the grants that count at a node, those from above first, in one query."""
    lines = _lines(session, NodeGrant.node_id.in_(path_ids(node.path)))
    return [replace(line, is_own=line.node.id == node.id) for line in lines]


def all_grants(session: Session) -> list[GrantLine]:
    """Return every grant in the order of the tree, in one query."""
    return _lines(session, true())


def _lines(session: Session, condition: ColumnElement[bool]) -> list[GrantLine]:
    rows = session.execute(
        select(NodeGrant, Node, Department.name, Person.name)
        .join(Node, Node.id == NodeGrant.node_id)
        .outerjoin(Department, Department.id == NodeGrant.department_id)
        .outerjoin(Person, Person.id == NodeGrant.person_id)
        .where(condition)
        .order_by(Node.path, NodeGrant.permission, NodeGrant.id)
    )
    return [GrantLine(grant, place, name or "", person or "", True) for grant, place, name, person in rows]


def _check(session: Session, permission: Permission, to: Grantee) -> None:
    able = GRANTABLE.get(permission)
    if able is None:
        raise Invalid("授权没有保存。", {"permission": "这项权限不能按分类授权。"})
    errors: dict[str, str] = {}
    if to == Grantee():
        errors["to"] = "请选择部门、角色或用户，至少一项。"
    if to.role is not None and to.role not in able:
        errors["role"] = "这个角色不能行使这项权限。"
    if to.department_id is not None and session.get(Department, to.department_id) is None:
        errors["department"] = "没有这个部门。"
    person = session.get(Person, to.person_id) if to.person_id is not None else None
    if to.person_id is not None and person is None:
        errors["person"] = "没有这个用户。"
    elif person is not None and not {row.role for row in person.role_rows} & able:
        errors["person"] = "这个用户的角色不能行使这项权限。"
    if errors:
        raise Invalid("授权没有保存，请按提示修改。", errors)


def _plain(grant: NodeGrant) -> Mapping[str, object]:
    return {
        "permission": grant.permission,
        "department": grant.department_id,
        "role": grant.role,
        "person": grant.person_id,
    }
