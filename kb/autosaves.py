"""What people have typed into drafts since they last saved, kept so that a lost session loses nothing."""

import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.draft_rights import require_write, visible_draft
from kb.errors import Invalid
from kb.models import Autosave

SIZE_LIMIT = 2_000_000


def keep(
    session: Session,
    actor: Actor,
    revision_id: int,
    based_version: int,
    payload: Mapping[str, object],
    at: datetime,
) -> Autosave:
    """Keep what a person has typed so far beside the draft, which itself stays as it was last saved.

    Raises:
        Forbidden: if the actor may not write in the draft.
        Invalid: if it is larger than any draft may be.
        NotFound: if there is no such draft.
    """
    draft = visible_draft(session, actor, revision_id)
    require_write(session, actor, draft.article)
    typed = json.dumps(dict(payload), ensure_ascii=False)
    if len(typed) > SIZE_LIMIT:
        raise Invalid("内容过长，未能自动保存；请先精简再保存。")
    row = kept_for(session, actor, revision_id)
    if row is None:
        row = Autosave(revision_id=revision_id, person_id=actor.person_id)
        session.add(row)
    row.based_version, row.payload, row.saved_at = based_version, typed, at
    session.flush()
    return row


def kept_for(session: Session, actor: Actor, revision_id: int) -> Autosave | None:
    """Return what was kept for this person beside a draft since they last saved it."""
    return session.scalar(
        select(Autosave).where(Autosave.revision_id == revision_id, Autosave.person_id == actor.person_id)
    )


def drop(session: Session, actor: Actor, revision_id: int) -> None:
    """Forget what was kept beside a draft for this person."""
    session.execute(
        delete(Autosave).where(Autosave.revision_id == revision_id, Autosave.person_id == actor.person_id)
    )
