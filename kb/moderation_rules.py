"""Whether comments at a node wait for a moderator: rules by node, inherited down the tree."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, may, path_ids
from kb.errors import Forbidden, Invalid, NotFound
from kb.models import ModerationMode, ModerationRule, Node

# A bank's knowledge base says nothing to everybody that nobody has looked at, unless it was decided so.
DEFAULT_MODE = ModerationMode.PRE


def mode_at(session: Session, node: Node) -> ModerationMode:
    """Return how comments are moderated at a node: by its own rule, else its nearest ancestor's."""
    ids = path_ids(node.path)
    rows = session.execute(
        select(ModerationRule.node_id, ModerationRule.mode).where(ModerationRule.node_id.in_(ids))
    )
    return nearest(ids, {node_id: ModerationMode(mode) for node_id, mode in rows})


def nearest(ids: list[int], rules: Mapping[int, ModerationMode]) -> ModerationMode:
    """Return the rule of the last id from the root that has one."""
    return next((rules[node_id] for node_id in reversed(ids) if node_id in rules), DEFAULT_MODE)


def all_rules(session: Session) -> dict[int, ModerationMode]:
    """Return the rules by node id."""
    rows = session.execute(select(ModerationRule.node_id, ModerationRule.mode))
    return {node_id: ModerationMode(mode) for node_id, mode in rows}


def set_rule(session: Session, actor: Actor, node_id: int, mode: str, at: datetime) -> None:
    """Decide how comments are moderated at a node and below it.

    Args:
        mode: ``pre``, ``post``, or ``""`` to inherit from above.

    Raises:
        Forbidden: if the actor may not decide about moderation.
        NotFound: if there is no such node.
        Invalid: if the mode is unknown.
    """
    if not may(actor, Permission.MODERATION_RULE):
        raise Forbidden("只有知识管理人员可以调整评论的审核方式。")
    if mode not in ("", *ModerationMode):
        raise Invalid("没有这种审核方式。", {"mode": "没有这种审核方式。"})
    if session.get(Node, node_id) is None:
        raise NotFound("没有找到这个分类。")
    rule = session.get(ModerationRule, node_id)
    before = rule.mode if rule else ""
    if before == mode:
        return
    if not mode and rule is not None:
        session.delete(rule)
    elif rule is None:
        session.add(ModerationRule(node_id=node_id, mode=mode, set_by_id=actor.person_id, set_at=at))
    else:
        rule.mode, rule.set_by_id, rule.set_at = mode, actor.person_id, at
    detail = {"from": before or "inherit", "to": mode or "inherit"}
    audit.record(session, actor, "moderation.rule", f"node:{node_id}", at, detail=detail)
