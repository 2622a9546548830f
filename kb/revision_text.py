"""What an author writes into a revision, the rules it must keep, and the hash that names it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal

from kb.errors import Invalid
from kb.models import Revision

TITLE_LIMIT = 200
TYPED_BODY_LIMIT = 200_000
IMPORTED_BODY_LIMIT = 5_000_000
NOTES_LIMIT = 50_000
WORDING_LIMIT = 5_000
WORDING_BLOCKS = 50
_LENGTHS = {
    "summary": ("摘要", 1000),
    "document_number": ("文号", 120),
    "tags": ("标签", 400),
    "change_summary": ("修改说明", 400),
    "internal_notes": ("内部备注", NOTES_LIMIT),
}


@dataclass(frozen=True)
class Wording:
    """One block of official wording."""

    title: str
    text: str


@dataclass(frozen=True)
class RevisionText:
    """What an author writes; instants are aware, ``None`` is open-ended."""

    title: str
    source: str
    format: Literal["markdown", "html"] = "markdown"
    summary: str = ""
    wording: tuple[Wording, ...] = ()
    internal_notes: str = ""
    document_number: str = ""
    tags: str = ""
    change_summary: str = ""
    effective_from: datetime | None = None
    effective_to: datetime | None = None


def text_of(revision: Revision) -> RevisionText:
    """Return what was written into a stored revision."""
    return RevisionText(
        title=revision.title,
        source=revision.source,
        format="html" if revision.format == "html" else "markdown",
        summary=revision.summary,
        wording=tuple(Wording(block.title, block.text) for block in revision.wording),
        internal_notes=revision.internal_notes,
        document_number=revision.document_number,
        tags=revision.tags,
        change_summary=revision.change_summary,
        effective_from=revision.effective_from,
        effective_to=revision.effective_to,
    )


def text_hash(text: RevisionText) -> str:
    """Return the SHA-256 over everything an author wrote, whatever blanks stand around a field."""
    values: dict[str, object] = asdict(text)
    for key in ("title", "summary", "internal_notes", "document_number", "tags", "change_summary"):
        values[key] = str(values[key]).strip()
    for key in ("effective_from", "effective_to"):
        instant = values[key]
        values[key] = instant.astimezone(UTC).isoformat() if isinstance(instant, datetime) else None
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def check_text(text: RevisionText, limit: int, title_limit: int = TITLE_LIMIT) -> None:
    """Refuse text that breaks a rule.

    Raises:
        Invalid: with every broken rule by field.
    """
    errors = size_errors(text, limit, title_limit)
    if not text.title.strip():
        errors["title"] = "请填写标题。"
    if text.effective_from and text.effective_to and text.effective_to <= text.effective_from:
        errors["effective_to"] = "失效时间必须晚于生效时间。"
    if errors:
        raise Invalid("内容未能保存，请按提示修改。", errors)


def size_errors(text: RevisionText, limit: int, title_limit: int = TITLE_LIMIT) -> dict[str, str]:
    """Return, by field, what is too long to be stored."""
    errors: dict[str, str] = {}
    if len(text.title) > title_limit:
        errors["title"] = f"标题最多 {title_limit} 个字，现在是 {len(text.title)} 个字。"
    if len(text.source) > limit:
        errors["source"] = (
            f"正文最多 {limit:,} 个字符，现在是 {len(text.source):,} 个字符；内容没有被截断，请拆分后再保存。"
        )
    for field, (label, most) in _LENGTHS.items():
        length = len(getattr(text, field).strip())
        if length > most:
            errors[field] = f"{label}最多 {most:,} 个字，现在是 {length:,} 个字。"
    if len(text.wording) > WORDING_BLOCKS:
        errors["wording"] = f"对外口径最多 {WORDING_BLOCKS} 段，现在是 {len(text.wording)} 段。"
    for number, block in enumerate(text.wording, 1):
        if len(block.title) > TITLE_LIMIT:
            errors["wording"] = f"第 {number} 段口径的标题最多 {TITLE_LIMIT} 个字。"
        elif len(block.text) > max(WORDING_LIMIT, limit // 40):
            errors["wording"] = (
                f"第 {number} 段口径最多 {WORDING_LIMIT:,} 个字，现在是 {len(block.text):,} 个字。"
            )
    return errors
