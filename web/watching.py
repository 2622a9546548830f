"""Tells an open page whether what it shows is still what is in force, and when that changes next."""

import hashlib
from datetime import datetime

from flask import Blueprint, Response, abort, jsonify, request

from kb.access import audience_scope
from kb.revisions import revision_at
from kb.shown import ShownArticle, shown_article
from web.addresses import LARGEST_ID
from web.session import current_actor
from web.standing import standing
from web.transactions import now, reading, services

blueprint = Blueprint("watching", __name__)


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/standing")
def page(article_id: int) -> Response:
    """Answer the version that speaks for an article now, how it stands, and the seconds to the next switch.

    The answer has an ETag, so that asking again costs a few bytes while nothing changed.
    """
    moment = now()
    with reading() as session:
        article = shown_article(session, article_id, audience_scope(session, current_actor()))
        current = revision_at(article.revisions, moment)
        if current is None:
            abort(404)
        stands = standing(current, article, moment, services().zone)
        switch = next_switch(article, moment)
        answer = jsonify(
            number=current.number,
            status=stands.status.value,
            label=stands.label,
            seconds=round((switch - moment).total_seconds(), 1) if switch is not None else None,
        )
    answer.set_etag(
        hashlib.sha256(f"{current.id} {stands.status} {stands.label} {switch}".encode()).hexdigest()
    )
    answer.make_conditional(request)
    return answer


def next_switch(article: ShownArticle, moment: datetime) -> datetime | None:
    """Return the next instant at which another revision, or none, is shown."""
    instants = [
        instant
        for revision in article.revisions
        for instant in (revision.shown_from, revision.shown_to)
        if instant is not None and instant > moment
    ]
    return min(instants, default=None)
