"""Audiences: who may read what, changing it, and giving every article concerned its new key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, access_key, may, may_on, path_ids, register_keys, require
from kb.articles import next_change
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.models import (
    AccessKey,
    Article,
    Audience,
    AudienceRule,
    ChangeCounter,
    Department,
    Node,
    Revision,
    Role,
)

NAME_LIMIT = 120
RULES_LIMIT = 50


@dataclass(frozen=True)
class Rule:
    """People of a department and those below it, of a role, or those who are both."""

    department_id: int | None = None
    role: Role | None = None


@dataclass(frozen=True)
class AudienceLine:
    """An audience in a list, with how many nodes and articles carry it directly."""

    audience: Audience
    nodes: int
    articles: int


def audience_of(session: Session, audience_id: int) -> Audience:
    """Return an audience.

    Raises:
        NotFound: if there is none with this id.
    """
    audience = session.get(Audience, audience_id)
    if audience is None:
        raise NotFound("没有找到这个可见范围。")
    return audience


def all_audiences(session: Session) -> list[AudienceLine]:
    """Return every audience by name with how often it is used, in a fixed number of queries."""
    nodes = _uses(session, Node)
    articles = _uses(session, Article)
    found = session.scalars(select(Audience).order_by(Audience.name))
    return [AudienceLine(item, nodes.get(item.id, 0), articles.get(item.id, 0)) for item in found]


def save_audience(
    session: Session,
    actor: Actor | None,
    audience: Audience | None,
    name: str,
    rules: Sequence[Rule],
    at: datetime,
) -> Audience:
    """Create an audience or replace its name and rules; who belongs changes with the commit.

    Raises:
        Invalid: if the name is missing or taken, or no rule says anybody.
    """
    require(actor, Permission.NODE_MANAGE)
    wanted = [rule for rule in dict.fromkeys(rules) if rule != Rule()]
    _check(session, audience, name.strip(), wanted)
    action = "audience.create" if audience is None else "audience.change"
    if audience is None:
        audience = Audience(name=name.strip())
        session.add(audience)
    before = [_plain(rule) for rule in audience.rules]
    audience.name = name.strip()
    audience.rules = [AudienceRule(department_id=rule.department_id, role=rule.role) for rule in wanted]
    session.flush()
    detail = {"name": audience.name, "before": before, "rules": [_plain(rule) for rule in audience.rules]}
    audit.record(session, actor, action, f"audience:{audience.id}", at, detail=detail)
    return audience


def delete_audience(session: Session, actor: Actor | None, audience: Audience, at: datetime) -> None:
    """Remove an audience that nothing carries.

    Raises:
        Conflict: if a node or an article still carries it, which deleting would open to everybody.
    """
    require(actor, Permission.NODE_MANAGE)
    used = _uses(session, Node).get(audience.id, 0) + _uses(session, Article).get(audience.id, 0)
    if used:
        raise Conflict(f"“{audience.name}”还用在 {used} 处，请先改掉这些分类和知识的可见范围。")
    audit.record(
        session, actor, "audience.delete", f"audience:{audience.id}", at, detail={"name": audience.name}
    )
    session.delete(audience)
    session.flush()


def article_of(session: Session, article_id: int) -> Article:
    """Return an article for managing who reads it, whoever may read it now.

    Raises:
        NotFound: if there is none with this id.
    """
    article = session.get(Article, article_id)
    if article is None:
        raise NotFound("没有找到这篇知识。")
    return article


@dataclass(frozen=True)
class ArticleLine:
    """An article in the list of its node, with the title that speaks for it."""

    article_id: int
    title: str
    department: str
    audience_id: int | None


def articles_at(session: Session, node_id: int, page: int, size: int) -> tuple[list[ArticleLine], int]:
    """Return one page of the articles that stand at a node itself, and how many there are."""
    newest = (
        select(Revision.title)
        .where(Revision.article_id == Article.id)
        .order_by(Revision.shown_from.is_(None), Revision.shown_from.desc(), Revision.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    total = session.scalar(select(func.count()).select_from(Article).where(Article.node_id == node_id)) or 0
    rows = session.execute(
        select(Article.id, newest, Department.name, Article.audience_id)
        .join(Department, Department.id == Article.owner_department_id)
        .where(Article.node_id == node_id)
        .order_by(Article.id)
        .offset((page - 1) * size)
        .limit(size)
    )
    return [ArticleLine(number, title or "", name, own) for number, title, name, own in rows], total


def set_article_audience(
    session: Session, actor: Actor | None, article: Article, audience_id: int | None, at: datetime
) -> None:
    """Keep an article for an audience, on top of what its nodes say; ``None`` adds nothing.

    Raises:
        Forbidden: unless the actor manages the tree or may write the article.
    """
    if actor is not None and not may(actor, Permission.NODE_MANAGE):
        own = article.owner_department_id
        decision = may_on(session, actor, Permission.ARTICLE_WRITE, article.node, own)
        if not decision:
            raise Forbidden(decision.reason)
    if audience_id is not None:
        audience_of(session, audience_id)
    detail = {"before": article.audience_id, "audience": audience_id}
    article.audience_id = audience_id
    session.flush()
    rekey(session, [article.node_id])
    audit.record(session, actor, "article.audience", f"article:{article.id}", at, detail=detail)


def rekey(session: Session, node_ids: Iterable[int]) -> int:
    """Give the articles at these nodes the keys that follow from the tree, and number what changed.

    Returns:
        How many articles have another key than before; the index picks up exactly those.
    """
    changed: dict[int, str] = {}
    keys: set[str] = set()
    inherited = inherited_audiences(session)
    ids = list(set(node_ids))
    for node_id in ids:
        keys.add(access_key(inherited[node_id]))
    for article_id, node_id, audience_id, key in session.execute(
        select(Article.id, Article.node_id, Article.audience_id, Article.access_key).where(
            Article.node_id.in_(ids)
        )
    ):
        wanted = access_key([audience_id, *inherited[node_id]])
        keys.add(wanted)
        if wanted != key:
            changed[article_id] = wanted
    register_keys(session, keys)
    renumber(session, {article_id: {"access_key": key} for article_id, key in changed.items()})
    _forget_unused_keys(session, inherited)
    return len(changed)


def renumber(session: Session, changes: Mapping[int, Mapping[str, object]]) -> None:
    """Write columns of many articles and give each a change number of its own, in three statements."""
    if not changes:
        return
    first = next_change(session)
    last = first + len(changes) - 1
    session.execute(update(ChangeCounter).where(ChangeCounter.id == 1).values(value=last))
    rows = [
        {"id": article_id, "change_seq": first + place, **changes[article_id]}
        for place, article_id in enumerate(sorted(changes))
    ]
    session.execute(update(Article), rows)
    # What this session holds of these articles was written past it.
    for article in session.identity_map.values():
        if isinstance(article, Article) and article.id in changes:
            session.refresh(article, ["access_key", "change_seq", "node_id"])


def inherited_audiences(session: Session) -> dict[int, tuple[int, ...]]:
    """Return for every node the audiences that it and its ancestors carry, in one query."""
    rows = session.execute(select(Node.id, Node.path, Node.audience_id)).all()
    own = {node_id: audience_id for node_id, _path, audience_id in rows}
    return {
        node_id: tuple(audience for part in path_ids(path) if (audience := own.get(part)) is not None)
        for node_id, path, _audience in rows
    }


def describe(rules: Iterable[AudienceRule], departments: Mapping[int, str], roles: Mapping[str, str]) -> str:
    """Return what an audience's rules say in words, such as ``个人金融部，或 审核``."""
    lines = []
    for rule in rules:
        parts = [departments.get(rule.department_id or 0, ""), roles.get(rule.role or "", "")]
        lines.append("·".join(part for part in parts if part))
    return "，或 ".join(line for line in lines if line)


