"""Who may do what, and which articles a person may read, as one rule for SQL and for the index."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    SQLColumnExpression,
    String,
    and_,
    bindparam,
    cast,
    false,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from kb.errors import Forbidden
from kb.models import (
    AccessKey,
    Article,
    Audience,
    AudienceRule,
    Department,
    Node,
    NodeGrant,
    Person,
    PersonRole,
    Role,
)
from kb.prepared import ask
from kb.structure import audiences_of, keys_of, worked_out

READS_EVERYTHING = frozenset({Role.MANAGER, Role.ADMIN})


class Permission(StrEnum):
    """What can be allowed, as ``thing:action``."""

    ANNOUNCEMENT_WRITE = "announcement:write"
    ARTICLE_READ = "article:read"
    ARTICLE_WRITE = "article:write"
    ARTICLE_APPROVE = "article:approve"
    AUDIT_READ = "audit:read"
    COMMENT_MODERATE = "comment:moderate"
    COPY_READ = "copy:read"
    GRANT_MANAGE = "grant:manage"
    MODERATION_RULE = "moderation:rule"
    TASK_MANAGE = "task:manage"
    INSIGHT_READ = "insight:read"
    LEXICON_WRITE = "lexicon:write"
    NODE_MANAGE = "node:manage"
    PERSON_MANAGE = "person:manage"
    WEBHOOK_MANAGE = "webhook:manage"


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset({Permission.ARTICLE_READ}),
    Role.PUBLISHER: frozenset(
        {Permission.ANNOUNCEMENT_WRITE, Permission.ARTICLE_READ, Permission.ARTICLE_WRITE}
    ),
    Role.REVIEWER: frozenset(
        {
            Permission.ARTICLE_READ,
            Permission.ARTICLE_APPROVE,
            Permission.COMMENT_MODERATE,
            Permission.COPY_READ,
        }
    ),
    Role.MANAGER: frozenset(
        {
            Permission.ANNOUNCEMENT_WRITE,
            Permission.ARTICLE_READ,
            Permission.AUDIT_READ,
            Permission.COMMENT_MODERATE,
            Permission.COPY_READ,
            Permission.MODERATION_RULE,
            Permission.TASK_MANAGE,
            Permission.INSIGHT_READ,
            Permission.LEXICON_WRITE,
            Permission.NODE_MANAGE,
        }
    ),
    Role.ADMIN: frozenset(
        {
            Permission.ARTICLE_READ,
            Permission.AUDIT_READ,
            Permission.GRANT_MANAGE,
            Permission.NODE_MANAGE,
            Permission.PERSON_MANAGE,
            Permission.WEBHOOK_MANAGE,
        }
    ),
}
# To whom a grant at a node can give the right. System administrators decide about grants and are
# never among them, so that nobody can help themselves to publishing.
GRANTABLE: dict[Permission, frozenset[Role]] = {
    Permission.ARTICLE_WRITE: frozenset({Role.PUBLISHER, Role.MANAGER}),
    Permission.ARTICLE_APPROVE: frozenset({Role.REVIEWER, Role.MANAGER}),
    Permission.COMMENT_MODERATE: frozenset({Role.PUBLISHER, Role.REVIEWER, Role.MANAGER}),
}


@dataclass(frozen=True)
class Actor:
    """The person on whose behalf something happens; ``department_ids`` holds the ancestors' too."""

    person_id: int
    name: str
    department_id: int
    department_ids: frozenset[int]
    roles: frozenset[Role]

    @classmethod
    def of(cls, person: Person) -> "Actor":
        """Return the actor for a person loaded with department and roles."""
        return cls(
            person.id,
            person.name,
            person.department_id,
            frozenset(path_ids(person.department.path)),
            frozenset(Role(row.role) for row in person.role_rows),
        )


