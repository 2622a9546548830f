"""Reading the briefcase: folders and things, the call sheet, packs, the export, the form behind F."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import Response, abort, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope, belongs
from kb.briefcase import Thing, kept, last_folder_id, title_of
from kb.briefcase_folders import below, is_shared, own_folder, own_folders
from kb.briefcase_list import KeptRow, items_of, kept_rows, matching
from kb.clock import local_day
from kb.departments import all_departments
from kb.models import Audience, BriefcaseFolder, BriefcaseItem
from kb.packs import shared_pack, shared_packs
from kb.people import names_of
from web.addresses import LARGEST_ID
from web.briefcase.blueprint import blueprint
from web.session import current_actor
from web.spreadsheets import dated, xlsx_answer
from web.standing import Standing, standing
from web.transactions import now, reading, services

TEXT_LIMIT = 64


class View(StrEnum):
    """How the things are shown: cards with marks and notes, or the compact sheet for a call."""

    LIST = "list"
    SHEET = "sheet"


@dataclass(frozen=True)
class FolderRow:
    """A folder with its depth (1 is the top) and how many things it holds with those below it."""

    folder: BriefcaseFolder
    depth: int
    count: int


@dataclass(frozen=True)
class Shown:
    """What the page shows: one's own folder (or everything), or a pack of somebody else's."""

    rows: list[KeptRow]
    title: str
    folder: BriefcaseFolder | None = None
    pack: BriefcaseFolder | None = None


@blueprint.get("/briefcase")
def page() -> str:
    """Show the briefcase, one of its folders, or a shared pack."""
    actor, moment = current_actor(), now()
    view = View.SHEET if request.args.get("view") == View.SHEET else View.LIST
    with reading() as session:
        shown = _shown(session, actor, moment)
        folders = own_folders(session, actor)
        counts = items_of(session, actor.person_id)
        packs = shared_packs(session, actor)
        return render_template(
            "briefcase/page.html",
            shown=shown,
            view=view,
            text=_text(),
            loose=request.args.get("loose") == "1",
            folders=folder_rows(folders, counts),
            total=len(counts),
            loose_total=sum(1 for item in counts if item.folder_id is None),
            packs=packs,
            owners=names_of(session, [pack.person_id for pack in packs]),
            is_shared=is_shared,
            stand=_stand(moment),
            may_change=shown.pack is None,
            **_sharing(session, actor, shown),
        )


@blueprint.get("/briefcase/export.xlsx")
def export() -> Response:
    """Send what the page shows as an Excel file."""
    actor, moment = current_actor(), now()
    heads = [_("标题"), _("对外口径"), _("状态"), _("文号"), _("责任部门"), _("分类"), _("备注"), _("链接")]
    with reading() as session:
        shown = _shown(session, actor, moment)
        stand = _stand(moment)
        lines = [_line(row, stand(row)) for row in shown.rows]
    name = dated(_("公文包"), local_day(moment, services().zone))
    return xlsx_answer(name, heads, lines)


@blueprint.get("/briefcase/keep")
def ask() -> str:
    """Ask into which folder to put an article or a category; a fragment for the script, else a page."""
    actor, moment = current_actor(), now()
    thing = thing_of(request.args.get("article", type=int), request.args.get("node", type=int))
    with reading() as session:
        title = title_of(session, actor, thing, moment)
        existing = kept(session, actor, thing)
        folders = own_folders(session, actor)
        template = "keep" if request.headers.get("X-KB-Fragment") else "keep_page"
        return render_template(
            f"briefcase/{template}.html",
            thing=thing,
            title=title,
            existing=existing,
            chosen=existing.folder_id if existing else last_folder_id(session, actor),
            folders=folder_rows(folders, []),
            back=request.args.get("next", ""),
        )


def thing_of(article_id: int | None, node_id: int | None) -> Thing:
    """Return the thing that an address or a form names, or answer 404."""
    named = [number for number in (article_id, node_id) if number is not None]
    if len(named) != 1 or not 0 < named[0] <= LARGEST_ID:
        abort(404)
    return Thing(article_id, node_id)


def folder_rows(folders: Sequence[BriefcaseFolder], items: Sequence[BriefcaseItem]) -> list[FolderRow]:
    """Return the folders in the order of the tree, each with its depth and number of things."""
    found: list[FolderRow] = []

    def add(parent_id: int | None, depth: int) -> None:
        for folder in folders:
            if folder.parent_id == parent_id:
                inside = below(folders, folder.id)
                found.append(FolderRow(folder, depth, sum(1 for item in items if item.folder_id in inside)))
                add(folder.id, depth + 1)

    add(None, 1)
    return found


def _shown(session: Session, actor: Actor, moment: datetime) -> Shown:
    scope = audience_scope(session, actor)
    pack_id, folder_id = request.args.get("pack", type=int), request.args.get("folder", type=int)
    if pack_id is not None:
        pack = shared_pack(session, actor, pack_id)
        theirs = list(
            session.scalars(select(BriefcaseFolder).where(BriefcaseFolder.person_id == pack.person_id))
        )
        items = items_of(session, pack.person_id, sorted(below(theirs, pack.id)))
        rows = matching(kept_rows(session, items, scope, moment), _text())
        return Shown(rows, pack.name, pack=pack)
    folder = own_folder(session, actor, folder_id) if folder_id is not None else None
    if folder is not None:
        items = items_of(session, actor.person_id, sorted(below(own_folders(session, actor), folder.id)))
    else:
        items = items_of(session, actor.person_id)
    if request.args.get("loose") == "1":
        items = [item for item in items if item.folder_id is None]
    rows = matching(kept_rows(session, items, scope, moment), _text())
    title = folder.name if folder else _("未分类") if request.args.get("loose") == "1" else _("全部")
    return Shown(rows, title, folder)


def _sharing(session: Session, actor: Actor, shown: Shown) -> dict[str, object]:
    if shown.folder is None or shown.folder.parent_id is not None:
        return {"departments": [], "audiences": []}
    audiences = session.scalars(select(Audience).order_by(Audience.name))
    return {
        "departments": all_departments(session),
        "audiences": [item for item in audiences if belongs(item, actor)],
    }


def _stand(moment: datetime) -> Callable[[KeptRow], Standing | None]:
    def stand(row: KeptRow) -> Standing | None:
        if row.revision is None or row.article is None:
            return None
        return standing(row.revision, row.article, moment, services().zone)

    return stand


def _line(row: KeptRow, stand: Standing | None) -> list[str]:
    if row.article is None or row.revision is None:
        url = url_for("search.page", node=row.node.id, _external=True)
        return [row.title, "", _("分类"), "", "", row.title, row.item.note, url]
    wording = "\n\n".join(block.text.strip() for block in row.revision.wording)
    return [
        row.title,
        wording,
        stand.label if stand else "",
        row.revision.document_number,
        row.article.owner_department.name,
        row.node.title,
        row.item.note if request.args.get("pack") is None else "",
        url_for("articles.page", article_id=row.article.id, _external=True),
    ]


def _text() -> str:
    return request.args.get("q", "").strip()[:TEXT_LIMIT]
