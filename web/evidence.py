"""Takes out the evidence of an article, for those who answer for it."""

from flask import Blueprint, Response

from kb.access import audience_scope
from kb.evidence import evidence_article, pack
from web.session import current_actor
from web.transactions import now, writing

blueprint = Blueprint("evidence", __name__)

LARGEST_ID = 2**31 - 1


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/evidence")
def download(article_id: int) -> Response:
    """Send the evidence of an article as a ZIP file; that it was taken out is in the audit log."""
    actor = current_actor()
    with writing() as session:
        article = evidence_article(session, actor, audience_scope(session, actor), article_id)
        data = pack(session, article, now(), by=actor)
    answer = Response(data, mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="evidence-{article_id}.zip"'
    return answer
