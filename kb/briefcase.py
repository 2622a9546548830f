"""A person's briefcase: keeping articles and categories, noting, moving, following what replaced them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.briefcase_folders import own_folder
from kb.errors import Invalid, NotFound
from kb.masking import mask_personal_data
from kb.models import Article, BriefcaseItem, Node, Revision
from kb.nodes import nodes_by_id, visible_tree

NOTE_LIMIT = 400
MOST_ITEMS = 2000


@dataclass(frozen=True)
class Thing:
    """What can be kept: an article or a category, exactly one of them."""

    article_id: int | None = None
    node_id: int | None = None


def own_item(session: Session, actor: Actor, item_id: int) -> BriefcaseItem:
    """Return one of the actor's items.

    Raises:
        NotFound: if it is somebody else's or does not exist.
    """
    item = session.get(BriefcaseItem, item_id)
    if item is None or item.person_id != actor.person_id:
        raise NotFound("没有找到这一项。")
    return item


def kept(session: Session, actor: Actor, thing: Thing) -> BriefcaseItem | None:
    """Return the actor's item for a thing, if it is in the briefcase."""
    return session.scalar(
        select(BriefcaseItem).where(
            BriefcaseItem.person_id == actor.person_id,
            BriefcaseItem.article_id == thing.article_id
            if thing.article_id is not None
            else BriefcaseItem.node_id == thing.node_id,
        )
    )


def title_of(session: Session, actor: Actor, thing: Thing, now: datetime) -> str:
    """Return the title of a thing that the actor may read.

    Raises:
        NotFound: if there is no such thing, or the actor may not know of it.
    """
    scope = audience_scope(session, actor)
    if thing.node_id is not None:
        node = nodes_by_id(visible_tree(session, scope)).get(thing.node_id)
        if node is None:
            raise NotFound("没有找到这个分类。")
        return node.title
    title = session.scalar(
        select(Revision.title)
        .join(Article, Article.id == Revision.article_id)
        .where(Article.id == thing.article_id, scope.clause(), Revision.shown_from.is_not(None))
        .order_by((Revision.shown_from <= now).desc(), Revision.shown_from.desc())
        .limit(1)
    )
    if title is None:
        raise NotFound("没有找到这篇知识。")
    return title


def last_folder_id(session: Session, actor: Actor) -> int | None:
    """Return the folder into which the actor put something last; ``None`` is outside any folder."""
    return session.scalar(
        select(BriefcaseItem.folder_id)
        .where(BriefcaseItem.person_id == actor.person_id)
        .order_by(BriefcaseItem.added_at.desc(), BriefcaseItem.id.desc())
        .limit(1)
    )


def keep(
    session: Session, actor: Actor, thing: Thing, folder_id: int | None, at: datetime, note: str = ""
) -> BriefcaseItem:
    """Put a thing into a folder of the actor; what is there already is moved and its mark renewed.

    Raises:
        Invalid: if the note is too long or the briefcase is full.
        NotFound: if the actor may not read the thing, or the folder is not theirs.
    """
    title_of(session, actor, thing, at)
    if folder_id is not None:
        own_folder(session, actor, folder_id)
    item = kept(session, actor, thing)
    if item is None:
        _check_room(session, actor)
        item = BriefcaseItem(
            person_id=actor.person_id, article_id=thing.article_id, node_id=thing.node_id, position=0
        )
        session.add(item)
    item.folder_id, item.added_at, item.seen_at = folder_id, at, at
    if note.strip() or item.note is None:
        item.note = checked_note(note)
    item.is_pinned = bool(item.is_pinned)
    session.flush()
    return item


def change_note(session: Session, actor: Actor, item_id: int, note: str) -> None:
    """Write the actor's own note on an item."""
    own_item(session, actor, item_id).note = checked_note(note)


def move_item(session: Session, actor: Actor, item_id: int, folder_id: int | None) -> None:
    """Put an item into another folder of the actor, or outside any."""
    item = own_item(session, actor, item_id)
    if folder_id is not None:
        own_folder(session, actor, folder_id)
    item.folder_id = folder_id


def follow_successor(session: Session, actor: Actor, item_id: int, successor_id: int, at: datetime) -> None:
    """Replace a retired article in the briefcase by the one that stands for it now.

    Args:
        successor_id: The article that was offered; it must still be readable.
    """
    item = own_item(session, actor, item_id)
    title_of(session, actor, Thing(article_id=successor_id), at)
    existing = kept(session, actor, Thing(article_id=successor_id))
    if existing is not None and existing.id != item.id:
        session.delete(item)
        return
    item.article_id, item.seen_at = successor_id, at


def kept_article_ids(session: Session, actor: Actor) -> frozenset[int]:
    """Return every article that is in the actor's briefcase, by itself or by its category.

    What the actor may not read may be among them: the search has rights of its own.
    """
    rows = session.execute(
        select(BriefcaseItem.article_id, Node.path)
        .outerjoin(Node, Node.id == BriefcaseItem.node_id)
        .where(BriefcaseItem.person_id == actor.person_id)
    ).all()
    found = {article_id for article_id, _path in rows if article_id is not None}
    paths = [path for _article_id, path in rows if path]
    if paths:
        inside = or_(*(Node.path.startswith(path, autoescape=True) for path in paths))
        found.update(session.scalars(select(Article.id).join(Node, Node.id == Article.node_id).where(inside)))
    return frozenset(found)


def checked_note(note: str) -> str:
    """Return a note, masked and without blanks around it.

    Raises:
        Invalid: if it is too long.
    """
    given = mask_personal_data(note.strip())
    if len(given) > NOTE_LIMIT:
        raise Invalid("备注最多 400 个字。", {"note": "备注最多 400 个字。"})
    return given


def _check_room(session: Session, actor: Actor) -> None:
    mine = BriefcaseItem.person_id == actor.person_id
    if (session.scalar(select(func.count()).select_from(BriefcaseItem).where(mine)) or 0) >= MOST_ITEMS:
        raise Invalid("公文包已满（2,000 项），请先整理。")


def see_all(session: Session, actor: Actor, at: datetime) -> None:
    """Take note of every change in the actor's briefcase."""
    mine = BriefcaseItem.person_id == actor.person_id
    session.execute(update(BriefcaseItem).where(mine).values(seen_at=at))
