"""What the editor's form holds: read from a request, from a draft, or from an automatic save."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from kb.models import Article, Revision
from kb.revision_text import RevisionText, Wording

MINUTE = "%Y-%m-%dT%H:%M"
_ARTICLE_LINK = re.compile(r"(?:.*/a/)?(\d{1,10})(?:[-/@?#].*)?\Z")


@dataclass(frozen=True)
class DraftForm:
    """Everything as typed: text, also where a number or an instant is meant.

    ``version`` is the state of the draft that the person has before them.
    """

    version: int = 0
    title: str = ""
    source: str = ""
    format: Literal["markdown", "html"] = "html"
    summary: str = ""
    wording: tuple[Wording, ...] = ()
    internal_notes: str = ""
    document_number: str = ""
    tags: str = ""
    change_summary: str = ""
    effective_from: str = ""
    effective_to: str = ""
    node: str = ""
    department: str = ""
    audience: str = ""
    interval: str = ""
    replaces: str = ""

    def same_content(self, other: "DraftForm") -> bool:
        """Return whether both say the same, whatever state of the draft they began with."""
        return replace(self, version=0).normal() == replace(other, version=0).normal()

    def normal(self) -> "DraftForm":
        """Return the form without the empty blocks and the line ends that a browser adds."""
        blocks = tuple(
            Wording(block.title.strip(), _lines(block.text).strip())
            for block in self.wording
            if block.title.strip() or block.text.strip()
        )
        typed: dict[str, Any] = {
            field.name: _lines(getattr(self, field.name))
            for field in fields(self)
            if field.name not in ("version", "wording", "format")
        }
        return replace(self, wording=blocks, **typed)


def read_form(sent: MultiDict[str, str]) -> DraftForm:
    """Return the form as a request sent it; what is missing is empty."""
    blocks = zip(sent.getlist("wording_title"), sent.getlist("wording_text"), strict=False)
    known = {field.name for field in fields(DraftForm)} - {"version", "wording", "format"}
    typed = {name: sent.get(name, "") for name in known}
    form = DraftForm(
        version=sent.get("version", 0, type=int),
        format="markdown" if sent.get("format") == "markdown" else "html",
        wording=tuple(Wording(title, text) for title, text in blocks),
        **typed,
    )
    return form.normal()


def form_of(revision: Revision, article: Article, interval: int | None, zone: ZoneInfo) -> DraftForm:
    """Return the form that shows a draft.

    Args:
        revision: The draft.
        article: Its article, which says what the draft leaves unsaid.
        interval: Days between two looks at the article, or ``None``.
        zone: The bank's zone, in which dates are typed.
    """
    audience_id = revision.new_audience_id if revision.changes_audience else article.audience_id
    return DraftForm(
        version=revision.lock_version,
        title=revision.title,
        source=revision.source,
        format="markdown" if revision.format == "markdown" else "html",
        summary=revision.summary,
        wording=tuple(Wording(block.title, block.text) for block in revision.wording),
        internal_notes=revision.internal_notes,
        document_number=revision.document_number,
        tags=revision.tags,
        change_summary=revision.change_summary,
        effective_from=typed_instant(revision.effective_from, zone),
        effective_to=typed_instant(revision.effective_to, zone),
        node=str(revision.new_node_id or article.node_id),
        department=str(revision.new_owner_department_id or article.owner_department_id),
        audience=str(audience_id or ""),
        interval=str(interval or ""),
        replaces=str(revision.replaces_id or ""),
    ).normal()


def typed_instant(instant: datetime | None, zone: ZoneInfo) -> str:
    """Return an instant as a field for date and time shows it."""
    return instant.astimezone(zone).strftime(MINUTE) if instant else ""


def read_instant(typed: str, zone: ZoneInfo) -> datetime | None:
    """Return the instant that was typed on the bank's wall clock; ``None`` if the field is empty.

    Raises:
        ValueError: if it is no date and time.
    """
    if not typed.strip():
        return None
    return datetime.strptime(typed.strip()[:16].replace(" ", "T"), MINUTE).replace(tzinfo=zone)


def text_of_form(form: DraftForm, zone: ZoneInfo) -> tuple[RevisionText, dict[str, str]]:
    """Return what is to be stored, and what in the form cannot be understood, by field."""
    errors: dict[str, str] = {}
    instants: dict[str, datetime | None] = {"effective_from": None, "effective_to": None}
    for name in instants:
        try:
            instants[name] = read_instant(getattr(form, name), zone)
        except ValueError:
            errors[name] = _("请按“年-月-日 时:分”填写，例如 2026-12-01 09:00。")
    text = RevisionText(
        title=form.title,
        source=form.source,
        format=form.format,
        summary=form.summary,
        wording=form.wording,
        internal_notes=form.internal_notes,
        document_number=form.document_number,
        tags=form.tags,
        change_summary=form.change_summary,
        effective_from=instants["effective_from"],
        effective_to=instants["effective_to"],
    )
    return text, errors


def article_number(typed: str) -> int | None:
    """Return the article that a typed number or a pasted link names; ``None`` if the field is empty.

    Raises:
        ValueError: if it is neither.
    """
    if not typed.strip():
        return None
    match = _ARTICLE_LINK.match(typed.strip())
    if match is None:
        raise ValueError(typed)
    return int(match[1])


def to_payload(form: DraftForm) -> dict[str, object]:
    """Return the form as plain values for an automatic save."""
    return asdict(form)


def from_payload(payload: str, version: int) -> DraftForm:
    """Return the form of an automatic save; fields that are unknown by now are dropped.

    Args:
        payload: JSON of ``to_payload``.
        version: The state of the draft that the person had before them.
    """
    values: Mapping[str, Any] = json.loads(payload)
    known = {field.name for field in fields(DraftForm)}
    kept = {name: value for name, value in values.items() if name in known}
    blocks: Sequence[Mapping[str, str]] = kept.pop("wording", ())
    return DraftForm(**{**kept, "version": version}, wording=tuple(Wording(**block) for block in blocks))


def _lines(text: str) -> str:
    # Browsers send line ends of DOS; what is stored has those of everybody else.
    return text.replace("\r\n", "\n").replace("\r", "\n")
