"""The ledger of contribution points."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class Point(Table):
    """Contribution points 积分 that a person earned by a comment; a negative amount takes some back."""

    __tablename__ = "points"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), index=True)
    cause: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int]
    given_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    given_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("cause IN ('adopted','solved','thanked')", name="cause"),
        CheckConstraint("given_by_id IS NULL OR given_by_id <> person_id", name="not_to_oneself"),
        Index("ix_points_person", "person_id", "given_at"),
    )
