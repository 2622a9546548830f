"""Files of a draft: adding, removing and ordering them, each time as a change of the draft."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.attachments import NewFile, attach
from kb.drafts import changed, writable_draft
from kb.errors import Invalid, NotFound
from kb.models import Attachment, Revision

FILE_LIMIT = 50


def files_of(session: Session, revision_id: int) -> list[Attachment]:
    """Return the files of a revision in their order."""
    return list(
        session.scalars(
            select(Attachment)
            .where(Attachment.revision_id == revision_id)
            .order_by(Attachment.position, Attachment.id)
        )
    )


def add_file(
    session: Session, actor: Actor, revision_id: int, expected_version: int, file: NewFile, at: datetime
) -> Attachment:
    """Attach a file to a draft, after those it has.

    Raises:
        Conflict, Forbidden, NotFound: as ``kb.drafts.save_draft`` says.
        Invalid: if the file is empty or there are too many.
    """
    draft = writable_draft(session, actor, revision_id, expected_version)
    present = files_of(session, draft.id)
    if len(present) >= FILE_LIMIT:
        raise Invalid("附件太多，请先移除一些。", {"files": "附件太多，请先移除一些。"})
    position = max((item.position for item in present), default=-1) + 1
    added = attach(session, draft, file, position, at)
    changed(session, actor, draft, "draft.attach", at)
    return added


def remove_file(
    session: Session, actor: Actor, revision_id: int, expected_version: int, attachment_id: int, at: datetime
) -> Revision:
    """Take a file off a draft; the versions that show it keep it.

    Raises:
        Conflict, Forbidden, NotFound: as ``kb.drafts.save_draft`` says.
    """
    draft = writable_draft(session, actor, revision_id, expected_version)
    session.delete(_file(session, draft, attachment_id))
    session.flush()
    changed(session, actor, draft, "draft.detach", at)
    return draft


def move_file(
    session: Session,
    actor: Actor,
    revision_id: int,
    expected_version: int,
    attachment_id: int,
    step: int,
    at: datetime,
) -> Revision:
    """Move a file of a draft by so many places; beyond the ends it stays at the end.

    Raises:
        Conflict, Forbidden, NotFound: as ``kb.drafts.save_draft`` says.
    """
    draft = writable_draft(session, actor, revision_id, expected_version)
    moved = _file(session, draft, attachment_id)
    others = [item for item in files_of(session, draft.id) if item.id != moved.id]
    place = min(max(_index(session, draft, moved) + step, 0), len(others))
    others.insert(place, moved)
    for position, item in enumerate(others):
        item.position = position
    session.flush()
    changed(session, actor, draft, "draft.order_files", at)
    return draft


def _file(session: Session, draft: Revision, attachment_id: int) -> Attachment:
    found = session.get(Attachment, attachment_id)
    if found is None or found.revision_id != draft.id:
        raise NotFound("没有找到这个附件。")
    return found


def _index(session: Session, draft: Revision, file: Attachment) -> int:
    return [item.id for item in files_of(session, draft.id)].index(file.id)