@dataclass(frozen=True)
class Decision:
    """Whether something is allowed, and the reason in Chinese if it is not."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True)
class AudienceScope:
    """The access keys a person satisfies; ``keys`` is ``None`` for those who read everything.

    ``outside`` are the audiences in use to which the person does not belong.
    """

    keys: frozenset[str] | None
    outside: frozenset[int] = frozenset()

    def clause(self) -> ColumnElement[bool]:
        """Return the SQL condition on ``Article``."""
        # Joined with nothing, so that no index on the key is used: most articles carry the same one, and
        # looking all of them up to find the twenty asked for took a hundred times as long.
        return true() if self.keys is None else Article.access_key.concat("").in_(sorted(self.keys))

    def admits(self, key: str) -> bool:
        """Return whether an article with this access key may be read."""
        return self.keys is None or key in self.keys

    def peers(self, person_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
        """Return the SQL condition that a person reads nothing that this one may not read.

        What others typed may repeat a title; only the words of such people may be passed on.
        """
        if not self.outside:
            return true()
        rules = select(AudienceRule.id).where(
            AudienceRule.audience_id.in_(sorted(self.outside)),
            or_(AudienceRule.department_id.is_not(None), AudienceRule.role.is_not(None)),
            or_(AudienceRule.department_id.is_(None), _is_in_department(AudienceRule.department_id)),
            or_(AudienceRule.role.is_(None), _has_role(AudienceRule.role)),
        )
        knows_more = or_(
            rules.correlate(Person).exists(), *[_has_role(role) for role in sorted(READS_EVERYTHING)]
        )
        return person_id.not_in(select(Person.id).where(knows_more))


class Prepared:
    """A question about articles, put together once: anew for each request costs more than asking it.

    Args:
        statement: A ``SELECT`` that names articles; the access keys of whoever asks are added to it.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._everything = statement
        key = Article.__table__.c.access_key.concat("")
        self._within = statement.where(key.in_(bindparam("access_keys", expanding=True)))

    def ask(self, session: Session, scope: AudienceScope, **values: object) -> CursorResult[Any]:
        """Return the rows within a scope, given what else the statement binds."""
        if scope.keys is None:
            return ask(session, self._everything, **values)
        return ask(session, self._within, **values, access_keys=sorted(scope.keys))


@dataclass(frozen=True)
class PlaceScope:
    """Where a person holds one right: ``granted`` and ``given`` are paths of nodes.

    At a node under one of ``given`` somebody has a grant, so that grants alone decide there; under
    ``granted`` this person is among them. Everywhere else the role decides: ``by_role``, within the
    articles of ``department_id`` and the departments below it unless that is ``None``.
    """

    granted: frozenset[str]
    given: frozenset[str]
    by_role: bool
    department_id: int | None

    def admits(self, node_path: str, department_path: str) -> bool:
        """Return whether the right is held for an article at a node that a department owns."""
        if any(node_path.startswith(path) for path in self.given):
            return any(node_path.startswith(path) for path in self.granted)
        return self.by_role and (
            self.department_id is None or self.department_id in path_ids(department_path)
        )

    def clause(self) -> ColumnElement[bool]:
        """Return the SQL condition on ``Article``; combine it with the audience scope's."""
        if not self.given:
            return self._role_clause()
        return or_(
            Article.node_id.in_(_nodes_under(self.granted)) if self.granted else false(),
            and_(Article.node_id.not_in(_nodes_under(self.given)), self._role_clause()),
        )

    def _role_clause(self) -> ColumnElement[bool]:
        if not self.by_role:
            return false()
        if self.department_id is None:
            return true()
        below = select(Department.id).where(Department.path.contains(f"/{self.department_id}/"))
        return Article.owner_department_id.in_(below)


def path_ids(path: str) -> list[int]:
    """Return the ids in a materialised path such as ``/1/5/``, root first."""
    return [int(part) for part in path.split("/") if part]


def may(actor: Actor, permission: Permission) -> Decision:
    """Decide by role alone; whether one article is visible is the audience scope's matter."""
    if any(permission in ROLE_PERMISSIONS[role] for role in actor.roles):
        return Decision(True)
    return Decision(False, "您的角色没有这项权限。")


def require(actor: Actor | None, permission: Permission) -> None:
    """Let the system (``None``) and those pass whose role gives a permission.

    Raises:
        Forbidden: for anybody else.
    """
    decision = Decision(True) if actor is None else may(actor, permission)
    if not decision:
        raise Forbidden(decision.reason)


def may_ever(actor: Actor, permission: Permission) -> bool:
    """Return whether a role of the actor can hold a permission anywhere, given or not: asks nothing."""
    return bool(actor.roles & GRANTABLE.get(permission, frozenset())) or bool(may(actor, permission))


def may_on(
    session: Session, actor: Actor, permission: Permission, node: Node, owner_department_id: int
) -> Decision:
    """Decide about an article, or one to come, at a place of the tree, in two queries.

    Where the node or one above it has grants for the permission, they alone decide. Elsewhere
    publishers write what their department or one below it owns, and the other rights follow the role.

    Args:
        node: Where the article stands or shall stand.
        owner_department_id: The department that answers for it.
    """
    scope = place_scope(session, actor, permission, under=node)
    owner = session.scalar(select(Department.path).where(Department.id == owner_department_id)) or ""
    if scope.admits(node.path, owner):
        return Decision(True)
    if any(node.path.startswith(path) for path in scope.given):
        return Decision(False, "这个分类的这项权限已授权给指定人员，您不在其中。")
    if scope.by_role:
        return Decision(False, "您只能处理本部门及下级部门负责的知识。")
    return Decision(False, "您的角色没有这项权限。")


