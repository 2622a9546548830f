"""Proves a pack of evidence whole: its files, its texts against their hashes, its events against the chain."""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.audit import GENESIS, event_hash, first_broken
from kb.copies import text_of
from kb.evidence import MANIFEST, REGISTERED
from kb.models import AuditEvent, WordingBlock
from kb.revision_text import RevisionText, Wording, text_hash
from kb.sealing import sealed

LARGEST = 2 * 1024**3
DECIDED = frozenset({"article.approve", "article.break_glass"})
# What damaged or hostile files make the readers of archives and of JSON raise.
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError),
    *(KeyError, IndexError, AttributeError, TypeError, ValueError),
)


def problems_of(data: bytes) -> list[str]:
    """Return what is wrong with a pack, as Chinese sentences; empty if it is whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                return ["存证文件过大，未核对。"]
            files = {name: archive.read(name) for name in archive.namelist()}
            if len(files) != len(archive.namelist()):
                return ["存证文件里有重名的文件。"]
            manifest = json.loads(files.pop(MANIFEST))
            return list(_problems(files, manifest))
    except UNREADABLE as error:
        return [f"不是完整的存证文件：{error!r}"]


def differs_from(session: Session, data: bytes) -> str:
    """Return how the audit chain of a pack differs from the one in the database, or an empty text."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        raw = archive.read(MANIFEST)
        chain = [json.loads(line) for line in archive.read("chain.jsonl").decode().splitlines()]
    if not chain:
        return "存证文件里没有审计链。"
    number, _previous, last = chain[-1]
    kept = session.scalar(select(AuditEvent.hash).where(AuditEvent.id == number))
    broken = first_broken(session)
    if broken is not None:
        return f"知识库的审计日志从第 {broken} 号事件起对不上，与存证不一致。"
    if kept != last:
        return f"第 {number} 号审计事件与知识库中的不一致。"
    listed = hashlib.sha256(raw).hexdigest()
    subject = f"article:{json.loads(raw)['article_id']}"
    details = session.scalars(
        select(AuditEvent.detail).where(AuditEvent.action == REGISTERED, AuditEvent.subject == subject)
    )
    is_own = listed in {json.loads(detail).get("manifest") for detail in details}
    return "" if is_own else "审计日志里没有这份存证的登记，它不是由本系统原样导出的。"


def _problems(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[str]:
    listed: Mapping[str, str] = manifest["files"]
    for name in sorted(listed.keys() | files.keys()):
        if name not in files:
            yield f"缺少文件 {name}。"
        elif name not in listed:
            yield f"多出文件 {name}。"
        elif hashlib.sha256(files[name]).hexdigest() != listed[name]:
            yield f"文件 {name} 被改动过。"
    revisions = [name for name in sorted(files) if name.endswith("/revision.json")]
    for name in revisions:
        yield from _revision_problems(files, name)
    yield from _event_problems(files)
    yield from _record_problems(files, [json.loads(files[name]) for name in revisions])


def _revision_problems(files: Mapping[str, bytes], name: str) -> Iterator[str]:
    meta = json.loads(files[name])
    text = RevisionText(
        title=meta["title"],
        source=files[name.replace("revision.json", "source.txt")].decode(),
        format=meta["format"],
        summary=meta["summary"],
        wording=tuple(Wording(block["title"], block["text"]) for block in meta["wording"]),
        internal_notes=meta["internal_notes"],
        document_number=meta["document_number"],
        tags=meta["tags"],
        change_summary=meta["change_summary"],
        effective_from=_instant(meta["effective_from"]),
        effective_to=_instant(meta["effective_to"]),
    )
    if meta["text_hash"] and text_hash(text) != meta["text_hash"]:
        yield f"版本 V{meta['number']} 的内容与审核时的校验码不符。"
    elif meta["text_hash"]:
        html = files[name.replace("revision.json", "page.html")].decode()
        held = [(file["name"], file["sha256"]) for file in meta["attachments"]]
        if sealed(text, html, meta["placement"], held) != meta["content_hash"]:
            yield f"版本 V{meta['number']} 的页面、附件或归属与审核时的封印不符。"
    for file in meta["attachments"]:
        if hashlib.sha256(files[file["file"]]).hexdigest() != file["sha256"]:
            yield f"附件“{file['name']}”的内容与登记的校验码不符。"


def _event_problems(files: Mapping[str, bytes]) -> Iterator[str]:
    chain: dict[int, tuple[str, str]] = {}
    previous = GENESIS
    for line in files["chain.jsonl"].decode().splitlines():
        number, before, own = json.loads(line)
        if before != previous:
            yield f"审计链在第 {number} 号事件处断开。"
        chain[number] = (before, own)
        previous = own
    for line in files["audit.jsonl"].decode().splitlines():
        values = json.loads(line)
        number = values.pop("id")
        event = AuditEvent(**(values | {"at": datetime.fromisoformat(values["at"])}))
        if event_hash(event) != event.hash or chain.get(number) != (event.previous_hash, event.hash):
            yield f"第 {number} 号审计事件被改动过，或不在审计链中。"


def _record_problems(files: Mapping[str, bytes], revisions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Compare what was approved, confirmed and copied with what the revisions of the pack say."""
    by_id = {meta["id"]: meta for meta in revisions}
    by_number = {meta["number"]: meta for meta in revisions}
    for line in files["audit.jsonl"].decode().splitlines():
        event = json.loads(line)
        meta = by_number.get(json.loads(event["detail"]).get("number"))
        if event["action"] in DECIDED and meta and event["revision_hash"] != meta["content_hash"]:
            yield f"第 {event['id']} 号审计事件通过的不是版本 V{meta['number']} 的内容。"
    for name in ("reviews.json", "acknowledgements.json"):
        for row in json.loads(files[name]):
            meta = by_id[row["revision_id"]]
            is_bound = row.get("action", "approved") in ("approved", "broken_glass")
            if is_bound and row["content_hash"] != meta["content_hash"]:
                yield f"{row['person']}审核或确认的不是版本 V{meta['number']} 的内容。"
    for row in json.loads(files["copies.json"]):
        meta = by_id[row["revision_id"]]
        blocks = [WordingBlock(title=block["title"], text=block["text"]) for block in meta["wording"]]
        said = text_of(blocks, row["block"]) or ""
        if hashlib.sha256(said.encode()).hexdigest() != row["text_hash"]:
            yield f"{row['person']}复制的文字与版本 V{meta['number']} 的口径不符。"


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
