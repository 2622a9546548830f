"""Proves a pack of evidence whole: its files, its texts against their hashes, its events against the chain."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.audit import GENESIS, event_hash
from kb.evidence import MANIFEST
from kb.models import AuditEvent
from kb.revision_text import RevisionText, Wording, text_hash

LARGEST = 2 * 1024**3


def problems_of(data: bytes) -> list[str]:
    """Return what is wrong with a pack, as Chinese sentences; empty if it is whole."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                return ["存证文件过大，未核对。"]
            files = {name: archive.read(name) for name in archive.namelist()}
            manifest = json.loads(files.pop(MANIFEST))
            return list(_problems(files, manifest))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, UnicodeDecodeError) as error:
        return [f"不是完整的存证文件：{error!r}"]


def differs_from(session: Session, data: bytes) -> str:
    """Return how the audit chain of a pack differs from the one in the database, or an empty text."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        chain = [json.loads(line) for line in archive.read("chain.jsonl").decode().splitlines()]
    if not chain:
        return "存证文件里没有审计链。"
    number, _previous, last = chain[-1]
    kept = session.scalar(select(AuditEvent.hash).where(AuditEvent.id == number))
    return "" if kept == last else f"第 {number} 号审计事件与知识库中的不一致。"


def _problems(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> Iterator[str]:
    listed: Mapping[str, str] = manifest["files"]
    for name in sorted(listed.keys() | files.keys()):
        if name not in files:
            yield f"缺少文件 {name}。"
        elif name not in listed:
            yield f"多出文件 {name}。"
        elif hashlib.sha256(files[name]).hexdigest() != listed[name]:
            yield f"文件 {name} 被改动过。"
    for name in sorted(files):
        if name.endswith("/revision.json"):
            yield from _revision_problems(files, name)
    yield from _event_problems(files)


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


def _instant(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
