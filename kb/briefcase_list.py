"""What a briefcase or a pack shows: its things by rights, with marks for what became of them since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kb.access import AudienceScope
from kb.models import Article, BriefcaseItem, Node, Revision
from kb.nodes import nodes_by_id, visible_tree
from kb.revisions import revision_at
from kb.successors import Successor, current_of


@dataclass(frozen=True)
class KeptRow:
    """One thing that the reader may see.

    ``revision`` is what speaks for an article now, ``changes`` how many revisions came into force
    since the owner took note, of the article or of those in the category; ``successor`` what stands
    for a retired article.
    """

    item: BriefcaseItem
    title: str
    node: Node
    revision: Revision | None = None
    article: Article | None = None
    changes: int = 0
    successor: Successor | None = None


def items_of(
    session: Session, person_id: int, folder_ids: Sequence[int] | None = None
) -> list[BriefcaseItem]:
    """Return a person's items, pinned ones first, then the last added; in one query.

    Args:
        folder_ids: Only those in these folders; ``None`` for all.
    """
    wanted = select(BriefcaseItem).where(BriefcaseItem.person_id == person_id)
    if folder_ids is not None:
        wanted = wanted.where(BriefcaseItem.folder_id.in_(folder_ids))
    order = (BriefcaseItem.is_pinned.desc(), BriefcaseItem.added_at.desc(), BriefcaseItem.id.desc())
    return list(session.scalars(wanted.order_by(*order)))


def kept_rows(
    session: Session, items: Sequence[BriefcaseItem], scope: AudienceScope, now: datetime
) -> list[KeptRow]:
    """Return the items that the scope admits, in their order, in a fixed number of queries."""
    nodes = nodes_by_id(visible_tree(session, scope))
    articles = _articles(session, items, scope)
    changes = _changes_in_nodes(session, items, nodes, scope, now)
    ended = [number for number, article in articles.items() if article.withdrawn_at is not None]
    successors = current_of(session, ended, scope, now) if ended else {}
    rows = []
    for item in items:
        if item.node_id is not None:
            node = nodes.get(item.node_id)
            if node is not None:
                rows.append(KeptRow(item, node.title, node, changes=changes.get(item.id, 0)))
            continue
        article = articles.get(item.article_id or 0)
        revision = revision_at(article.revisions, now) if article is not None else None
        if article is None or revision is None:
            continue
        rows.append(
            KeptRow(
                item,
                revision.title,
                article.node,
                revision,
                article,
                sum(1 for row in article.revisions if _came(row.shown_from, item.seen_at, now)),
                successors.get(article.id),
            )
        )
    return rows


def matching(rows: Sequence[KeptRow], text: str) -> list[KeptRow]:
    """Return the rows whose title, note, number or wording holds every word of a text."""
    words = text.casefold().split()
    return [row for row in rows if all(word in _words_of(row) for word in words)]


def _words_of(row: KeptRow) -> str:
    parts = [row.title, row.item.note, row.node.title]
    if row.revision is not None:
        parts += [row.revision.document_number, row.revision.tags, row.revision.summary]
        parts += [block.text for block in row.revision.wording]
    return "\n".join(parts).casefold()


def _articles(
    session: Session, items: Sequence[BriefcaseItem], scope: AudienceScope
) -> Mapping[int, Article]:
    ids = [item.article_id for item in items if item.article_id is not None]
    rows = session.scalars(
        select(Article)
        .where(Article.id.in_(ids), scope.clause())
        .options(selectinload(Article.revisions).selectinload(Revision.wording))
    )
    return {article.id: article for article in rows}


def _changes_in_nodes(
    session: Session,
    items: Sequence[BriefcaseItem],
    nodes: Mapping[int, Node],
    scope: AudienceScope,
    now: datetime,
) -> dict[int, int]:
    watched = [item for item in items if item.node_id in nodes]
    if not watched:
        return {}
    rows = session.execute(
        select(Article.node_id, Revision.shown_from)
        .join(Article, Article.id == Revision.article_id)
        .where(
            Revision.shown_from > min(item.seen_at for item in watched),
            Revision.shown_from <= now,
            scope.clause(),
        )
    ).all()
    found: dict[int, int] = {}
    for item in watched:
        path = nodes[item.node_id or 0].path
        found[item.id] = sum(
            1
            for node_id, shown_from in rows
            if node_id in nodes
            and nodes[node_id].path.startswith(path)
            and _came(shown_from, item.seen_at, now)
        )
    return found


def _came(shown_from: datetime | None, since: datetime, now: datetime) -> bool:
    return shown_from is not None and since < shown_from <= now
