"""Attachments of revisions, their bytes by content, and the text extracted from them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class Blob(Table):
    """Uploaded bytes, addressed by their SHA-256, so that equal files are stored once."""

    __tablename__ = "blobs"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int]
    stored_at: Mapped[datetime] = mapped_column(Instant)


class BlobChunk(Table):
    """A slice of a blob, small enough to be read and sent without holding the whole file."""

    __tablename__ = "blob_chunks"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256", ondelete="CASCADE"))
    number: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)

    __table_args__ = (UniqueConstraint("sha256", "number"),)


class Attachment(Table):
    """A file 附件 that belongs to one revision under its original name."""

    __tablename__ = "attachments"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    size: Mapped[int]


class FileText(Table):
    """What extraction made of a blob: waiting, text, or a reason why there is none."""

    __tablename__ = "file_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256", ondelete="CASCADE"))
    suffix: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), default="waiting", index=True)
    note: Mapped[str] = mapped_column(String(400), default="")
    extracted_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("sha256", "suffix"),
        CheckConstraint(
            "status IN ('waiting','ok','empty','encrypted','broken','unsupported','too_large','timeout')",
            name="status",
        ),
    )


class FilePart(Table):
    """A page, sheet row, slide or text piece of an extracted file."""

    __tablename__ = "file_parts"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_text_id: Mapped[int] = mapped_column(ForeignKey("file_texts.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    number: Mapped[int]
    label: Mapped[str] = mapped_column(String(120), default="")
    text: Mapped[str] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("file_text_id", "position"),)
