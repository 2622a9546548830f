"""Closed days of searching, packed so that figures of many days are added up at once."""

from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class SearchDay(Table):
    """All searches of one closed day; ``events`` is a packed projection of ``searches`` and goes with them."""

    __tablename__ = "search_days"

    id: Mapped[int] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(Instant, unique=True)
    ends_at: Mapped[datetime] = mapped_column(Instant)
    events: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (CheckConstraint("ends_at > starts_at", name="not_empty"),)
