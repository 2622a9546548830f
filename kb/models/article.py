"""Articles, their immutable revisions and the wording that may be read to customers."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.models.department import Department
from kb.models.node import Node
from kb.models.review import RevisionContributor
from kb.models.table import Instant, Table


class RevisionState(StrEnum):
    """How far a revision came on its way to being approved; time is never stored here."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    DISCARDED = "discarded"


# What is still being worked on; an article has at most one such revision.
OPEN_STATES = (RevisionState.DRAFT, RevisionState.IN_REVIEW, RevisionState.RETURNED)


OPEN = "state IN ('draft','in_review','returned')"


class Article(Table):
    """A piece of knowledge 知识 whose text lives in its revisions.

    ``withdrawn_at`` may lie in the future, if a replacement starts then; the review columns are about
    looking at the article again at intervals, not about approving it.
    """

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
    withdrawn_reason: Mapped[str] = mapped_column(String(400), default="", server_default="")
    responsible_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    review_interval_days: Mapped[int | None]
    review_due_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
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

    The ``new_*`` columns are what the author wants changed about the article itself when this revision
    is approved (``None`` leaves it as it is; an audience counts only with ``changes_audience``).
    ``based_on_id`` is the approved revision that the author has seen as the newest one, and
    ``restored_from_id`` the one whose text was taken back.
    """

    __tablename__ = "revisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default=RevisionState.DRAFT)
    title: Mapped[str] = mapped_column(String(400))
    format: Mapped[str] = mapped_column(String(10))
    source: Mapped[str] = mapped_column(Text, deferred=True)
    # A page that shows the text wants its headings as well.
    html: Mapped[str] = mapped_column(Text, deferred=True, deferred_group="page")
    text: Mapped[str] = mapped_column(Text, deferred=True)
    headings: Mapped[str] = mapped_column(Text, default="[]", deferred=True, deferred_group="page")
    sanitizer_version: Mapped[str] = mapped_column(String(80))
    summary: Mapped[str] = mapped_column(String(1000), default="")
    internal_notes: Mapped[str] = mapped_column(Text, default="")
    document_number: Mapped[str] = mapped_column(String(120), default="")
    tags: Mapped[str] = mapped_column(String(400), default="")
    change_summary: Mapped[str] = mapped_column(String(400), default="")
    text_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    content_hash: Mapped[str] = mapped_column(String(64))
    lock_version: Mapped[int] = mapped_column(default=1, server_default="1")
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    restored_from_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    new_node_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"))
    new_owner_department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    new_audience_id: Mapped[int | None] = mapped_column(ForeignKey("audiences.id"))
    changes_audience: Mapped[bool] = mapped_column(default=False, server_default=false())
    new_access_key: Mapped[str | None] = mapped_column(String(200))
    # No foreign key: articles are never deleted, and a second way to them would make joins ambiguous.
    replaces_id: Mapped[int | None]
    saved_at: Mapped[datetime | None] = mapped_column(Instant)
    saved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    broken_glass_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    approved_at: Mapped[datetime | None] = mapped_column(Instant)
    effective_from: Mapped[datetime | None] = mapped_column(Instant)
    effective_to: Mapped[datetime | None] = mapped_column(Instant)
    shown_from: Mapped[datetime | None] = mapped_column(Instant, index=True)
    shown_to: Mapped[datetime | None] = mapped_column(Instant, index=True)

    article: Mapped[Article] = relationship(back_populates="revisions")
    contributors: Mapped[list["RevisionContributor"]] = relationship(
        order_by="RevisionContributor.id", cascade="all, delete-orphan"
    )
    wording: Mapped[list["WordingBlock"]] = relationship(
        order_by="WordingBlock.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        UniqueConstraint("article_id", "number"),
        CheckConstraint("state IN ('draft','in_review','returned','approved','discarded')", name="state"),
        CheckConstraint("format IN ('markdown','html')", name="format"),
        CheckConstraint("(state = 'approved') = (approved_at IS NOT NULL)", name="approved_has_time"),
        CheckConstraint(
            "author_id IS NULL OR approver_id IS NULL OR author_id <> approver_id", name="four_eyes"
        ),
        CheckConstraint(
            "submitted_by_id IS NULL OR approver_id IS NULL OR submitted_by_id <> approver_id",
            name="submitter_is_not_approver",
        ),
        Index(
            "uq_revisions_one_open",
            "article_id",
            unique=True,
            sqlite_where=sql(OPEN),
            postgresql_where=sql(OPEN),
        ),
        Index("ix_revisions_state", "state", "submitted_at"),
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
