"""Articles, their immutable revisions and the wording that may be read to customers."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.models.department import Department
from kb.models.node import Node
from kb.models.table import Instant, Table


class RevisionState(StrEnum):
    """How far a revision came on its way to being approved; time is never stored here."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"


class Article(Table):
    """A piece of knowledge 知识 whose text lives in its revisions."""

    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(64), default="")
    external_id: Mapped[str | None] = mapped_column(String(200))
    node_id: Mapped[int] = mapped_column(ForeignKey("nodes.id"), index=True)
    owner_department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), index=True)
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("audiences.id"))
    access_key: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id"))
    change_seq: Mapped[int] = mapped_column(index=True, default=0)

    node: Mapped[Node] = relationship(lazy="joined")
    owner_department: Mapped[Department] = relationship(lazy="joined")
    revisions: Mapped[list["Revision"]] = relationship(
        back_populates="article", order_by="Revision.number", cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_articles_access", "access_key", "id"),
    )


class Revision(Table):
    """One version 版本 of an article; never edited once approved.

    ``shown_from`` and ``shown_to`` are the interval that follows from approval, effective dates,
    the next revision and withdrawal; they are written by ``kb.revisions.settle`` in the transaction
    that changes any of these, and nothing about "now" is ever stored.
    """

    __tablename__ = "revisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default=RevisionState.DRAFT)
    title: Mapped[str] = mapped_column(String(400))
    format: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(Text, deferred=True)
    html: Mapped[str] = mapped_column(Text, deferred=True)
    text: Mapped[str] = mapped_column(Text, deferred=True)
    headings: Mapped[str] = mapped_column(Text, default="[]", deferred=True)
    sanitizer_version: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(1000), default="")
    internal_notes: Mapped[str] = mapped_column(Text, default="")
    document_number: Mapped[str] = mapped_column(String(120), default="")
    tags: Mapped[str] = mapped_column(String(400), default="")
    change_summary: Mapped[str] = mapped_column(String(400), default="")
    content_hash: Mapped[str] = mapped_column(String(64))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    effective_from: Mapped[datetime | None] = mapped_column(Instant)
    effective_to: Mapped[datetime | None] = mapped_column(Instant)
    shown_from: Mapped[datetime | None] = mapped_column(Instant, index=True)
    shown_to: Mapped[datetime | None] = mapped_column(Instant)

    article: Mapped[Article] = relationship(back_populates="revisions")
    wording: Mapped[list["WordingBlock"]] = relationship(
        order_by="WordingBlock.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("article_id", "number"),
        CheckConstraint("state IN ('draft','in_review','returned','approved')", name="state"),
        CheckConstraint("format IN ('markdown','html')", name="format"),
        CheckConstraint("(state = 'approved') = (approved_at IS NOT NULL)", name="approved_has_time"),
        CheckConstraint(
            "author_id IS NULL OR approver_id IS NULL OR author_id <> approver_id", name="four_eyes"
        ),
    )


class WordingBlock(Table):
    """Official wording 对外口径: the exact text that may be read to a customer."""

    __tablename__ = "wording_blocks"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)


class ChangeCounter(Table):
    """The single row whose lock makes the order of change numbers equal the order of commits."""

    __tablename__ = "change_counter"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
