"""The tree of categories: creating nodes, walking them, naming their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import AudienceScope, access_key, path_ids
from kb.models import Article, MergedNode, Node
from kb.structure import nodes_of, worked_out


@dataclass
class Branch:
    """A node with its children, in order."""

    node: Node
    children: list["Branch"] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    """A node as a line of a list or a choice: ``depth`` from 0, ``trail`` the titles from the root."""

    branch: Branch
    depth: int
    trail: str


def ensure_node(
    session: Session, code: str, title: str, parent: Node | None = None, position: int = 0
) -> Node:
    """Return the node with this code, creating it under ``parent`` if it is new."""
    node = session.scalar(select(Node).where(Node.code == code))
    if node is not None:
        return node
    node = Node(code=code, title=title, parent_id=parent.id if parent else None, position=position)
    session.add(node)
    session.flush()
    node.path = f"{parent.path if parent else '/'}{node.id}/"
    return node


def ensure_path(session: Session, titles: Sequence[str]) -> Node:
    """Return the node at a path of titles such as ``["个人业务", "借记卡"]``, creating what is missing."""
    parent: Node | None = None
    for title in titles:
        parent_id = parent.id if parent else None
        found = session.scalar(select(Node).where(Node.parent_id == parent_id, Node.title == title))
        if found is None:
            code = f"{parent.code}/{title}" if parent else title
            found = ensure_node(session, code[:120], title, parent)
        parent = found
    if parent is None:
        raise ValueError("a path needs at least one title")
    return parent


def tree(session: Session) -> list[Branch]:
    """Return the root branches of the whole tree."""
    nodes = nodes_of(session)
    branches = {node.id: Branch(node) for node in nodes}
    roots: list[Branch] = []
    for node in nodes:
        holder = branches[node.parent_id].children if node.parent_id else roots
        holder.append(branches[node.id])
    return roots


def visible_tree(session: Session, scope: AudienceScope) -> list[Branch]:
    """Return the tree without the branches that are kept from the scope."""

    def admitted(branches: list[Branch], audiences: tuple[int | None, ...]) -> list[Branch]:
        kept = []
        for branch in branches:
            inherited = (*audiences, branch.node.audience_id)
            if scope.admits(access_key(inherited)):
                kept.append(Branch(branch.node, admitted(branch.children, inherited)))
        return kept

    return worked_out(session, ("tree", scope.keys), lambda: admitted(tree(session), ()))


def visible_nodes(session: Session, scope: AudienceScope) -> Mapping[int, Node]:
    """Return every node that is not kept from the scope by its id, parents before their children."""
    return worked_out(session, ("nodes", scope.keys), lambda: nodes_by_id(visible_tree(session, scope)))


def nodes_by_id(branches: Sequence[Branch]) -> dict[int, Node]:
    """Return every node of the branches by its id, parents before their children."""
    found: dict[int, Node] = {}
    for branch in branches:
        found[branch.node.id] = branch.node
        found.update(nodes_by_id(branch.children))
    return found


def subtree_ids(session: Session, node_id: int) -> frozenset[int]:
    """Return the ids of a node and all nodes below it; empty if there is no such node."""
    path = session.scalar(select(Node.path).where(Node.id == node_id))
    if path is None:
        return frozenset()
    return frozenset(session.scalars(select(Node.id).where(Node.path.startswith(path, autoescape=True))))


def present_id(session: Session, node_id: int) -> int:
    """Return the node into which one was merged, or the same id."""
    return session.scalar(select(MergedNode.node_id).where(MergedNode.old_id == node_id)) or node_id


def breadcrumb(nodes: Mapping[int, Node], node: Node) -> list[Node]:
    """Return the nodes from the root down to ``node``, given all nodes by id."""
    return [nodes[number] for number in path_ids(node.path) if number in nodes]


def rolled_up(branches: Sequence[Branch], counts: Mapping[int, int]) -> dict[int, int]:
    """Return the counts by node id with every node's count including those below it."""
    totals: dict[int, int] = {}

    def add(branch: Branch) -> int:
        total = counts.get(branch.node.id, 0) + sum(add(child) for child in branch.children)
        totals[branch.node.id] = total
        return total

    for branch in branches:
        add(branch)
    return totals


def articles_by_node(session: Session) -> dict[int, int]:
    """Return how many articles each node holds itself, whoever may read them; for managing the tree."""
    rows = session.execute(select(Article.node_id, func.count()).group_by(Article.node_id))
    return {node_id: count for node_id, count in rows}


def flattened(branches: Sequence[Branch], depth: int = 0, above: str = "") -> list[Line]:
    """Return a tree as lines in reading order."""
    lines: list[Line] = []
    for branch in branches:
        trail = f"{above} / {branch.node.title}" if above else branch.node.title
        lines.append(Line(branch, depth, trail))
        lines += flattened(branch.children, depth + 1, trail)
    return lines