def _check(session: Session, audience: Audience | None, name: str, rules: Sequence[Rule]) -> None:
    errors: dict[str, str] = {}
    if not 0 < len(name) <= NAME_LIMIT:
        errors["name"] = f"请填写名称，最多 {NAME_LIMIT} 个字。"
    else:
        taken = session.scalar(select(Audience.id).where(Audience.name == name))
        if taken is not None and (audience is None or taken != audience.id):
            errors["name"] = "已经有同名的可见范围。"
    if not rules:
        errors["rules"] = "请至少选择一个部门或角色，否则没有人能看到。"
    elif len(rules) > RULES_LIMIT:
        errors["rules"] = f"最多 {RULES_LIMIT} 条。"
    asked = {rule.department_id for rule in rules if rule.department_id is not None}
    if asked - set(session.scalars(select(Department.id).where(Department.id.in_(asked)))):
        errors["rules"] = "其中有不存在的部门。"
    if errors:
        raise Invalid("可见范围没有保存，请按提示修改。", errors)


def _uses(session: Session, table: type[Node] | type[Article]) -> dict[int, int]:
    rows = session.execute(
        select(table.audience_id, func.count())
        .where(table.audience_id.is_not(None))
        .group_by(table.audience_id)
    )
    return {audience_id: count for audience_id, count in rows if audience_id is not None}


def _plain(rule: AudienceRule) -> dict[str, object]:
    return {"department": rule.department_id, "role": rule.role}


def _forget_unused_keys(session: Session, inherited: Mapping[int, tuple[int, ...]]) -> None:
    session.flush()
    of_nodes = {access_key(audiences) for audiences in inherited.values()}
    session.execute(
        delete(AccessKey).where(
            AccessKey.key.not_in(select(Article.access_key)), AccessKey.key.not_in(of_nodes)
        )
    )
