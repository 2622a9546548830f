"""Folders of a briefcase: three levels, in the owner's order, shared as a team pack at the top."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, belongs
from kb.errors import Conflict, Invalid, NotFound
from kb.masking import mask_personal_data
from kb.models import Audience, BriefcaseFolder, BriefcaseItem, Department

DEEPEST = 3
NAME_LIMIT = 60
MOST_FOLDERS = 200


def own_folders(session: Session, actor: Actor) -> list[BriefcaseFolder]:
    """Return the actor's folders in their order."""
    return list(
        session.scalars(
            select(BriefcaseFolder)
            .where(BriefcaseFolder.person_id == actor.person_id)
            .order_by(BriefcaseFolder.position, BriefcaseFolder.id)
        )
    )


def own_folder(session: Session, actor: Actor, folder_id: int) -> BriefcaseFolder:
    """Return one of the actor's folders.

    Raises:
        NotFound: if it is somebody else's or does not exist.
    """
    folder = session.get(BriefcaseFolder, folder_id)
    if folder is None or folder.person_id != actor.person_id:
        raise NotFound("没有找到这个文件夹。")
    return folder


def create_folder(
    session: Session, actor: Actor, name: str, parent_id: int | None, at: datetime
) -> BriefcaseFolder:
    """Make a folder at the top or inside another one.

    Raises:
        Invalid: if the name is not usable, or it would stand deeper than three levels.
    """
    folders = {folder.id: folder for folder in own_folders(session, actor)}
    if parent_id is not None:
        own_folder(session, actor, parent_id)
        if _level(folders, parent_id) >= DEEPEST:
            raise Invalid("文件夹最多三层。", {"name": "文件夹最多三层。"})
    if len(folders) >= MOST_FOLDERS:
        raise Invalid("文件夹太多了，请先整理。", {"name": "文件夹太多了，请先整理。"})
    folder = BriefcaseFolder(
        person_id=actor.person_id,
        parent_id=parent_id,
        name=_checked_name(folders.values(), name, parent_id, None),
        position=len(folders),
        created_at=at,
    )
    session.add(folder)
    session.flush()
    return folder


def rename_folder(session: Session, actor: Actor, folder_id: int, name: str) -> None:
    """Give a folder another name that none beside it has."""
    folder = own_folder(session, actor, folder_id)
    folder.name = _checked_name(own_folders(session, actor), name, folder.parent_id, folder.id)


def move_folder(session: Session, actor: Actor, folder_id: int, parent_id: int | None) -> None:
    """Put a folder, with all that is in it, into another one or to the top.

    Raises:
        Invalid: if it would stand inside itself, or deeper than three levels, or is shared.
    """
    folder = own_folder(session, actor, folder_id)
    folders = {row.id: row for row in own_folders(session, actor)}
    if parent_id is not None:
        own_folder(session, actor, parent_id)
        if folder_id in _line(folders, parent_id):
            raise Invalid("不能把文件夹放进它自己里面。")
        if _level(folders, parent_id) + _height(folders, folder_id) > DEEPEST:
            raise Invalid("文件夹最多三层。")
        if is_shared(folder):
            raise Invalid("共享包只能放在最上层，请先取消共享。")
    _checked_name(folders.values(), folder.name, parent_id, folder.id)
    folder.parent_id = parent_id


def shift_folder(session: Session, actor: Actor, folder_id: int, step: int) -> None:
    """Move a folder up (-1) or down (1) among those beside it."""
    folder = own_folder(session, actor, folder_id)
    beside = [row for row in own_folders(session, actor) if row.parent_id == folder.parent_id]
    place = next(number for number, row in enumerate(beside) if row.id == folder.id)
    target = min(max(place + step, 0), len(beside) - 1)
    beside.insert(target, beside.pop(place))
    for number, row in enumerate(beside):
        row.position = number


def delete_folder(session: Session, actor: Actor, folder_id: int, at: datetime) -> None:
    """Remove a folder and those in it; the things in them stay in the briefcase, outside any folder."""
    folder = own_folder(session, actor, folder_id)
    if is_shared(folder):
        share_folder(session, actor, folder_id, None, None, at)
    ids = below(own_folders(session, actor), folder_id)
    session.execute(update(BriefcaseItem).where(BriefcaseItem.folder_id.in_(ids)).values(folder_id=None))
    session.delete(folder)
    session.flush()


def share_folder(
    session: Session,
    actor: Actor,
    folder_id: int,
    department_id: int | None,
    audience_id: int | None,
    at: datetime,
) -> None:
    """Show a folder at the top, read-only, to a department or an audience; with neither, to nobody.

    Raises:
        Conflict: if the folder is not at the top.
        Invalid: if there is no such department or audience, or the actor is not in the audience.
    """
    folder = own_folder(session, actor, folder_id)
    if folder.parent_id is not None:
        raise Conflict("只有最上层的文件夹可以共享。")
    if department_id is not None and session.get(Department, department_id) is None:
        raise Invalid("请选择部门。", {"share": "请选择部门。"})
    if audience_id is not None:
        audience = session.get(Audience, audience_id)
        if audience is None or not belongs(audience, actor):
            raise Invalid("请选择可见范围。", {"share": "请选择可见范围。"})
    folder.shared_department_id = department_id
    folder.shared_audience_id = None if department_id is not None else audience_id
    action = "briefcase.share" if is_shared(folder) else "briefcase.unshare"
    detail = {"department": department_id, "audience": folder.shared_audience_id}
    audit.record(session, actor, action, f"briefcase_folder:{folder.id}", at, detail=detail)


def is_shared(folder: BriefcaseFolder) -> bool:
    """Return whether a folder is a team pack."""
    return folder.shared_department_id is not None or folder.shared_audience_id is not None


def below(folders: Sequence[BriefcaseFolder], folder_id: int) -> set[int]:
    """Return the ids of a folder and of all folders in it."""
    found = {folder_id}
    for _level_number in range(DEEPEST):
        found |= {row.id for row in folders if row.parent_id in found}
    return found


def _checked_name(
    folders: Iterable[BriefcaseFolder], name: str, parent_id: int | None, own_id: int | None
) -> str:
    given = mask_personal_data(" ".join(name.split()))
    if not given:
        raise Invalid("请填写文件夹名称。", {"name": "请填写文件夹名称。"})
    if len(given) > NAME_LIMIT:
        raise Invalid("文件夹名称最多 60 个字。", {"name": "文件夹名称最多 60 个字。"})
    for row in folders:
        if row.parent_id == parent_id and row.id != own_id and row.name == given:
            raise Invalid("这里已经有同名的文件夹。", {"name": "这里已经有同名的文件夹。"})
    return given


def _line(folders: dict[int, BriefcaseFolder], folder_id: int | None) -> list[int]:
    """Return a folder and those it stands in, innermost first."""
    found = []
    while folder_id is not None and folder_id in folders and folder_id not in found:
        found.append(folder_id)
        folder_id = folders[folder_id].parent_id
    return found


def _level(folders: dict[int, BriefcaseFolder], folder_id: int) -> int:
    return len(_line(folders, folder_id))


def _height(folders: dict[int, BriefcaseFolder], folder_id: int) -> int:
    heights = [_height(folders, row.id) for row in folders.values() if row.parent_id == folder_id]
    return 1 + max(heights, default=0)
