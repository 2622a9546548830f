"""Who may do what, and which articles a person may read, as one rule for SQL and for the index."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import Session, joinedload

from kb.models import AccessKey, Article, Audience, Node, Person, Role

READS_EVERYTHING = frozenset({Role.MANAGER, Role.ADMIN})


class Permission(StrEnum):
    """What can be allowed, as ``thing:action``."""

    ARTICLE_READ = "article:read"
    ARTICLE_WRITE = "article:write"
    ARTICLE_APPROVE = "article:approve"
    COMMENT_MODERATE = "comment:moderate"
    INSIGHT_READ = "insight:read"
    LEXICON_WRITE = "lexicon:write"
    PERSON_MANAGE = "person:manage"


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset({Permission.ARTICLE_READ}),
    Role.PUBLISHER: frozenset({Permission.ARTICLE_READ, Permission.ARTICLE_WRITE}),
    Role.REVIEWER: frozenset(
        {Permission.ARTICLE_READ, Permission.ARTICLE_APPROVE, Permission.COMMENT_MODERATE}
    ),
    Role.MANAGER: frozenset(
        {
            Permission.ARTICLE_READ,
            Permission.COMMENT_MODERATE,
            Permission.INSIGHT_READ,
            Permission.LEXICON_WRITE,
        }
    ),
    Role.ADMIN: frozenset({Permission.ARTICLE_READ, Permission.PERSON_MANAGE}),
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
    """The access keys a person satisfies; ``keys`` is ``None`` for those who read everything."""

    keys: frozenset[str] | None

    def clause(self) -> ColumnElement[bool]:
        """Return the SQL condition on ``Article``."""
        return true() if self.keys is None else Article.access_key.in_(sorted(self.keys))

    def admits(self, key: str) -> bool:
        """Return whether an article with this access key may be read."""
        return self.keys is None or key in self.keys


def path_ids(path: str) -> list[int]:
    """Return the ids in a materialised path such as ``/1/5/``, root first."""
    return [int(part) for part in path.split("/") if part]


def may(actor: Actor, permission: Permission) -> Decision:
    """Decide by role alone; whether one article is visible is the audience scope's matter."""
    if any(permission in ROLE_PERMISSIONS[role] for role in actor.roles):
        return Decision(True)
    return Decision(False, "您的角色没有这项权限。")


def may_on(
    session: Session, actor: Actor, permission: Permission, node: Node, owner_department_id: int
) -> Decision:
    """Decide about an article, or one to come, at a place of the tree.

    Args:
        node: Where the article stands or shall stand.
        owner_department_id: The department that answers for it.
    """
    return may(actor, permission)


def audience_scope(session: Session, actor: Actor) -> AudienceScope:
    """Resolve, now and from the database, which access keys the actor satisfies."""
    if actor.roles & READS_EVERYTHING:
        return AudienceScope(None)
    audiences = session.scalars(select(Audience).options(joinedload(Audience.rules))).unique()
    belongs = {audience.id for audience in audiences if _matches(audience, actor)}
    keys = {""}
    for key in session.scalars(select(AccessKey.key)):
        if all(int(part) in belongs for part in key.split("+") if part):
            keys.add(key)
    return AudienceScope(frozenset(keys))


def _matches(audience: Audience, actor: Actor) -> bool:
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
    if key and session.get(AccessKey, key) is None:
        session.add(AccessKey(key=key))
        session.flush()
    return key
