"""Announcements, the texts they had, and who confirmed having read which version."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class Announcement(Table):
    """An announcement 公告, with a text of its own or about an article.

    It is meant for people who meet every condition that is set: an audience, a department (and those
    below it), a role. With ``is_required`` each of them has to confirm having read it until ``due_at``.
    """

    __tablename__ = "announcements"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("audiences.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    role: Mapped[str | None] = mapped_column(String(16))
    is_required: Mapped[bool] = mapped_column(default=False)
    is_pinned: Mapped[bool] = mapped_column(default=False)
    owner_department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    published_at: Mapped[datetime] = mapped_column(Instant, index=True)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint(
            "role IS NULL OR role IN ('agent','publisher','reviewer','manager','admin')", name="role"
        ),
        CheckConstraint("NOT is_required OR due_at IS NOT NULL", name="required_has_due"),
    )


class AnnouncementText(Table):
    """One version of what an announcement says; never edited. ``is_material`` asks readers again."""

    __tablename__ = "announcement_texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements.id", ondelete="CASCADE"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    content_hash: Mapped[str] = mapped_column(String(64))
    is_material: Mapped[bool] = mapped_column(default=True)
    change_summary: Mapped[str] = mapped_column(String(400), default="")
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("announcement_id", "number"),)


class Acknowledgement(Table):
    """A person's confirmation 确认 of one exact version: of the article, or of the announcement's text."""

    __tablename__ = "acknowledgements"

    id: Mapped[int] = mapped_column(primary_key=True)
    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    revision_id: Mapped[int | None] = mapped_column(
        ForeignKey("revisions.id", ondelete="CASCADE"), index=True
    )
    text_id: Mapped[int | None] = mapped_column(ForeignKey("announcement_texts.id", ondelete="CASCADE"))
    content_hash: Mapped[str] = mapped_column(String(64))
    acknowledged_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("(revision_id IS NULL) <> (text_id IS NULL)", name="one_version"),
        Index("uq_acknowledgements_revision", "announcement_id", "person_id", "revision_id", unique=True),
        Index("uq_acknowledgements_text", "announcement_id", "person_id", "text_id", unique=True),
    )


class MaterialMark(Table):
    """Whether a revision changes what readers must do; a revision without a mark does."""

    __tablename__ = "material_marks"

    revision_id: Mapped[int] = mapped_column(
        ForeignKey("revisions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    is_material: Mapped[bool]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    marked_at: Mapped[datetime] = mapped_column(Instant)
