"""What a list of results shows of each hit: one narrow row from the database, checked against rights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import AudienceScope
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


def found_revisions(
    session: Session, revision_ids: Sequence[int], scope: AudienceScope
) -> Mapping[int, FoundRevision]:
    """Return the approved revisions that still exist and that the scope admits, by id, in one query."""
    has_wording = select(WordingBlock.id).where(WordingBlock.revision_id == Revision.id).exists()
    rows = session.execute(
        select(
            Revision.id,
            Revision.number,
            Revision.title,
            Revision.summary,
            Revision.document_number,
            Revision.approved_at,
            Revision.effective_to,
            Revision.withdrawn_at,
            Revision.shown_from,
            Revision.shown_to,
            has_wording,
            Article.id,
            Node.path,
            Department.name,
            Article.withdrawn_at,
            Article.successor_id,
            Article.review_due_at,
        )
        .join(Article, Article.id == Revision.article_id)
        .join(Node, Node.id == Article.node_id)
        .join(Department, Department.id == Article.owner_department_id)
        .where(Revision.id.in_(revision_ids), Revision.shown_from.is_not(None), scope.clause())
    )
    return {row[0]: FoundRevision(FoundArticle(*row[11:]), *row[:11]) for row in map(tuple, rows)}
