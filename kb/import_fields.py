"""Turns the plain values of an import row into an article's text, place and dates, or names what is wrong."""

import hashlib
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from kb.articles import RevisionText, Wording
from kb.clock import day_start

IMPORT_TITLE_LIMIT = 400
DERIVED_TITLE_LIMIT = 60
CHANGE_SUMMARY = "批量导入"
LIMITS = {
    "id": 200,
    "title": IMPORT_TITLE_LIMIT,
    "summary": 1000,
    "document_number": 120,
    "tags": 400,
    "change_summary": 400,
}
ALIASES = {
    "编号": "id", "external_id": "id",
    "标题": "title", "知识标题": "title",
    "内容": "body", "正文": "body", "content": "body",
    "格式": "format",
    "分类": "node", "知识节点": "node", "目录": "node", "category": "node",
    "部门": "department", "归属部门": "department",
    "文号": "document_number",
    "摘要": "summary",
    "口径": "wording", "对外口径": "wording", "话术": "wording",
    "内部备注": "internal_notes", "备注": "internal_notes",
    "标签": "tags",
    "生效日期": "effective_from", "生效时间": "effective_from",
    "失效日期": "effective_to", "失效时间": "effective_to",
    "发布日期": "published_at", "发布时间": "published_at",
    "修订说明": "change_summary",
    "类型": "kind",
}  # fmt: skip
NAMES = {
    "id": "编号", "title": "标题", "body": "正文", "format": "格式", "node": "分类", "department": "部门",
    "document_number": "文号", "summary": "摘要", "wording": "对外口径", "internal_notes": "内部备注",
    "tags": "标签", "effective_from": "生效日期", "effective_to": "失效日期", "published_at": "发布日期",
    "change_summary": "修订说明", "kind": "类型",
}  # fmt: skip
FORMAT_NAMES: Mapping[str, Literal["markdown", "html", "text"]] = {
    "": "markdown", "markdown": "markdown", "md": "markdown",
    "html": "html", "htm": "html", "text": "text", "txt": "text", "纯文本": "text",
}  # fmt: skip
_DATE = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))"
    r"(?:[T\s]*(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?"
)


