"""The seal of a revision: one hash over everything that its approver sees."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.models import Attachment, Revision
from kb.revision_text import RevisionText, text_hash, text_of


def seal(session: Session, revision: Revision) -> str:
    """Return the SHA-256 over text, wording, notes, dates, placement, replacement and files.

    It is computed from what is stored, so that comparing it with ``content_hash`` also shows whether
    a revision was changed behind the product's back. Files count by their bytes, names and order.
    """
    session.flush()
    files = session.execute(
        select(Attachment.name, Attachment.sha256)
        .where(Attachment.revision_id == revision.id)
        .order_by(Attachment.position, Attachment.id)
    )
    return sealed(
        text_of(revision), revision.html, placement_of(revision), [(name, sha256) for name, sha256 in files]
    )


def placement_of(revision: Revision) -> dict[str, object]:
    """Return what the author wants changed about the article itself, as plain values for JSON."""
    return {
        "node": revision.new_node_id,
        "owner": revision.new_owner_department_id,
        "audience": [revision.new_audience_id] if revision.changes_audience else None,
        "replaces": revision.replaces_id,
    }


def sealed(
    text: RevisionText, html: str, placement: Mapping[str, object], files: Sequence[tuple[str, str]]
) -> str:
    """Return the seal over these parts; ``files`` are names with the SHA-256 of their bytes, in order."""
    values = {
        **placement,
        "text": text_hash(text),
        "html": hashlib.sha256(html.encode()).hexdigest(),
        "files": [list(row) for row in files],
    }
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def reseal(session: Session, revision: Revision) -> None:
    """Write the hashes of a revision after something in it changed."""
    revision.text_hash = text_hash(text_of(revision))
    revision.content_hash = seal(session, revision)
