"""Sends a file as it is, never to be shown or run by the browser."""

from collections.abc import Iterator
from urllib.parse import quote

from flask import Response

from kb.attachments import readable_attachment, stream
from web.attachments.blueprint import ONE, SANDBOX, blueprint
from web.session import current_actor
from web.transactions import reading, services


@blueprint.get(ONE)
def download(attachment_id: int) -> Response:
    """Send the file under its own name, never to be shown or run by the browser."""
    database = services().database
    with reading() as session:
        attachment = readable_attachment(session, current_actor(), attachment_id)
        name, size, sha256 = attachment.name, attachment.size, attachment.sha256

    def chunks() -> Iterator[bytes]:
        with database.read() as session:
            yield from stream(session, sha256)

    response = Response(chunks(), mimetype="application/octet-stream")
    response.content_length = size
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Security-Policy"] = SANDBOX
    return response
