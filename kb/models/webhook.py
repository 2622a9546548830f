"""Addresses outside the product that are told what happens, the messages for them and every attempt."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class Webhook(Table):
    """An address that receives signed messages.

    ``events`` holds the wanted kinds separated by blanks, empty for all. For a day after the secret was
    changed, ``previous_secret`` signs as well. ``failing_since`` is the first of failures without a
    success between them.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    url: Mapped[str] = mapped_column(String(500))
    events: Mapped[str] = mapped_column(String(1000), default="")
    secret: Mapped[str] = mapped_column(String(80))
    previous_secret: Mapped[str] = mapped_column(String(80), default="")
    previous_until: Mapped[datetime | None] = mapped_column(Instant)
    is_active: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str] = mapped_column(String(400), default="")
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class WebhookDelivery(Table):
    """One message for one address, written in the transaction of what it tells."""

    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[str] = mapped_column(String(40))
    event: Mapped[str] = mapped_column(String(60))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12), default="waiting")
    created_at: Mapped[datetime] = mapped_column(Instant)
    next_attempt_at: Mapped[datetime | None] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        CheckConstraint("state IN ('waiting','delivered','failed')", name="state"),
        Index("ix_webhook_deliveries_due", "state", "next_attempt_at"),
    )


class WebhookAttempt(Table):
    """One try to deliver: the answer's status (``None`` if there was no answer) and how long it took."""

    __tablename__ = "webhook_attempts"

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(Instant)
    status: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(300), default="")
    took_ms: Mapped[int]
