"""What a list of results shows of each hit: one narrow row from the database, checked against rights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from kb.access import AudienceScope, Prepared
from kb.models import Article, Department, Node, Revision, WordingBlock


@dataclass(frozen=True)
class FoundArticle:
    """The article of a hit: where it stands, who answers for it, and how it may have ended."""

    id: int
    node_path: str
    department: str
    withdrawn_at: datetime | None
    successor_id: int | None
    review_due_at: datetime | None


@dataclass(frozen=True)
class FoundRevision:
    """The revision of a hit; ``has_wording`` says whether there is something to be read to a customer."""

    article: FoundArticle
    id: int
    number: int
    title: str
    summary: str
    document_number: str
    approved_at: datetime | None
    effective_to: datetime | None
    withdrawn_at: datetime | None
    shown_from: datetime | None
    shown_to: datetime | None
    has_wording: bool


_REVISIONS, _ARTICLES = Revision.__table__.c, Article.__table__.c
_FOUND = Prepared(
    select(
        _REVISIONS.id,
        _REVISIONS.number,
        _REVISIONS.title,
        _REVISIONS.summary,
        _REVISIONS.document_number,
        _REVISIONS.approved_at,
        _REVISIONS.effective_to,
        _REVISIONS.withdrawn_at,
        _REVISIONS.shown_from,
        _REVISIONS.shown_to,
        select(WordingBlock.__table__.c.id)
        .where(WordingBlock.__table__.c.revision_id == _REVISIONS.id)
        .exists(),
        _ARTICLES.id,
        Node.__table__.c.path,
        Department.__table__.c.name,
        _ARTICLES.withdrawn_at,
        _ARTICLES.successor_id,
        _ARTICLES.review_due_at,
    )
    .select_from(Revision.__table__)
    .join(Article.__table__, _ARTICLES.id == _REVISIONS.article_id)
    .join(Node.__table__, Node.__table__.c.id == _ARTICLES.node_id)
    .join(Department.__table__, Department.__table__.c.id == _ARTICLES.owner_department_id)
    .where(
        _REVISIONS.id.in_(bindparam("revisions", expanding=True)),
        _REVISIONS.shown_from.is_not(None),
    )
)


def found_revisions(
    session: Session, revision_ids: Sequence[int], scope: AudienceScope
) -> Mapping[int, FoundRevision]:
    """Return the approved revisions that still exist and that the scope admits, by id, in one query."""
    if not revision_ids:
        return {}
    rows = _FOUND.ask(session, scope, revisions=list(revision_ids))
    return {row[0]: FoundRevision(FoundArticle(*row[11:]), *row[:11]) for row in map(tuple, rows)}
