"""What files and places in them are called, for templates."""

from collections.abc import Sequence
from dataclasses import dataclass

from kb.attachments import suffix_of
from kb.models import FilePart
from web.attachments.blueprint import blueprint
from web.sentences import sentence as _
from web.transactions import services


@dataclass(frozen=True)
class Stretch:
    """Parts of a file that belong under one heading, such as the rows of a sheet."""

    kind: str
    number: int
    label: str
    parts: Sequence[tuple[int, FilePart]]


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


@blueprint.app_template_global()
def file_preview_failures() -> dict[str, str]:
    """Return why a file cannot be shown in place, in words, by what became of it."""
    return {
        "empty": _("文件里没有可以显示的内容。"),
        "encrypted": _("文件已加密，无法预览。"),
        "broken": _("文件已损坏，无法预览。"),
        "unsupported": _("文件内容与扩展名不符，无法预览。"),
        "too_large": _("文件太大，无法预览。"),
        "timeout": _("生成预览超时。"),
    }


@blueprint.app_template_global()
def can_preview(name: str, is_text_there: bool) -> bool:
    """Return whether there is anything of a file to be shown in place."""
    return is_text_there or bool(services().viewer.shape(suffix_of(name)))


@blueprint.app_template_filter()
def file_size(size: int) -> str:
    """Write a size in bytes as people read it: ``64 KB``."""
    left = float(size)
    for unit in ("B", "KB"):
        if left < 1024:
            return f"{left:.0f} {unit}"
        left /= 1024
    return f"{left:.1f} MB"


def stretches(parts: Sequence[tuple[int, FilePart]]) -> list[Stretch]:
    """Put parts under their headings: a sheet's rows go together; every page and slide stands alone."""
    found: list[tuple[FilePart, list[tuple[int, FilePart]]]] = []
    for index, part in parts:
        last = found[-1][0] if found else None
        if last is not None and part.kind == last.kind in ("sheet", "text") and part.label == last.label:
            found[-1][1].append((index, part))
        else:
            found.append((part, [(index, part)]))
    return [Stretch(first.kind, first.number, first.label, rows) for first, rows in found]
