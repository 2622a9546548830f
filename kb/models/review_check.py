"""That somebody looked at a revision and found it still right."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class ReviewCheck(Table):
    """One confirmation that a revision is still right 仍然正确, and when it is due again."""

    __tablename__ = "review_checks"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(400), default="")
    checked_at: Mapped[datetime] = mapped_column(Instant)
    next_due_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (Index("ix_review_checks_article", "article_id", "checked_at"),)
