"""Takes out the evidence of an article, for those who answer for it."""

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from kb.access import audience_scope
from kb.evidence import evidence_article
from kb.models import Article
from web.addresses import LARGEST_ID
from web.packing import take_out
from web.session import current_actor
from web.transactions import services

blueprint = Blueprint("evidence", __name__)


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/evidence")
def download(article_id: int) -> Response:
    """Send the evidence of an article as a ZIP file; that it was taken out is in the audit log."""
    actor = current_actor()

    def find(session: Session) -> Article:
        return evidence_article(session, actor, audience_scope(session, actor), article_id)

    data = take_out(services().database, services().clock, find, by=actor)
    answer = Response(data, mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="evidence-{article_id}.zip"'
    return answer
