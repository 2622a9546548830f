"""Drafts as plain values: what programs send, checked field by field, and what they are sent."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from kb.articles import RevisionText, Wording
from kb.clock import read_wall_clock
from kb.errors import Invalid
from kb.models import Attachment, Revision
from kb.placement import Placement, placement_of
from kb.revision_text import text_of

TEXTS = ("title", "source", "summary", "internal_notes", "document_number", "tags", "change_summary")
INSTANTS = ("effective_from", "effective_to")
PLACES = {
    "node_id": "node_id",
    "owner_department_id": "owner_department_id",
    "audience_id": "audience_id",
    "replaces_id": "replaces_id",
}
REQUIRED_PLACES = ("node_id", "owner_department_id")


def read_text(values: Mapping[str, object], zone: ZoneInfo, base: RevisionText | None = None) -> RevisionText:
    """Return the text that a program sent; what it left out stays as in ``base``.

    Args:
        values: Any of title, source, format, summary, internal_notes, document_number, tags,
            change_summary, wording (a list of title and text), effective_from, effective_to.
        zone: The bank's zone, for times without one.

    Raises:
        Invalid: with every unusable value by field.
    """
    errors: dict[str, str] = {}
    chosen: dict[str, object] = {}
    readers: dict[str, Callable[[object], object]] = {
        **dict.fromkeys(TEXTS, _text),
        **dict.fromkeys(INSTANTS, lambda value: read_instant(value, zone)),
        "format": _format,
        "wording": _wording,
    }
    for name, read in readers.items():
        if name not in values:
            continue
        try:
            chosen[name] = read(values[name])
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise Invalid("内容未能保存，请按提示修改。", errors)
    return replace(base or RevisionText("", ""), **chosen)  # type: ignore[arg-type]


def read_placement(values: Mapping[str, object], base: Placement | None = None) -> Placement | None:
    """Return the placement that a program sent, or ``base`` if it sent no part of one.

    Raises:
        Invalid: with every unusable value by field.
    """
    errors: dict[str, str] = {}
    chosen: dict[str, int | None] = {}
    for name in PLACES:
        value = values.get(name)
        if name not in values:
            continue
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            errors[name] = "应当是编号（整数）。"
        elif value is None and name in REQUIRED_PLACES:
            errors[name] = "不能为空。"
        else:
            chosen[name] = value
    if base is None and not errors:
        errors = {name: "请填写。" for name in REQUIRED_PLACES if name not in chosen} if chosen else {}
    if errors:
        raise Invalid("内容未能保存，请按提示修改。", errors)
    if not chosen:
        return base
    if base is None:
        return Placement(**chosen)  # type: ignore[arg-type]
    return replace(base, **chosen)  # type: ignore[arg-type]


def read_instant(value: object, zone: ZoneInfo) -> datetime | None:
    """Return an instant written as ``2026-03-03T14:05``, with or without a zone; empty is ``None``.

    Raises:
        ValueError: with the reason in Chinese.
    """
    if value is None or value == "":
        return None
    try:
        if not isinstance(value, str):
            raise TypeError
        return read_wall_clock(value, zone)
    except (TypeError, ValueError):
        raise ValueError(f"“{str(value)[:40]}”不是时间，请写成 2026-03-03T14:05 这样的形式。") from None


def as_values(session: Session, revision: Revision, zone: ZoneInfo) -> dict[str, object]:
    """Return a revision as JSON values, in the form in which a program may send it back."""
    text, placement = text_of(revision), placement_of(revision)
    files = session.query(Attachment).filter_by(revision_id=revision.id).order_by(Attachment.position)
    return {
        "id": revision.id,
        "article_id": revision.article_id,
        "number": revision.number,
        "state": revision.state,
        "lock_version": revision.lock_version,
        "content_hash": revision.content_hash,
        **{name: getattr(text, name) for name in TEXTS},
        "format": text.format,
        "wording": [{"title": block.title, "text": block.text} for block in text.wording],
        **{name: getattr(placement, name) for name in PLACES},
        "files": [
            {"id": file.id, "name": file.name, "size": file.size, "sha256": file.sha256} for file in files
        ],
        **{
            name: _written(getattr(revision, name), zone)
            for name in (*INSTANTS, "created_at", "saved_at", "submitted_at", "decided_at", "approved_at")
        },
        "shown_from": _written(revision.shown_from, zone),
        "shown_to": _written(revision.shown_to, zone),
        "author_id": revision.author_id,
        "submitted_by_id": revision.submitted_by_id,
        "approver_id": revision.approver_id,
        "broken_glass_by_id": revision.broken_glass_by_id,
        "based_on_id": revision.based_on_id,
        "restored_from_id": revision.restored_from_id,
    }


def _written(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return instant.astimezone(zone).isoformat() if instant is not None else None


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("应当是文字。")
    if any("\ud800" <= character <= "\udfff" or character == "\x00" for character in value):
        raise ValueError("里有无法识别的字符，请检查编码。")
    return value


def _format(value: object) -> str:
    if value not in ("markdown", "html"):
        raise ValueError("只能是 markdown 或 html。")
    return str(value)


def _wording(value: object) -> tuple[Wording, ...]:
    if not isinstance(value, list):
        raise ValueError("应当是列表，每段写明 title 和 text。")
    blocks = []
    for item in value:
        if not isinstance(item, dict):
            raise ValueError("应当是列表，每段写明 title 和 text。")
        blocks.append(Wording(_text(item.get("title")).strip(), _text(item.get("text"))))
    return tuple(blocks)
