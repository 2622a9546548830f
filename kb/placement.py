"""Where an article shall stand: category, owner, audience and what it replaces, as a draft asks for it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope, Permission, audience_scope, key_for, may_on
from kb.articles import touch
from kb.errors import Forbidden, Invalid
from kb.models import Article, Audience, Department, Node, Revision, RevisionState

SUCCESSION_LIMIT = 50


@dataclass(frozen=True)
class Placement:
    """Ids of the category, the owner, the audience (``None``: whoever may see the category) and of
    the article that this one replaces."""

    node_id: int
    owner_department_id: int
    audience_id: int | None = None
    replaces_id: int | None = None


def placement_of(revision: Revision) -> Placement:
    """Return where a draft asks its article to stand."""
    article = revision.article
    return Placement(
        revision.new_node_id or article.node_id,
        revision.new_owner_department_id or article.owner_department_id,
        revision.new_audience_id if revision.changes_audience else article.audience_id,
        revision.replaces_id,
    )


def place_for_new(session: Session, actor: Actor, wanted: Placement) -> tuple[Node, Department]:
    """Return the category and the owner of a new article, if the actor may write there.

    Raises:
        Forbidden: if the actor may not.
        Invalid: if one of them does not exist.
    """
    node, owner = _existing(session, wanted)
    decision = may_on(session, actor, Permission.ARTICLE_WRITE, node, owner.id)
    if not decision:
        raise Forbidden(decision.reason)
    return node, owner


def apply_placement(session: Session, actor: Actor, draft: Revision, wanted: Placement) -> bool:
    """Write into a draft where its article shall stand, and return whether that is new.

    An article that was never approved moves at once, because nobody reads it yet; any other one when
    the draft is approved.

    Raises:
        Forbidden: if the actor may not write at that place.
        Invalid: if a part of it does not exist, or the replaced article may not be named.
    """
    if wanted == placement_of(draft):
        return False
    node, owner = place_for_new(session, actor, wanted)
    article = draft.article
    draft.replaces_id = _replaced(session, actor, article, wanted.replaces_id)
    if _was_approved(session, article):
        draft.new_node_id = node.id if node.id != article.node_id else None
        draft.new_owner_department_id = owner.id if owner.id != article.owner_department_id else None
        draft.changes_audience = wanted.audience_id != article.audience_id
        draft.new_audience_id = wanted.audience_id if draft.changes_audience else None
        moves = draft.changes_audience or draft.new_node_id is not None
        draft.new_access_key = key_for(session, node, wanted.audience_id) if moves else None
        _require_own_sight(audience_scope(session, actor), draft.new_access_key)
    else:
        _move(session, article, node, owner, wanted.audience_id)
        _require_own_sight(audience_scope(session, actor), article.access_key)
    session.flush()
    return True


def settle_placement(session: Session, revision: Revision) -> None:
    """Move an article to where its revision, now approved, asks it to stand."""
    article = revision.article
    moves = revision.new_node_id is not None or revision.new_owner_department_id is not None
    if not moves and not revision.changes_audience:
        return
    wanted = placement_of(revision)
    node, owner = _existing(session, wanted)
    _move(session, article, node, owner, wanted.audience_id)


def _move(session: Session, article: Article, node: Node, owner: Department, audience_id: int | None) -> None:
    article.node, article.owner_department = node, owner
    article.audience_id = audience_id
    article.access_key = key_for(session, node, audience_id)
    touch(session, article)


def _existing(session: Session, wanted: Placement) -> tuple[Node, Department]:
    errors: dict[str, str] = {}
    node = session.get(Node, wanted.node_id)
    if node is None:
        errors["node"] = "没有这个分类，请重新选择。"
    owner = session.get(Department, wanted.owner_department_id)
    if owner is None:
        errors["owner_department"] = "没有这个部门，请重新选择。"
    if wanted.audience_id is not None and session.get(Audience, wanted.audience_id) is None:
        errors["audience"] = "没有这个可见范围，请重新选择。"
    if node is None or owner is None or errors:
        raise Invalid("内容未能保存，请按提示修改。", errors)
    return node, owner


def _require_own_sight(scope: AudienceScope, key: str | None) -> None:
    if key is not None and not scope.admits(key):
        raise Invalid(
            "内容未能保存，请按提示修改。",
            {"audience": "您自己不在这个可见范围内，保存后将无法看到这份草稿；请另选范围。"},
        )


def _replaced(session: Session, actor: Actor, article: Article, replaced_id: int | None) -> int | None:
    if replaced_id is None:
        return None
    other = session.scalar(
        select(Article).where(Article.id == replaced_id, audience_scope(session, actor).clause())
    )
    reason = ""
    if other is None or not _was_approved(session, other):
        reason = "没有找到要替代的知识，请重新选择。"
    elif other.id == article.id:
        reason = "一篇知识不能替代自己。"
    elif not may_on(session, actor, Permission.ARTICLE_WRITE, other.node, other.owner_department_id):
        reason = "您不能维护要替代的知识，请与其责任部门联系。"
    elif leads_to(session, article.id, replaced_id):
        reason = "要替代的知识本身就是这篇知识的后续，不能互相替代。"
    if reason:
        raise Invalid("内容未能保存，请按提示修改。", {"replaces": reason})
    return replaced_id


def leads_to(session: Session, article_id: int, wanted_id: int) -> bool:
    """Return whether the chain of successors that begins at an article comes to another one."""
    current: int | None = article_id
    for _step in range(SUCCESSION_LIMIT):
        current = session.scalar(select(Article.successor_id).where(Article.id == current))
        if current is None:
            return False
        if current == wanted_id:
            return True
    return True


def _was_approved(session: Session, article: Article) -> bool:
    found = session.scalar(
        select(Revision.id)
        .where(Revision.article_id == article.id, Revision.state == RevisionState.APPROVED)
        .limit(1)
    )
    return found is not None
