"""Looks for articles that the draft may repeat, before it is submitted."""

from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.errors import SearchUnavailable
from kb.models import Revision
from kb.similar import Similar, similar_articles
from web.transactions import now, services


def alike(session: Session, actor: Actor, draft: Revision) -> list[Similar]:
    """Return similar articles within the author's rights; none for the next version of a known article."""
    if draft.based_on_id is not None:
        return []
    scope = audience_scope(session, actor)
    engine, moment = services().engine, now()
    try:
        found = similar_articles(
            session, engine, scope, draft.title, draft.text, moment, without=draft.article_id
        )
    except SearchUnavailable:
        # Submitting must not depend on the index.
        return []
    return [item for item in found if item.article_id != draft.replaces_id]
