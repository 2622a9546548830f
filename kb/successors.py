"""Follows retired articles to what replaced them, however many steps that is, within the reader's rights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import AudienceScope
from kb.models import Article, Revision
from kb.revisions import is_shown_at

MOST_STEPS = 20


@dataclass(frozen=True)
class Successor:
    """The article that now stands for a retired one, with its present title."""

    article_id: int
    title: str


def current_of(
    session: Session, article_ids: Iterable[int], scope: AudienceScope, now: datetime
) -> dict[int, Successor]:
    """Return what stands for each retired article; those still in use, or replaced by nothing, are left out.

    A chain is followed through articles that were retired in turn and ends at the first one in force.
    What the scope does not admit is never named, and a chain does not go on behind it. The number of
    queries depends on the longest chain only.
    """
    chains = {article_id: [article_id] for article_id in article_ids}
    ends: dict[int, int] = {}
    edges: dict[int, int | None] = {}
    for _step in range(MOST_STEPS):
        open_ends = {chain[-1] for start, chain in chains.items() if start not in ends} - edges.keys()
        edges.update(_retired(session, open_ends, scope, now))
        for start, chain in chains.items():
            if start in ends:
                continue
            following = edges.get(chain[-1])
            if following is None or following in chain:
                ends[start] = chain[-1]
            else:
                chain.append(following)
        if len(ends) == len(chains):
            break
    moved = {start: end for start, end in ends.items() if end != start}
    titles = _titles(session, set(moved.values()), scope, now)
    return {start: titles[end] for start, end in moved.items() if end in titles}


def _retired(
    session: Session, article_ids: set[int], scope: AudienceScope, now: datetime
) -> Mapping[int, int | None]:
    if not article_ids:
        return {}
    rows = session.execute(
        select(Article.id, Article.successor_id).where(
            Article.id.in_(article_ids), Article.withdrawn_at <= now, scope.clause()
        )
    )
    return dict.fromkeys(article_ids) | {article_id: successor for article_id, successor in rows}


def _titles(
    session: Session, article_ids: set[int], scope: AudienceScope, now: datetime
) -> dict[int, Successor]:
    if not article_ids:
        return {}
    rows = session.execute(
        select(Article.id, Revision.title)
        .join(Revision, Revision.article_id == Article.id)
        .where(Article.id.in_(article_ids), is_shown_at(now), scope.clause())
    )
    return {article_id: Successor(article_id, title) for article_id, title in rows}
