"""The revisions that readers may know of an article, as narrow rows: enough to say what holds when, and what to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from kb.access import AudienceScope, Prepared
from kb.errors import NotFound
from kb.models import Article, Revision, WordingBlock
from kb.prepared import ask


@dataclass(frozen=True)
class ShownRevision:
    """A revision that is, was or will be shown."""

    id: int
    number: int
    title: str
    effective_to: datetime | None
    withdrawn_at: datetime | None
    shown_from: datetime
    shown_to: datetime | None


@dataclass(frozen=True)
class ShownArticle:
    """An article with such revisions, by number."""

    withdrawn_at: datetime | None
    revisions: Sequence[ShownRevision]

    def numbered(self, number: int | None) -> ShownRevision | None:
        """Return the revision with a number."""
        return next((one for one in self.revisions if one.number == number), None)


@dataclass(frozen=True)
class Block:
    """A piece of wording that may be read to a customer."""

    title: str
    text: str


_ARTICLES, _REVISIONS, _BLOCKS = Article.__table__.c, Revision.__table__.c, WordingBlock.__table__.c
_SHOWN = Prepared(
    select(
        _ARTICLES.withdrawn_at,
        _REVISIONS.id,
        _REVISIONS.number,
        _REVISIONS.title,
        _REVISIONS.effective_to,
        _REVISIONS.withdrawn_at,
        _REVISIONS.shown_from,
        _REVISIONS.shown_to,
    )
    .select_from(Article.__table__)
    .join(Revision.__table__, _REVISIONS.article_id == _ARTICLES.id)
    .where(_ARTICLES.id == bindparam("article"), _REVISIONS.shown_from.is_not(None))
    .order_by(_REVISIONS.number)
)
_WORDING = (
    select(_BLOCKS.title, _BLOCKS.text)
    .where(_BLOCKS.revision_id == bindparam("revision"))
    .order_by(_BLOCKS.position)
)


def shown_article(session: Session, article_id: int, scope: AudienceScope) -> ShownArticle:
    """Return what is shown when of an article, in one query.

    Raises:
        NotFound: if there is none, if nothing of it was ever shown or will be, or the viewer may not know of it.
    """
    rows = [tuple(row) for row in _SHOWN.ask(session, scope, article=article_id)]
    if not rows:
        raise NotFound("没有找到这篇知识。")
    return ShownArticle(rows[0][0], [ShownRevision(*row[1:]) for row in rows])


def wording_of(session: Session, revision_id: int) -> list[Block]:
    """Return the wording of a revision in its order."""
    return [Block(*row) for row in map(tuple, ask(session, _WORDING, revision=revision_id))]
