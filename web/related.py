"""Articles about the same thing: shown with an article where they are known, fetched after it where they are not."""

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, Flask, abort, current_app, render_template, request
from sqlalchemy.orm import Session

from kb.access import audience_scope
from kb.errors import NotFound, SearchUnavailable
from kb.related import Likeness, Related, RelatedArticles
from kb.revisions import revision_at, shown_at
from kb.shown import shown_article
from web.addresses import LARGEST_ID
from web.search.address import read
from web.session import current_actor
from web.transactions import now, reading, services

blueprint = Blueprint("related", __name__)

EXTENSION = "kb_related"
FRAGMENT_HEADER = "X-KB-Fragment"


def install(app: Flask) -> None:
    """Give the app the shelf on which its process keeps what it found alike."""
    app.extensions[EXTENSION] = RelatedArticles()


def known_related(session: Session, wanted: Likeness, moment: datetime) -> Sequence[Related] | None:
    """Return the related articles if they were found some minutes ago; else the page is not kept waiting."""
    return _shelf().known(session, wanted, moment)


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/related")
def page(article_id: int) -> str:
    """List the related articles: for a script the section of the article's page, else a page of its own."""
    moment = now()
    as_of = read(request.args, moment, services().zone).request.as_of
    with reading() as session:
        scope = audience_scope(session, current_actor())
        article = shown_article(session, article_id, scope)
        shown = (
            revision_at(article.revisions, moment) if as_of is None else shown_at(article.revisions, as_of)
        )
        if shown is None:
            if as_of is not None:
                raise NotFound("这篇知识在您选择的时点没有展示。")
            abort(404)
        wanted = Likeness(article_id, shown.title, scope, as_of)
        try:
            related = _shelf().find(session, services().engine, wanted, moment)
        except SearchUnavailable:
            related = ()
    template = "related/section.html" if FRAGMENT_HEADER in request.headers else "related/page.html"
    return render_template(
        template,
        related=related,
        article_id=article_id,
        title=shown.title,
        as_of=request.args.get("as_of") if as_of else None,
    )


def _shelf() -> RelatedArticles:
    found: RelatedArticles = current_app.extensions[EXTENSION]
    return found
