"""Addresses that are told what happens: their list, the outbox, and what became of each message.

Messages follow the Standard Webhooks convention. Nothing here opens a connection: a message is
written in the transaction of what it tells, and ``web.courier`` delivers it afterwards.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor
from kb.errors import NotFound
from kb.models import Webhook, WebhookAttempt, WebhookDelivery

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of every secret, not one of them
SECRET_BYTES = 24
ROTATION = timedelta(hours=24)
# After each failure the next pause is taken from here; after the last one the message is given up.
PAUSES = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
# An address that failed for so long without one success is switched off.
GIVE_UP_AFTER = timedelta(days=3)
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=30)
GONE = 410
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
        _put(session, hook, event, data, at)
    return len(wanting)


def send_test(session: Session, actor: Actor | None, webhook_id: int, at: datetime) -> WebhookDelivery:
    """Put a test message for one address into the outbox, also while the address is switched off.

    Raises:
        NotFound: if there is no such address.
    """
    hook = _get(session, webhook_id)
    audit.record(session, actor, "webhook.test", subject_of(hook), at)
    return _put(session, hook, TEST_EVENT, {"text": "这是一条测试消息。"}, at)


def _put(
    session: Session, hook: Webhook, event: str, data: Mapping[str, object], at: datetime
) -> WebhookDelivery:
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


def claim(session: Session, at: datetime) -> Parcel | None:
    """Take the next message that is due and keep it from others for a minute; ``None`` if none is due.

    New messages go before repeated ones, so that one dead address does not hold up the others.
    """
    row = session.execute(
        select(WebhookDelivery, Webhook)
        .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
        .where(
            WebhookDelivery.state == "waiting",
            WebhookDelivery.next_attempt_at <= at,
            Webhook.is_active | (WebhookDelivery.event == TEST_EVENT),
        )
        .order_by(WebhookDelivery.attempts, WebhookDelivery.next_attempt_at, WebhookDelivery.id)
        .limit(1)
    ).first()
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


def settle_attempt(
    session: Session, delivery_id: int, outcome: Outcome, at: datetime, spread: float = 0.0
) -> None:
    """Write down an attempt and plan what follows: nothing, another attempt, or giving up.

    Args:
        spread: Share from -0.1 to 0.1 by which the pause is stretched, so that retries do not meet.
    """
    delivery = session.get(WebhookDelivery, delivery_id)
    if delivery is None:
        return
    session.add(
        WebhookAttempt(
            delivery_id=delivery.id,
            at=at,
            status=outcome.status,
            note=outcome.note[:300],
            took_ms=outcome.took_ms,
        )
    )
    hook = session.get_one(Webhook, delivery.webhook_id)
    delivery.attempts += 1
    if outcome.is_delivered:
        delivery.state, delivery.next_attempt_at, hook.failing_since = "delivered", None, None
        return
    hook.failing_since = hook.failing_since or at
    if delivery.attempts > len(PAUSES) or delivery.event == TEST_EVENT:
        delivery.state, delivery.next_attempt_at = "failed", None
    else:
        delivery.next_attempt_at = at + PAUSES[delivery.attempts - 1] * (1 + spread)
    if outcome.status == GONE:
        _switch_off(session, hook, "接收方答复此地址已不再使用（410）。", at)
    elif at - hook.failing_since >= GIVE_UP_AFTER:
        _switch_off(session, hook, f"连续 {GIVE_UP_AFTER.days} 天没有一次投递成功，已自动停用。", at)


def _switch_off(session: Session, hook: Webhook, reason: str, at: datetime) -> None:
    if hook.is_active:
        hook.is_active, hook.disabled_reason = False, reason
        audit.record(session, None, "webhook.disable", subject_of(hook), at, reason=reason)


def forget_old(session: Session, at: datetime) -> int:
    """Drop messages that were settled a month ago with their attempts, and return how many."""
    dropped = session.execute(
        delete(WebhookDelivery).where(
            WebhookDelivery.state != "waiting", WebhookDelivery.created_at < at - KEPT
        )
    )
    return int(dropped.rowcount)  # type: ignore[attr-defined]


def subject_of(hook: Webhook) -> str:
    """Return how the audit log names an address."""
    return f"webhook:{hook.id}"


def _get(session: Session, webhook_id: int) -> Webhook:
    hook = session.get(Webhook, webhook_id)
    if hook is None:
        raise NotFound("没有找到这个 Webhook。")
    return hook
