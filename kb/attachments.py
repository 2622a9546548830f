"""Files of revisions: bytes by content in the database, names as given, text once per content."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.articles import touch
from kb.draft_rights import draft_clause
from kb.errors import NotFound
from kb.file_rules import check_file
from kb.models import Article, Attachment, Blob, BlobChunk, FilePart, FileText, Revision
from kb.ports import Clock, Extraction
from kb.sealing import reseal

CHUNK = 1 << 20
NAME_LIMIT = 180
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class NewFile:
    """A file to attach: its name as given and its bytes."""

    name: str
    data: bytes


def clean_name(name: str) -> str:
    """Return a file name fit to be shown and sent: NFC, no path, no control or direction marks."""
    bare = _UNSAFE.sub("", unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])).strip(". ")
    stem, suffix = PurePosixPath(bare).stem, PurePosixPath(bare).suffix
    return (stem[: NAME_LIMIT - len(suffix)] + suffix) or "未命名文件"


def suffix_of(name: str) -> str:
    """Return the lower-case extension without its dot."""
    return PurePosixPath(name).suffix.lower().lstrip(".")[:16]


def store_blob(session: Session, data: bytes, at: datetime) -> str:
    """Store bytes once and return their SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    if session.get(Blob, sha256) is None:
        session.add(Blob(sha256=sha256, size=len(data), stored_at=at))
        session.flush()
        for number, start in enumerate(range(0, len(data), CHUNK)):
            session.add(BlobChunk(sha256=sha256, number=number, data=data[start : start + CHUNK]))
    return sha256


def attach(session: Session, revision: Revision, file: NewFile, position: int, at: datetime) -> Attachment:
    """Attach a file to a revision; its text is extracted later, by the follower.

    Raises:
        Invalid: if the file is empty, too large or of a kind that is not allowed.
    """
    name = clean_name(file.name)
    check_file(name, file.data)
    sha256 = store_blob(session, file.data, at)
    attachment = Attachment(
        revision_id=revision.id, position=position, name=name, sha256=sha256, size=len(file.data)
    )
    session.add(attachment)
    known = session.scalar(
        select(FileText.id).where(FileText.sha256 == sha256, FileText.suffix == suffix_of(name))
    )
    if known is None:
        session.add(FileText(sha256=sha256, suffix=suffix_of(name), status="waiting"))
    reseal(session, revision)
    return attachment


def of_revision(session: Session, revision_id: int) -> list[tuple[Attachment, FileText | None]]:
    """Return a revision's files in order, each with the state of its text."""
    rows = session.execute(
        select(Attachment, FileText)
        .outerjoin(FileText, FileText.sha256 == Attachment.sha256)
        .where(Attachment.revision_id == revision_id)
        .order_by(Attachment.position, Attachment.id)
    ).all()
    found: dict[int, tuple[Attachment, FileText | None]] = {}
    for attachment, joined in rows:
        matches = joined is not None and joined.suffix == suffix_of(attachment.name)
        text: FileText | None = joined if matches else None
        if found.get(attachment.id, (attachment, None))[1] is None:
            found[attachment.id] = (attachment, text)
    return list(found.values())


def readable_attachment(session: Session, actor: Actor, attachment_id: int) -> Attachment:
    """Return an attachment that the actor may open, download and preview.

    One of an approved revision belongs to the readers of its article; one of a draft to those who may
    see the draft: who wrote in it or may write there, and its reviewers once it was handed in.

    Raises:
        NotFound: if there is none, or the actor may not know of it.
    """
    published = and_(Revision.shown_from.is_not(None), audience_scope(session, actor).clause())
    attachment = session.scalar(
        select(Attachment)
        .join(Revision, Revision.id == Attachment.revision_id)
        .join(Article, Article.id == Revision.article_id)
        .where(Attachment.id == attachment_id, or_(published, draft_clause(session, actor)))
    )
    if attachment is None:
        raise NotFound("没有找到这个附件。")
    return attachment


def stream(session: Session, sha256: str) -> Iterator[bytes]:
    """Yield the bytes of a blob, a chunk at a time."""
    numbers = session.scalars(
        select(BlobChunk.id).where(BlobChunk.sha256 == sha256).order_by(BlobChunk.number)
    ).all()
    for number in numbers:
        yield session.scalars(select(BlobChunk.data).where(BlobChunk.id == number)).one()


def text_of(session: Session, attachment: Attachment) -> FileText | None:
    """Return what became of an attachment's text; ``None`` if it was never asked for."""
    return session.scalar(
        select(FileText).where(
            FileText.sha256 == attachment.sha256, FileText.suffix == suffix_of(attachment.name)
        )
    )


def revision_of(session: Session, attachment: Attachment) -> Revision:
    """Return the revision that an attachment belongs to."""
    return session.get_one(Revision, attachment.revision_id)


def parts_of(session: Session, attachment: Attachment) -> list[FilePart]:
    """Return the extracted text of an attachment, in order; empty if there is none."""
    return list(
        session.scalars(
            select(FilePart)
            .join(FileText, FileText.id == FilePart.file_text_id)
            .where(FileText.sha256 == attachment.sha256, FileText.suffix == suffix_of(attachment.name))
            .order_by(FilePart.position)
        )
    )


def next_waiting(session: Session) -> tuple[int, str, bytes] | None:
    """Return (file text id, name, bytes) of one file whose text is still to be extracted."""
    waiting = session.scalar(
        select(FileText).where(FileText.status == "waiting").order_by(FileText.id).limit(1)
    )
    if waiting is None:
        return None
    return waiting.id, f"file.{waiting.suffix}", b"".join(stream(session, waiting.sha256))


def store_text(session: Session, file_text_id: int, extraction: Extraction, clock: Clock) -> None:
    """Store what extraction found and number the change of every article that shows the file."""
    row = session.get_one(FileText, file_text_id)
    row.status, row.note, row.extracted_at = extraction.status, extraction.note[:400], clock.now()
    session.add_all(
        FilePart(
            file_text_id=row.id,
            position=position,
            kind=part.kind[:8],
            number=part.number,
            label=part.label[:120],
            text=part.text,
        )
        for position, part in enumerate(extraction.parts)
    )
    for article in session.scalars(
        select(Article)
        .join(Revision, Revision.article_id == Article.id)
        .join(Attachment, Attachment.revision_id == Revision.id)
        .where(Attachment.sha256 == row.sha256)
        .distinct()
    ):
        touch(session, article)
