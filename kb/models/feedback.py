"""What readers say in one key: useful, or needs work and why."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class Feedback(Table):
    """One person's word 反馈 on one revision, which they may change; ``note`` is masked."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    is_useful: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(16), default="")
    note: Mapped[str] = mapped_column(String(400), default="")
    given_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        UniqueConstraint("revision_id", "person_id"),
        CheckConstraint("reason IN ('','wrong','expired','unclear','incomplete','other')", name="reason"),
        CheckConstraint("is_useful = (reason = '')", name="needs_work_has_a_reason"),
        Index("ix_feedback_article", "article_id", "given_at"),
        Index("ix_feedback_given", "given_at"),
    )