class RowProblem(Exception):
    """A value that keeps a row out.

    Args:
        field: Name of the field, as in ``NAMES``.
        reason: Chinese sentence that tells what to change.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True)
class Draft:
    """A row understood: what to write and where; ``node`` and ``department`` are empty for the default."""

    external_id: str
    text: RevisionText
    node: str
    department: str
    kind: str
    published_at: datetime | None
    is_title_derived: bool


def canonical_name(name: str) -> str:
    """Return the field that a column or key stands for, in any of its spellings."""
    key = name.replace("\ufeff", "").strip().strip("*").strip()
    folded = key.lower().replace(" ", "_")
    return ALIASES.get(key, ALIASES.get(folded, folded))


def read_draft(values: Mapping[str, object], zone: ZoneInfo) -> Draft:
    """Understand one row.

    Args:
        values: Values by field name.
        zone: The bank's zone, for dates without one.

    Raises:
        RowProblem: at the first value that cannot be used.
    """
    fields = {name: _text(name, values.get(name)) for name in NAMES if name not in ("wording", "tags")}
    fields["tags"] = _tags(values.get("tags"))
    # An empty title that is stated, as in a file of bare answers, differs from one that was forgotten.
    derived = values.get("title") == "" and bool(fields["body"])
    if derived:
        fields["title"] = _first_words(fields["body"])
    wording = _wording(values.get("wording"))
    _check(fields, bool(wording))
    fmt, source = _source(fields["format"], _text("body", values.get("body"), strip=False))
    text = RevisionText(
        title=fields["title"],
        source=source,
        format=fmt,
        summary=fields["summary"],
        wording=wording,
        internal_notes=fields["internal_notes"],
        document_number=fields["document_number"],
        tags=fields["tags"],
        change_summary=fields["change_summary"] or CHANGE_SUMMARY,
        effective_from=_instant("effective_from", values.get("effective_from"), zone),
        effective_to=_instant("effective_to", values.get("effective_to"), zone),
    )
    return Draft(
        external_id=fields["id"] or _stable_id(fields["title"], fields["node"]),
        text=text,
        node=fields["node"],
        department=fields["department"],
        kind=fields["kind"],
        published_at=_instant("published_at", values.get("published_at"), zone),
        is_title_derived=derived,
    )


def _check(fields: Mapping[str, str], has_wording: bool) -> None:
    if not fields["title"]:
        raise RowProblem("title", "缺少标题。")
    if not (fields["body"] or has_wording or fields["summary"]):
        raise RowProblem("body", "缺少正文。")
    for name, limit in LIMITS.items():
        length = len(fields[name])
        if length > limit:
            reason = f"{NAMES[name]}最多 {limit} 个字，这一行有 {length} 个字；没有截断，请修改后重新导入。"
            raise RowProblem(name, reason)


def _text(name: str, value: object, *, strip: bool = True) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        # A spreadsheet hands every number over as a float, also 编号 1001.
        value = int(value)
    if isinstance(value, (datetime, date, time)):
        value = value.isoformat()
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RowProblem(name, f"{NAMES.get(name, name)}应当是文字。")
    text = str(value).replace("\x00", "").replace("\r\n", "\n")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise RowProblem(name, f"{NAMES.get(name, name)}里有无法识别的字符，请检查文件的编码。")
    return text.strip() if strip else text


def _source(fmt: str, body: str) -> tuple[Literal["markdown", "html"], str]:
    known = FORMAT_NAMES.get(fmt.lower())
    if known is None:
        raise RowProblem("format", f"格式“{fmt[:20]}”不认识，请填写 markdown、html 或 text。")
    if known != "text":
        return known, body
    paragraphs = re.split(r"\n\s*\n", body.strip("\n"))
    lines = ("<br>".join(html.escape(line) for line in paragraph.split("\n")) for paragraph in paragraphs)
    return "html", "\n".join(f"<p>{paragraph}</p>" for paragraph in lines)


def _wording(value: object) -> tuple[Wording, ...]:
    items: list[object]
    if isinstance(value, list):
        items = value
    else:
        items = list(re.split(r"(?m)^[ \t]*-{3,}[ \t]*$", _text("wording", value, strip=False)))
    blocks = []
    for item in items:
        title, text = "", item
        if isinstance(item, dict):
            title, text = _text("wording", item.get("title")), item.get("text")
        read = _text("wording", text)
        if read:
            blocks.append((title, read))
    if any(len(title) > 200 for title, _text_ in blocks):
        raise RowProblem("wording", "口径的标题最多 200 个字。")
    several = len(blocks) > 1
    return tuple(
        Wording(title or (f"标准话术 {position}" if several else "标准话术"), text)
        for position, (title, text) in enumerate(blocks, start=1)
    )


def _tags(value: object) -> str:
    if isinstance(value, list):
        tags = [_text("tags", item) for item in value]
    else:
        tags = re.split(r"[,，、;；\n]+", _text("tags", value))
    return "、".join(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def _instant(name: str, value: object, zone: ZoneInfo) -> datetime | None:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    if isinstance(value, date):
        return day_start(value, zone)
    text = _text(name, value)
    if not text:
        return None
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        year, *parts = match.groups()
        month, day = (int(part) for part in parts[:10] if part is not None)
        hour, minute, second = (int(part or 0) for part in parts[10:13])
        offset = parts[13]
        stamp = f"2000-01-01T00:00{offset.replace('Z', '+00:00')}" if offset else ""
        # RFC 3339 offsets are left to the standard library; without one the bank's wall clock counts.
        tz = datetime.fromisoformat(stamp).tzinfo if stamp else zone
        return datetime(int(year), month, day, hour, minute, second, tzinfo=tz).astimezone(UTC)
    except (ValueError, OverflowError):
        reason = f"{NAMES[name]}“{text[:40]}”不是有效日期，请写成 2026-01-31 这样的形式。"
        raise RowProblem(name, reason) from None


def _first_words(body: str) -> str:
    first = re.split(r"[\r\n。！？!?]", re.sub(r"^[#*>\s-]+", "", body), maxsplit=1)[0].strip()
    return (first or body.strip())[:DERIVED_TITLE_LIMIT]


def _stable_id(title: str, node: str) -> str:
    return "auto-" + hashlib.sha256(f"{node}\n{title}".encode()).hexdigest()[:24]