def place_scope(
    session: Session, actor: Actor, permission: Permission, *, under: Node | None = None
) -> PlaceScope:
    """Return where the actor holds a permission, for lists and choices, in one query.

    Args:
        under: Look only at what counts for this node.
    """
    statement = select(NodeGrant, Node.path).join(Node, Node.id == NodeGrant.node_id)
    statement = statement.where(NodeGrant.permission == permission.value)
    if under is not None:
        statement = statement.where(Node.id.in_(path_ids(under.path)))
    rows = session.execute(statement).all()
    able = bool(actor.roles & GRANTABLE.get(permission, frozenset()))
    return PlaceScope(
        _topmost(path for grant, path in rows if able and _fits(grant, actor)),
        _topmost(path for _grant, path in rows),
        bool(may(actor, permission)),
        actor.department_id if permission is Permission.ARTICLE_WRITE else None,
    )


def _fits(grant: NodeGrant, actor: Actor) -> bool:
    return (
        (grant.department_id is None or grant.department_id in actor.department_ids)
        and (grant.role is None or grant.role in actor.roles)
        and (grant.person_id is None or grant.person_id == actor.person_id)
    )


def _topmost(paths: Iterable[str]) -> frozenset[str]:
    kept: list[str] = []
    for path in sorted(set(paths)):
        if not any(path.startswith(above) for above in kept):
            kept.append(path)
    return frozenset(kept)


def _nodes_under(paths: Iterable[str]) -> Select[int]:
    return select(Node.id).where(or_(*[Node.path.startswith(path) for path in sorted(paths)]))


def _is_in_department(department_id: SQLColumnExpression[int | None]) -> ColumnElement[bool]:
    # Whose department, or one above it, is the rule's.
    own = select(Department.path).where(Department.id == Person.department_id)
    path = own.correlate(Person, AudienceRule).scalar_subquery()
    return path.contains("/" + cast(department_id, String) + "/")


def _has_role(role: SQLColumnExpression[str | None] | Role) -> ColumnElement[bool]:
    row = select(PersonRole.id).where(PersonRole.person_id == Person.id, PersonRole.role == role)
    return row.correlate(Person, AudienceRule).exists()


def audience_scope(session: Session, actor: Actor) -> AudienceScope:
    """Resolve, now and from the database, which access keys the actor satisfies."""
    if actor.roles & READS_EVERYTHING:
        return AudienceScope(None)
    who = ("scope", actor.department_ids, actor.roles)
    return worked_out(session, who, lambda: _scope_of(session, actor))


def _scope_of(session: Session, actor: Actor) -> AudienceScope:
    own = {audience.id for audience in audiences_of(session) if belongs(audience, actor)}
    keys, outside = {""}, set()
    for key in keys_of(session):
        missing = {int(part) for part in key.split("+") if part} - own
        outside |= missing
        if not missing:
            keys.add(key)
    return AudienceScope(frozenset(keys), frozenset(outside))


def belongs(audience: Audience, actor: Actor) -> bool:
    """Return whether a person is of an audience: any rule that says something and fits."""
    return any(
        (rule.department_id is None or rule.department_id in actor.department_ids)
        and (rule.role is None or rule.role in actor.roles)
        and not (rule.department_id is None and rule.role is None)
        for rule in audience.rules
    )


def access_key(audience_ids: Iterable[int | None]) -> str:
    """Return the key for the conjunction of audiences; ``""`` is everybody."""
    return "+".join(str(number) for number in sorted({item for item in audience_ids if item is not None}))


def key_for(session: Session, node: Node, audience_id: int | None) -> str:
    """Return the access key of an article at a node, registering it as in use."""
    ids = path_ids(node.path)
    inherited = session.scalars(select(Node.audience_id).where(Node.id.in_(ids)))
    key = access_key([audience_id, *inherited])
    register_keys(session, [key])
    return key


def register_keys(session: Session, keys: Iterable[str]) -> None:
    """Note keys as in use, so that scopes know them."""
    wanted = {key for key in keys if key}
    known = set(session.scalars(select(AccessKey.key).where(AccessKey.key.in_(wanted))))
    session.add_all([AccessKey(key=key) for key in sorted(wanted - known)])
    session.flush()
