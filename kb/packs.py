"""Team packs: folders that colleagues share read-only, each shown as far as its reader may read."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from kb.access import Actor, belongs
from kb.briefcase import Thing, keep, kept
from kb.briefcase_folders import below, create_folder
from kb.errors import NotFound
from kb.models import Audience, BriefcaseFolder, BriefcaseItem


def import_pack(session: Session, actor: Actor, pack_id: int, at: datetime) -> int:
    """Copy a shared pack, as far as the actor may read it, into folders of their own.

    Things that are in the actor's briefcase already stay where they are.

    Returns:
        How many things came new into the briefcase.

    Raises:
        NotFound: if the pack is not shared with the actor.
    """
    pack = shared_pack(session, actor, pack_id)
    theirs = list(
        session.scalars(
            select(BriefcaseFolder)
            .where(BriefcaseFolder.person_id == pack.person_id)
            .order_by(BriefcaseFolder.position, BriefcaseFolder.id)
        )
    )
    inside = below(theirs, pack.id)
    copies: dict[int, int] = {}
    waiting = [row for row in theirs if row.id in inside]
    while waiting:
        # Three levels at most: each round copies those whose holder was copied before.
        ready = [row for row in waiting if row.id == pack.id or row.parent_id in copies]
        for row in ready:
            parent = None if row.id == pack.id else copies[row.parent_id or 0]
            copies[row.id] = _own_copy(session, actor, row.name, parent, at).id
        waiting = [row for row in waiting if row.id not in copies]
    added = 0
    items = session.scalars(select(BriefcaseItem).where(BriefcaseItem.folder_id.in_(inside)))
    for item in items:
        thing = Thing(item.article_id, item.node_id)
        if kept(session, actor, thing) is not None:
            continue
        try:
            keep(session, actor, thing, copies[item.folder_id or pack.id], at, item.note)
        except NotFound:
            # What the actor may not read is not in the pack for them.
            continue
        added += 1
    return added


def _own_copy(
    session: Session, actor: Actor, name: str, parent_id: int | None, at: datetime
) -> BriefcaseFolder:
    existing = session.scalar(
        select(BriefcaseFolder).where(
            BriefcaseFolder.person_id == actor.person_id,
            BriefcaseFolder.parent_id == parent_id,
            BriefcaseFolder.name == name,
        )
    )
    return existing or create_folder(session, actor, name, parent_id, at)


def shared_pack(session: Session, actor: Actor, pack_id: int) -> BriefcaseFolder:
    """Return a pack that is shared with the actor.

    Raises:
        NotFound: if it is not, or does not exist.
    """
    for pack in shared_packs(session, actor):
        if pack.id == pack_id:
            return pack
    raise NotFound("没有找到这个共享包。")


def shared_packs(session: Session, actor: Actor) -> list[BriefcaseFolder]:
    """Return the packs of other people that are shared with the actor, in two queries."""
    rows = session.execute(
        select(BriefcaseFolder, Audience)
        .outerjoin(Audience, Audience.id == BriefcaseFolder.shared_audience_id)
        .where(
            BriefcaseFolder.person_id != actor.person_id,
            or_(
                BriefcaseFolder.shared_department_id.in_(actor.department_ids),
                BriefcaseFolder.shared_audience_id.is_not(None),
            ),
        )
        .order_by(BriefcaseFolder.name, BriefcaseFolder.id)
    )
    return [folder for folder, audience in rows if audience is None or belongs(audience, actor)]
