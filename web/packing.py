"""The three transactions in which evidence leaves the house, so that large files hold up no writer."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from kb import evidence
from kb.access import Actor
from kb.database import Database
from kb.models import Article
from kb.ports import Clock


def take_out(
    database: Database, clock: Clock, find: Callable[[Session], Article], *, by: Actor | None
) -> bytes:
    """Return the evidence of an article as a ZIP file, with both its events in the audit log.

    The taking is noted first and is in the pack; the pack is put together as a reader; its hash is noted
    last, and if that fails nothing is handed out.

    Args:
        find: Returns the article or raises; asked in each transaction, so that rights hold to the end.
        by: Who takes it out; ``None`` is the system.

    Raises:
        Forbidden, NotFound: as ``find`` says.
    """
    at = clock.now()
    with database.write() as session:
        evidence.begin(session, find(session), at, by=by)
    with database.read() as session:
        packed = evidence.pack(session, find(session), at, by=by)
    with database.write() as session:
        evidence.register(session, find(session).id, packed, clock.now(), by=by)
    return packed.data
