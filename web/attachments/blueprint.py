"""The blueprint of attached files and what its pages share."""

from collections.abc import Callable

from flask import Blueprint

from kb.attachments import stream, suffix_of
from kb.models import Attachment
from kb.viewing import FileKey
from web.addresses import LARGEST_ID
from web.transactions import services

blueprint = Blueprint("attachments", __name__)

ONE = f"/files/<int(max={LARGEST_ID}):attachment_id>"
SANDBOX = "default-src 'none'; sandbox"


def key_of(attachment: Attachment) -> FileKey:
    """Return by what a file is known to whatever draws it."""
    return FileKey(attachment.sha256, suffix_of(attachment.name))


def loader(key: FileKey) -> Callable[[], bytes]:
    """Return what reads the bytes of a file, in a transaction of its own."""
    database = services().database

    def load() -> bytes:
        with database.read() as session:
            return b"".join(stream(session, key.sha256))

    return load
