"""The outbox of messages for webhooks, written in the transaction of what they tell.

Messages follow the Standard Webhooks convention. Nothing here opens a connection: ``web.courier``
takes messages out and delivers them.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select, update
from sqlalchemy.orm import Session

from kb.models import Webhook, WebhookDelivery

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret, not one of them
SECRET_BYTES = 24
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)
TEST_EVENT = "test.ping"


@dataclass(frozen=True)
class Parcel:
    """A message taken out of the outbox: what to send, where to and with which secrets to sign it."""

    delivery_id: int
    url: str
    message_id: str
    body: str
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt; ``status`` is ``None`` if no answer came."""

    status: int | None
    note: str
    took_ms: int

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver took the message."""
        return self.status is not None and 200 <= self.status < 300


def emit(session: Session, event: str, data: Mapping[str, object], at: datetime) -> int:
    """Put a message for every active address that wants this event into the outbox.

    Args:
        event: Kind such as ``notification.review_requested``.
        data: JSON values; must hold nothing that only some people may read.
        at: When it happened, aware.

    Returns:
        How many messages were written.
    """
    hooks = session.scalars(select(Webhook).where(Webhook.is_active)).all()
    wanting = [hook for hook in hooks if not hook.events or event in hook.events.split()]
    for hook in wanting:
        put(session, hook, event, data, at)
    return len(wanting)


def put(
    session: Session, hook: Webhook, event: str, data: Mapping[str, object], at: datetime
) -> WebhookDelivery:
    """Put one message for one address into the outbox."""
    body = {"type": event, "timestamp": at.isoformat(), "data": dict(data)}
    delivery = WebhookDelivery(
        webhook_id=hook.id,
        message_id=f"msg_{secrets.token_hex(16)}",
        event=event,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=at,
        next_attempt_at=at,
        attempts=0,
    )
    session.add(delivery)
    session.flush()
    return delivery


def signature(secret: str, message_id: str, timestamp: int, body: str) -> str:
    """Return one ``v1,…`` signature: HMAC-SHA256 over ``id.timestamp.body`` with the decoded secret."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def new_secret() -> str:
    """Return a secret that nobody can guess."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def has_due(session: Session, at: datetime) -> bool:
    """Return whether a message is due."""
    return session.execute(_due(at)).first() is not None


def claim(session: Session, at: datetime) -> Parcel | None:
    """Take the next message that is due and keep it from others for a minute; ``None`` if none is due.

    New messages go before repeated ones, so that one dead address does not hold up the others.
    """
    row = session.execute(_due(at)).first()
    if row is None:
        return None
    delivery, hook = row
    taken = session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.id == delivery.id,
            WebhookDelivery.attempts == delivery.attempts,
            WebhookDelivery.next_attempt_at == delivery.next_attempt_at,
        )
        .values(next_attempt_at=at + LEASE)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount == 0:  # type: ignore[attr-defined]
        return None
    keys = [hook.secret]
    if hook.previous_secret and hook.previous_until is not None and hook.previous_until > at:
        keys.append(hook.previous_secret)
    return Parcel(delivery.id, hook.url, delivery.message_id, delivery.body, tuple(keys))


def _due(at: datetime) -> Select[WebhookDelivery, Webhook]:
    return (
        select(WebhookDelivery, Webhook)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(
            WebhookDelivery.state == "waiting",
            WebhookDelivery.next_attempt_at <= at,
            Webhook.is_active | (WebhookDelivery.event == TEST_EVENT),
        )
        .order_by(WebhookDelivery.attempts, WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        .limit(1)
    )


def forget_old(session: Session, at: datetime) -> int:
    """Drop messages that were settled a month ago with their attempts, and return how many."""
    dropped = session.execute(
        delete(WebhookDelivery).where(
            WebhookDelivery.state != "waiting", WebhookDelivery.created_at < at - KEPT
        )
    )
    return int(dropped.rowcount)  # type: ignore[attr-defined]
