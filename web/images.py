"""Shows the images that stand in the text of articles."""

from flask import Blueprint, Response

from kb.access import audience_scope
from kb.attachments import stream
from kb.images import visible_image
from web.addresses import LARGEST_ID
from web.session import current_actor
from web.transactions import reading

blueprint = Blueprint("images", __name__)


@blueprint.get(f"/files/images/<int(max={LARGEST_ID}):image_id>")
def show(image_id: int) -> Response:
    """Send an image; it has been drawn anew by us, so it holds nothing but pixels."""
    actor = current_actor()
    with reading() as session:
        image = visible_image(session, actor, image_id, audience_scope(session, actor))
        data = b"".join(stream(session, image.sha256))
        answer = Response(data, mimetype=image.media_type)
    answer.headers["Content-Disposition"] = "inline"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
