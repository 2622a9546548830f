"""Finds the draft that an address means, within the rights of the person asking."""

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kb.access import Actor
from kb.draft_rights import GONE, draft_clause
from kb.errors import NotFound
from kb.models import Article, Revision


def open_draft_of(session: Session, actor: Actor, article_id: int) -> Revision:
    """Return the working revision of an article.

    Raises:
        NotFound: if there is none, or the actor may not know of it.
    """
    found = session.scalar(
        select(Revision)
        .join(Article, Article.id == Revision.article_id)
        .where(Revision.article_id == article_id, draft_clause(session, actor))
        .options(selectinload(Revision.wording))
    )
    if found is None:
        raise NotFound(GONE)
    return found
