"""Attached files: sending them as they are, and showing their text page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from kb.access import audience_scope
from kb.attachments import parts_of, revision_of, stream, text_of, visible_attachment
from kb.models import FilePart
from kb.search import QUERY_LIMIT
from web.search.address import read
from web.search.marker import marker_for
from web.search.results import page_numbers
from web.session import current_actor
from web.transactions import now, reading, services

blueprint = Blueprint("attachments", __name__)

LARGEST_ID = 2**31 - 1
PARTS_PER_PAGE = 200
SANDBOX = "default-src 'none'; sandbox"


@dataclass(frozen=True)
class Stretch:
    """Parts of a file that belong under one heading, such as the rows of a sheet."""

    kind: str
    number: int
    label: str
    parts: Sequence[tuple[int, FilePart]]


@blueprint.get(f"/files/<int(max={LARGEST_ID}):attachment_id>")
def download(attachment_id: int) -> Response:
    """Send the file under its own name, never to be shown or run by the browser."""
    database = services().database
    with reading() as session:
        attachment = visible_attachment(session, attachment_id, audience_scope(session, current_actor()))
        name, size, sha256 = attachment.name, attachment.size, attachment.sha256

    def chunks() -> Iterator[bytes]:
        with database.read() as session:
            yield from stream(session, sha256)

    response = Response(chunks(), mimetype="application/octet-stream")
    response.content_length = size
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@blueprint.get(f"/files/<int(max={LARGEST_ID}):attachment_id>/preview")
def preview(attachment_id: int) -> str:
    """Show the text that was extracted from a file, with the searched words marked.

    ``n`` and ``label`` name the page, slide or sheet row of a hit; they decide about the page shown.
    """
    address = read(request.args, now(), services().zone)
    with reading() as session:
        attachment = visible_attachment(session, attachment_id, audience_scope(session, current_actor()))
        parts = parts_of(session, attachment)
        place = _place(parts, request.args.get("n", type=int), request.args.get("label", ""))
        pages = max(1, -(-len(parts) // PARTS_PER_PAGE))
        page = min(pages, place // PARTS_PER_PAGE + 1 if place is not None else address.request.page)
        first = (page - 1) * PARTS_PER_PAGE
        shown = list(enumerate(parts))[first : first + PARTS_PER_PAGE]
        return render_template(
            "attachments/preview.html",
            attachment=attachment,
            text=text_of(session, attachment),
            revision=revision_of(session, attachment),
            stretches=_stretches(shown),
            target=place,
            stretch_heading=heading,
            page=page,
            pages=pages,
            numbers=page_numbers(page, pages),
            address=address,
            search_text=address.request.text,
            marker=marker_for(services().engine, address.request.text[:QUERY_LIMIT]),
        )


def heading(stretch: Stretch) -> str:
    """Return where in its file a stretch stands, in words; empty for running text."""
    place = ""
    if stretch.kind == "page":
        place = _("第 %(number)s 页", number=stretch.number)
    elif stretch.kind == "slide":
        place = _("第 %(number)s 张幻灯片", number=stretch.number)
    elif stretch.kind == "sheet" and stretch.label:
        place = _("工作表“%(label)s”", label=stretch.label)
    return place


@blueprint.app_template_global()
def file_place(kind: str, number: int, label: str) -> str:
    """Return where in a file a hit stands, in words."""
    place = heading(Stretch(kind, number, label, ()))
    if kind == "sheet" and number:
        place = _("%(place)s第 %(number)s 行", place=f"{place} " if place else "", number=number)
    return place


@blueprint.app_template_global()
def file_icon(name: str) -> str:
    """Return the icon for a file by its extension."""
    suffix = name.rpartition(".")[2].lower()
    icons = {
        "pdf": "file-earmark-pdf",
        "doc": "file-earmark-word",
        "docx": "file-earmark-word",
        "xls": "file-earmark-spreadsheet",
        "xlsx": "file-earmark-spreadsheet",
        "csv": "file-earmark-spreadsheet",
        "ppt": "file-earmark-ppt",
        "pptx": "file-earmark-ppt",
        "txt": "file-earmark-text",
        "html": "file-earmark-text",
    }
    return icons.get(suffix, "file-earmark")


@blueprint.app_template_global()
def file_states() -> dict[str, str]:
    """Return what became of a file's text, in words, by its status."""
    return {
        "waiting": _("正在提取文字，稍后可搜"),
        "ok": _("文字可搜"),
        "empty": _("没有可搜的文字"),
        "encrypted": _("文件已加密，无法提取文字"),
        "broken": _("文件已损坏，无法提取文字"),
        "unsupported": _("这种格式不能提取文字"),
        "too_large": _("文件太大，没有提取文字"),
        "timeout": _("提取文字超时"),
    }


@blueprint.app_template_filter()
def file_size(size: int) -> str:
    """Write a size in bytes as people read it: ``64 KB``."""
    left = float(size)
    for unit in ("B", "KB"):
        if left < 1024:
            return f"{left:.0f} {unit}"
        left /= 1024
    return f"{left:.1f} MB"


def _place(parts: Sequence[FilePart], number: int | None, label: str) -> int | None:
    if number is None:
        return None
    places = (index for index, part in enumerate(parts) if part.number == number and part.label == label)
    return next(places, None)


def _stretches(parts: Sequence[tuple[int, FilePart]]) -> list[Stretch]:
    found: list[tuple[FilePart, list[tuple[int, FilePart]]]] = []
    for index, part in parts:
        # A sheet's rows go together; every page and slide stands alone.
        last = found[-1][0] if found else None
        if last is not None and part.kind == last.kind in ("sheet", "text") and part.label == last.label:
            found[-1][1].append((index, part))
        else:
            found.append((part, [(index, part)]))
    return [Stretch(first.kind, first.number, first.label, rows) for first, rows in found]
