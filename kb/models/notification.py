"""What a person is told inside the product, one row for each receiver."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class Notification(Table):
    """A line 通知 in a person's list; ``kind`` says what happened, ``subject`` to what.

    ``once_key`` makes a reminder that a job repeats arrive once; it is ``None`` for what a person did.
    """

    __tablename__ = "notifications"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(400))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    detail: Mapped[str] = mapped_column(Text, default="{}")
    created_at: Mapped[datetime] = mapped_column(Instant)
    read_at: Mapped[datetime | None] = mapped_column(Instant)
    once_key: Mapped[str | None] = mapped_column(String(120))

    __table_args__ = (
        Index("ix_notifications_person", "person_id", "read_at", "id"),
        Index("uq_notifications_once", "person_id", "once_key", unique=True),
    )
