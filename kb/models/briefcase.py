"""The briefcase: folders of favourite articles and categories, a person's own or shared as a pack."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class BriefcaseFolder(Table):
    """A folder 文件夹 of one person; a folder at the top may be shared, read-only, as a team pack 共享包."""

    __tablename__ = "briefcase_folders"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("briefcase_folders.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column(default=0)
    shared_department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    shared_audience_id: Mapped[int | None] = mapped_column(ForeignKey("audiences.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("shared_department_id IS NULL OR shared_audience_id IS NULL", name="shared_with_one"),
    )


class BriefcaseItem(Table):
    """An article or a category kept by a person; ``seen_at`` is when they last took note of its text."""

    __tablename__ = "briefcase_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    folder_id: Mapped[int | None] = mapped_column(
        ForeignKey("briefcase_folders.id", ondelete="SET NULL"), index=True
    )
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    node_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"), index=True)
    note: Mapped[str] = mapped_column(String(400), default="")
    is_pinned: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    added_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("(article_id IS NULL) <> (node_id IS NULL)", name="article_or_node"),
        UniqueConstraint("person_id", "article_id"),
        UniqueConstraint("person_id", "node_id", name="uq_briefcase_items_person_node"),
        Index("ix_briefcase_items_place", "person_id", "folder_id"),
    )
