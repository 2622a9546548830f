"""Changing the briefcase: keeping things, noting, moving, and everything about folders and packs."""

from flask import flash, jsonify, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb import briefcase as use_case
from kb import briefcase_folders as folders
from kb.access import Actor
from kb.errors import Invalid
from kb.packs import import_pack
from web.addresses import LARGEST_ID
from web.briefcase.blueprint import blueprint
from web.briefcase.pages import thing_of
from web.session import current_actor, safe_target, wants_json
from web.transactions import now, writing


@blueprint.post("/briefcase/keep")
def keep() -> Response:
    """Put an article or a category into a folder, which may be a new one."""
    form, actor, moment = request.form, current_actor(), now()
    thing = thing_of(form.get("article", type=int), form.get("node", type=int))
    with writing() as session:
        folder_id = _number("folder")
        name = form.get("new_folder", "").strip()
        if name:
            folder_id = folders.create_folder(session, actor, name, None, moment).id
        use_case.keep(session, actor, thing, folder_id, moment, form.get("note", ""))
        label = folders.own_folder(session, actor, folder_id).name if folder_id else _("未分类")
    message = _("已加入公文包：%(name)s", name=label)
    if wants_json():
        return jsonify(text=message, url=url_for("briefcase.page", folder=folder_id))
    flash(message)
    return _back(url_for("briefcase.page", folder=folder_id))


@blueprint.post(f"/briefcase/items/<int(max={LARGEST_ID}):item_id>")
def change_item(item_id: int) -> Response:
    """Do ``act`` with one thing: note, move, pin, unpin, seen, follow or remove."""
    with writing() as session:
        message = _act_on_item(session, current_actor(), item_id)
    return _done(message)


@blueprint.post("/briefcase/seen")
def seen_all() -> Response:
    """Take note of everything that changed."""
    with writing() as session:
        use_case.see_all(session, current_actor(), now())
    return _done(_("已全部标为已看"))


@blueprint.post("/briefcase/folders")
def create_folder() -> Response:
    """Make a folder at the top or in another one."""
    with writing() as session:
        made = folders.create_folder(
            session, current_actor(), request.form.get("name", ""), _number("parent"), now()
        )
        folder_id = made.id
    if wants_json():
        return jsonify(id=folder_id)
    return redirect(url_for("briefcase.page", folder=folder_id), code=303)


@blueprint.post(f"/briefcase/folders/<int(max={LARGEST_ID}):folder_id>")
def change_folder(folder_id: int) -> Response:
    """Do ``act`` with a folder: rename, move, up, down, share or delete."""
    with writing() as session:
        message = _act_on_folder(session, current_actor(), folder_id)
    if request.form.get("act") == "delete" and not wants_json():
        flash(message)
        return redirect(url_for("briefcase.page"), code=303)
    return _done(message)


@blueprint.post(f"/briefcase/packs/<int(max={LARGEST_ID}):pack_id>/import")
def take_pack(pack_id: int) -> Response:
    """Copy a shared pack into one's own briefcase."""
    with writing() as session:
        added = import_pack(session, current_actor(), pack_id, now())
    flash(ngettext("已导入 %(num)s 项到我的公文包", "已导入 %(num)s 项到我的公文包", added))
    return redirect(url_for("briefcase.page"), code=303)


def _act_on_item(session: Session, actor: Actor, item_id: int) -> str:
    act, form = request.form.get("act", ""), request.form
    item = use_case.own_item(session, actor, item_id)
    if act == "note":
        use_case.change_note(session, actor, item_id, form.get("note", ""))
        return str(_("备注已保存"))
    if act == "move":
        use_case.move_item(session, actor, item_id, _number("folder"))
        return str(_("已移动"))
    if act in ("pin", "unpin"):
        item.is_pinned = act == "pin"
        return str(_("已置顶") if act == "pin" else _("已取消置顶"))
    if act == "seen":
        item.seen_at = now()
        return str(_("已标为已看"))
    if act == "follow":
        use_case.follow_successor(session, actor, item_id, _number("successor") or 0, now())
        return str(_("已换成现行的知识"))
    if act == "remove":
        session.delete(item)
        return str(_("已移出公文包"))
    raise Invalid("不认识这个操作。")


def _act_on_folder(session: Session, actor: Actor, folder_id: int) -> str:
    act = request.form.get("act", "")
    folders.own_folder(session, actor, folder_id)
    if act == "rename":
        folders.rename_folder(session, actor, folder_id, request.form.get("name", ""))
        return str(_("文件夹已改名"))
    if act == "move":
        folders.move_folder(session, actor, folder_id, _number("parent"))
        return str(_("已移动"))
    if act in ("up", "down"):
        folders.shift_folder(session, actor, folder_id, -1 if act == "up" else 1)
        return str(_("已移动"))
    if act == "share":
        kind, _mark, number = request.form.get("share", "").partition("-")
        chosen = int(number) if number.isdecimal() and len(number) < 10 else None
        department = chosen if kind == "department" else None
        audience = chosen if kind == "audience" else None
        folders.share_folder(session, actor, folder_id, department, audience, now())
        return str(_("已共享，对方可在“共享给我”中看到") if chosen else _("已取消共享"))
    if act == "delete":
        folders.delete_folder(session, actor, folder_id, now())
        return str(_("文件夹已删除，里面的知识移到“未分类”"))
    raise Invalid("不认识这个操作。")


def _number(name: str) -> int | None:
    value = request.form.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 10 and int(value) else None


def _done(message: str) -> Response:
    if wants_json():
        return jsonify(text=message)
    flash(message)
    return _back(url_for("briefcase.page"))


def _back(otherwise: str) -> Response:
    asked = request.form.get("next")
    return redirect(safe_target(asked) if asked else otherwise, code=303)
