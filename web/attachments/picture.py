"""A page of a file as a picture, for those who may open the file."""

from flask import Response

from kb.attachments import readable_attachment
from kb.errors import NotFound
from web.addresses import LARGEST_ID
from web.attachments.blueprint import ONE, SANDBOX, blueprint, key_of, loader
from web.session import current_actor
from web.transactions import reading, services

BUSY_SECONDS = 2


@blueprint.get(f"{ONE}/pages/<int(max={LARGEST_ID}):number>")
def picture(attachment_id: int, number: int) -> Response:
    """Send the page ``number``, from 1, as a WebP picture; 503 says to ask again in a moment.

    Raises:
        NotFound: if the reader may not know of the file, or it has no such page that can be drawn.
    """
    with reading() as session:
        key = key_of(readable_attachment(session, current_actor(), attachment_id))
    # Outside of the transaction: drawing may take seconds.
    drawn = services().viewer.picture(key, number, loader(key))
    if drawn.status == "busy":
        return Response(status=503, headers={"Retry-After": str(BUSY_SECONDS)})
    if drawn.status != "ok":
        raise NotFound("这一页无法显示，请下载原文件查看。")
    response = Response(drawn.data, mimetype="image/webp")
    response.headers["Content-Security-Policy"] = SANDBOX
    return response
