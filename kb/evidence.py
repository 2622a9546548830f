"""Everything that proves what an article said, when, and by whose decision, as one verifiable ZIP file.

The pack holds every approved revision with its files, what changed from one to the next, the reviews, the
confirmations and copies of wording, the audit events of the article, and the hashes of the whole audit chain,
so that the events can be shown to stand in it. ``manifest.json`` names the SHA-256 of every other file.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from kb import audit
from kb.access import READS_EVERYTHING, Actor, AudienceScope, Permission, may_on
from kb.attachments import stream
from kb.diffs import Kind, compare
from kb.errors import Forbidden, NotFound
from kb.models import (
    Acknowledgement,
    Article,
    Attachment,
    AuditEvent,
    Copy,
    Person,
    Review,
    Revision,
    RevisionState,
)
from kb.revision_text import text_of
from kb.sealing import placement_of

MANIFEST = "manifest.json"
TAKEN = "article.evidence"
REGISTERED = "article.evidence_sealed"
FORMAT = 1
EVENT_FIELDS = (
    *("id", "at", "actor_id", "actor_name", "action", "subject", "revision_hash", "reason", "detail"),
    *("previous_hash", "hash"),
)
README = """本文件包证明一篇知识在各个时点对外展示的内容和审核过程。
核对：kb evidence verify 文件；加 --live 与正在运行的知识库的审计链对照。
revisions/ 各版本原文、口径和附件；diffs/ 相邻版本的逐字差异（[-删去-] {+新增+}）；
reviews.json 审核记录；acknowledgements.json 阅读确认；copies.json 口径复制记录；
audit.jsonl 本知识的审计事件；chain.jsonl 全部审计事件的哈希链。
"""


def evidence_article(session: Session, actor: Actor, scope: AudienceScope, article_id: int) -> Article:
    """Return the article whose evidence the actor may take out: managers, admins and its reviewers.

    Raises:
        Forbidden: if the actor may read it but not take it out.
        NotFound: if the actor may not know of it.
    """
    article = session.scalar(select(Article).where(Article.id == article_id, scope.clause()))
    if article is None:
        raise NotFound("没有找到这篇知识。")
    reviews = may_on(session, actor, Permission.ARTICLE_APPROVE, article.node, article.owner_department_id)
    if not (actor.roles & READS_EVERYTHING or reviews):
        raise Forbidden("只有知识管理、系统管理和这里的审核人员可以导出存证。")
    return article


@dataclass(frozen=True)
class Pack:
    """The evidence of an article: a ZIP file and the SHA-256 of its manifest."""

    data: bytes
    manifest: str


def begin(session: Session, article: Article, at: datetime, *, by: Actor | None) -> None:
    """Note in the audit log that evidence is taken out, before it is: the pack then holds this event.

    Args:
        at: When, aware.
        by: Who takes it out; ``None`` is the system.
    """
    audit.record(session, by, TAKEN, f"article:{article.id}", at)


def register(session: Session, article_id: int, packed: Pack, at: datetime, *, by: Actor | None) -> None:
    """Keep the hash of a pack's manifest in the audit log; without this it must not be handed out.

    By this event, which cannot be in the pack, the running log tells a pack that was handed out from one
    that was made up.
    """
    detail = {"manifest": packed.manifest}
    audit.record(session, by, REGISTERED, f"article:{article_id}", at, detail=detail)


def pack(session: Session, article: Article, at: datetime, *, by: Actor | None) -> Pack:
    """Return the evidence of an article; only reads, however large the files are.

    Call it between ``begin`` and ``register``, in a transaction that sees the first.
    """
    files = dict(_files(session, article))
    manifest = {
        "format": FORMAT,
        "article_id": article.id,
        "made_at": at.isoformat(),
        "made_by": by.name if by else "系统",
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    listed = as_json(manifest)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, listed)
        for name, data in sorted(files.items()):
            archive.writestr(name, data)
    return Pack(buffer.getvalue(), hashlib.sha256(listed).hexdigest())


def as_json(value: object) -> bytes:
    """Return a value as readable JSON."""
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _files(session: Session, article: Article) -> Iterator[tuple[str, bytes]]:
    revisions = list(
        session.scalars(
            select(Revision)
            .where(Revision.article_id == article.id, Revision.state == RevisionState.APPROVED)
            .order_by(Revision.number)
            .options(undefer(Revision.source), undefer(Revision.html), undefer(Revision.text))
        )
    )
    names = _names(session)
    yield "README.txt", README.encode()
    yield "article.json", as_json(_article(article))
    for revision in revisions:
        yield from _revision_files(session, revision, names)
    for before, after in pairwise(revisions):
        yield f"diffs/v{before.number:04d}-v{after.number:04d}.txt", _difference(before, after).encode()
    ids = [revision.id for revision in revisions]
    yield "reviews.json", as_json(_rows(session, Review, Review.revision_id.in_(ids), names))
    confirmed = Acknowledgement.revision_id.in_(ids)
    yield "acknowledgements.json", as_json(_rows(session, Acknowledgement, confirmed, names))
    yield "copies.json", as_json(_rows(session, Copy, Copy.revision_id.in_(ids), names))
    events = session.scalars(
        select(AuditEvent).where(AuditEvent.subject == f"article:{article.id}").order_by(AuditEvent.id)
    )
    yield "audit.jsonl", _lines(event_values(event) for event in events)
    chain = session.execute(
        select(AuditEvent.id, AuditEvent.previous_hash, AuditEvent.hash).order_by(AuditEvent.id)
    )
    yield "chain.jsonl", _lines(list(row) for row in chain)


def event_values(event: AuditEvent) -> dict[str, object]:
    """Return an audit event as plain values, with the instant as its hash takes it."""
    values = {name: getattr(event, name) for name in EVENT_FIELDS}
    return values | {"at": event.at.isoformat(timespec="microseconds")}


def _lines(rows: Iterable[object]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _names(session: Session) -> dict[int, str]:
    return {person_id: name for person_id, name in session.execute(select(Person.id, Person.name))}


def _article(article: Article) -> dict[str, object]:
    return {
        "id": article.id,
        "node": article.node.title,
        "owner_department": article.owner_department.name,
        "created_at": article.created_at.isoformat(),
        "withdrawn_at": article.withdrawn_at.isoformat() if article.withdrawn_at else None,
        "withdrawn_reason": article.withdrawn_reason,
        "successor_id": article.successor_id,
    }


def _revision_files(
    session: Session, revision: Revision, names: dict[int, str]
) -> Iterator[tuple[str, bytes]]:
    folder = f"revisions/v{revision.number:04d}"
    written = text_of(revision)
    attachments: list[dict[str, object]] = []
    rows = session.scalars(
        select(Attachment)
        .where(Attachment.revision_id == revision.id)
        .order_by(Attachment.position, Attachment.id)
    )
    for row in rows:
        place = f"{folder}/attachments/{row.position:02d}-{row.id}"
        attachments.append({"name": row.name, "sha256": row.sha256, "size": row.size, "file": place})
        yield place, b"".join(stream(session, row.sha256))
    meta: dict[str, object] = {
        "id": revision.id,
        "number": revision.number,
        "title": written.title,
        "format": written.format,
        "summary": written.summary,
        "internal_notes": written.internal_notes,
        "document_number": written.document_number,
        "tags": written.tags,
        "change_summary": written.change_summary,
        "wording": [{"title": block.title, "text": block.text} for block in written.wording],
        "text_hash": revision.text_hash,
        "content_hash": revision.content_hash,
        "author": names.get(revision.author_id or 0, ""),
        "approver": names.get(revision.approver_id or 0, ""),
        "attachments": attachments,
        "placement": placement_of(revision),
    }
    for name in ("approved_at", "effective_from", "effective_to", "shown_from", "shown_to"):
        instant: datetime | None = getattr(revision, name)
        meta[name] = instant.isoformat() if instant else None
    yield f"{folder}/revision.json", as_json(meta)
    yield f"{folder}/source.txt", revision.source.encode()
    yield f"{folder}/page.html", revision.html.encode()
    yield f"{folder}/text.txt", revision.text.encode()


def _difference(before: Revision, after: Revision) -> str:
    marks = {Kind.DELETE: "[-{}-]", Kind.INSERT: "{{+{}+}}", Kind.EQUAL: "{}"}
    parts = [f"# {before.title} V{before.number} -> V{after.number}"]
    pairs: Sequence[tuple[str, str, str]] = (
        ("标题", before.title, after.title),
        ("对外口径", _said(before), _said(after)),
        ("正文", before.text, after.text),
        ("内部备注", before.internal_notes, after.internal_notes),
    )
    for name, old, new in pairs:
        if old == new:
            continue
        parts.append(f"\n## {name}")
        for row in compare(old, new).rows:
            parts.append("".join(marks[piece.kind].format(piece.text) for piece in row.inline))
    return "\n".join(parts) + "\n"


def _said(revision: Revision) -> str:
    return "\n\n".join(f"{block.title}\n{block.text}" for block in revision.wording)


def _rows(session: Session, model: Any, condition: Any, names: dict[int, str]) -> list[dict[str, object]]:
    found = []
    for row in session.scalars(select(model).where(condition).order_by(model.id)):
        values: dict[str, object] = {}
        for column in model.__table__.columns:
            value = getattr(row, column.key)
            values[column.key] = value.isoformat() if isinstance(value, datetime) else value
        person = values.get("person_id") or values.get("actor_id")
        values["person"] = names.get(person, "") if isinstance(person, int) else ""
        found.append(values)
    return found
