"""Changing the tree of categories: adding, renaming, ordering, moving, merging, keeping for an audience."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, path_ids, require
from kb.audiences import audience_of, rekey, renumber
from kb.errors import Conflict, Invalid, NotFound
from kb.models import Article, MergedNode, Node, NodeGrant, Table
from kb.nodes import ensure_node, subtree_ids

TITLE_LIMIT = 120
DEEPEST = 8


def node_of(session: Session, node_id: int) -> Node:
    """Return a node, or the one into which it was merged.

    Raises:
        NotFound: if there is none.
    """
    node = session.get(Node, node_id)
    merged = session.get(MergedNode, node_id) if node is None else None
    node = session.get(Node, merged.node_id) if merged is not None else node
    if node is None:
        raise NotFound("没有找到这个分类。")
    return node


def create_node(
    session: Session, actor: Actor | None, title: str, parent: Node | None, at: datetime, code: str = ""
) -> Node:
    """Add a category as the last one under its parent.

    Args:
        code: Made from the parent's code and the title if it is empty.

    Raises:
        Invalid: with the reason by field.
    """
    require(actor, Permission.NODE_MANAGE)
    title, code = title.strip(), code.strip()
    _check_title(session, title, parent.id if parent else None, None)
    _check_depth(len(path_ids(parent.path)) if parent else 0, 1)
    code = code or (f"{parent.code}/{title}" if parent else title)[:120]
    if len(code) > 120 or session.scalar(select(Node.id).where(Node.code == code)) is not None:
        raise Invalid("分类没有建立，请按提示修改。", {"code": "这个代码太长或已被使用，请另填一个。"})
    node = ensure_node(session, code, title, parent, _next_position(session, parent.id if parent else None))
    session.flush()
    audit.record(session, actor, "node.create", _subject(node), at, detail={"title": title, "code": code})
    return node


def rename_node(session: Session, actor: Actor | None, node: Node, title: str, at: datetime) -> None:
    """Give a category another title; its code and its links stay.

    Raises:
        Invalid: if the title is missing, too long or taken beside it.
    """
    require(actor, Permission.NODE_MANAGE)
    title = title.strip()
    _check_title(session, title, node.parent_id, node.id)
    detail = {"before": node.title, "title": title}
    node.title = title
    audit.record(session, actor, "node.rename", _subject(node), at, detail=detail)


def shift_node(session: Session, actor: Actor | None, node: Node, steps: int, at: datetime) -> None:
    """Move a category up (negative) or down among its siblings."""
    require(actor, Permission.NODE_MANAGE)
    siblings = _siblings(session, node.parent_id)
    place = [item.id for item in siblings].index(node.id)
    wanted = min(max(0, place + steps), len(siblings) - 1)
    siblings.insert(wanted, siblings.pop(place))
    for position, item in enumerate(siblings):
        item.position = position
    audit.record(session, actor, "node.order", _subject(node), at, detail={"from": place, "to": wanted})


def move_node(session: Session, actor: Actor | None, node: Node, parent: Node | None, at: datetime) -> int:
    """Hang a category with everything below it under another one, or at the top.

    Returns:
        How many articles are now kept for other people than before.

    Raises:
        Invalid: if that place is inside the category itself, too deep, or has one of that title.
    """
    require(actor, Permission.NODE_MANAGE)
    if parent is not None and node.id in path_ids(parent.path):
        raise Invalid("分类没有移动。", {"parent": "不能移到它自己或它的下级里。"})
    ids = subtree_ids(session, node.id)
    below = session.scalars(select(Node).where(Node.id.in_(ids))).all()
    depth = max(len(path_ids(item.path)) for item in below) - len(path_ids(node.path)) + 1
    _check_depth(len(path_ids(parent.path)) if parent else 0, depth)
    _check_title(session, node.title, parent.id if parent else None, node.id, "parent")
    detail = {"before": node.parent_id, "parent": parent.id if parent else None}
    former = node.path
    path = f"{parent.path if parent else '/'}{node.id}/"
    node.position = _next_position(session, parent.id if parent else None)
    node.parent_id = parent.id if parent else None
    for item in below:
        item.path = path + item.path[len(former) :]
    session.flush()
    changed = rekey(session, ids)
    audit.record(session, actor, "node.move", _subject(node), at, detail={**detail, "articles": changed})
    return changed


def set_node_audience(
    session: Session, actor: Actor | None, node: Node, audience_id: int | None, at: datetime
) -> int:
    """Keep a category and everything below it for an audience; ``None`` keeps only what is above.

    Returns:
        How many articles are now kept for other people than before.
    """
    require(actor, Permission.NODE_MANAGE)
    if audience_id is not None:
        audience_of(session, audience_id)
    detail = {"before": node.audience_id, "audience": audience_id}
    node.audience_id = audience_id
    session.flush()
    changed = rekey(session, subtree_ids(session, node.id))
    audit.record(session, actor, "node.audience", _subject(node), at, detail={**detail, "articles": changed})
    return changed


def merge_node(session: Session, actor: Actor | None, node: Node, target: Node, at: datetime) -> int:
    """Put the articles and sub-categories of one category into another, and remove the first.

    Its own grants and audience go with it; old links lead to the target.

    Returns:
        How many articles moved.

    Raises:
        Invalid: if the target is the category itself or lies below it.
        Conflict: if a sub-category of the same title is there already.
    """
    require(actor, Permission.NODE_MANAGE)
    if node.id in path_ids(target.path):
        raise Invalid("分类没有合并，不能并入它自己或它的下级。")
    titles = {item.title for item in _siblings(session, target.id) if item.id != node.id}
    for child in _siblings(session, node.id):
        if child.title in titles:
            raise Conflict(f"“{target.title}”下已有名为“{child.title}”的分类，请先合并或改名。")
    for child in _siblings(session, node.id):
        move_node(session, actor, child, target, at)
    article_ids = session.scalars(select(Article.id).where(Article.node_id == node.id)).all()
    renumber(session, {article_id: {"node_id": target.id} for article_id in article_ids})
    session.execute(delete(NodeGrant).where(NodeGrant.node_id == node.id))
    _repoint(session, node.id, target.id)
    session.execute(update(MergedNode).where(MergedNode.node_id == node.id).values(node_id=target.id))
    session.add(MergedNode(old_id=node.id, node_id=target.id))
    detail = {"title": node.title, "into": target.id, "articles": len(article_ids)}
    audit.record(session, actor, "node.merge", _subject(node), at, detail=detail)
    session.delete(node)
    session.flush()
    rekey(session, [target.id])
    return len(article_ids)


def _repoint(session: Session, old_id: int, new_id: int) -> None:
    """Let every other row that names the old node name the new one, whatever table it is in."""
    own = {"articles", "nodes", "node_grants", "merged_nodes"}
    for table in Table.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table.name != "nodes" or table.name in own:
                continue
            column = key.parent
            primary = list(table.primary_key.columns)
            for row in session.execute(select(*primary).where(column == old_id)).all():
                same = [part == value for part, value in zip(primary, row, strict=True)]
                try:
                    with session.begin_nested():
                        session.execute(update(table).where(*same).values({column.name: new_id}))
                except IntegrityError:
                    # The same thing is kept for the new node already, such as a favourite.
                    session.execute(delete(table).where(*same))


def _check_title(
    session: Session, title: str, parent_id: int | None, node_id: int | None, field: str = "title"
) -> None:
    if not 0 < len(title) <= TITLE_LIMIT or "/" in title:
        reason = f"请填写名称，最多 {TITLE_LIMIT} 个字，不能有“/”。"
        raise Invalid("分类没有保存，请按提示修改。", {field: reason})
    if any(item.title == title and item.id != node_id for item in _siblings(session, parent_id)):
        raise Invalid("分类没有保存，请按提示修改。", {field: f"这里已有名为“{title}”的分类。"})


def _check_depth(above: int, own: int) -> None:
    if above + own > DEEPEST:
        raise Invalid("分类没有保存，请按提示修改。", {"parent": f"分类最多 {DEEPEST} 层。"})


def _siblings(session: Session, parent_id: int | None) -> list[Node]:
    same = Node.parent_id.is_(None) if parent_id is None else Node.parent_id == parent_id
    return list(session.scalars(select(Node).where(same).order_by(Node.position, Node.id)))


def _next_position(session: Session, parent_id: int | None) -> int:
    same = Node.parent_id.is_(None) if parent_id is None else Node.parent_id == parent_id
    last = session.scalar(select(func.max(Node.position)).where(same))
    return 0 if last is None else last + 1


def _subject(node: Node) -> str:
    return f"node:{node.id}"
