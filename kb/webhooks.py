"""Addresses that are told what happens: their list, their secrets, and what became of each message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, may
from kb.errors import Forbidden, Invalid, NotFound
from kb.models import PersonRole, Role, Webhook, WebhookAttempt, WebhookDelivery
from kb.notifications import notify
from kb.webhook_outbox import TEST_EVENT, Outcome, new_secret, put

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
GONE = 410
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Listed:
    """An address in the list with how many of its messages wait and failed."""

    hook: Webhook
    waiting: int
    failed: int


@dataclass(frozen=True)
class LoggedDelivery:
    """A message with its attempts, oldest first."""

    delivery: WebhookDelivery
    attempts: tuple[WebhookAttempt, ...]


def check_url(url: str, allowed_hosts: Sequence[str]) -> None:
    """Refuse an address that the operator did not allow.

    Args:
        url: ``http`` or ``https`` without user name.
        allowed_hosts: Host names, or ``host:port`` for a port other than 80 and 443; nothing else is
            ever called, so that nobody can have the server knock on doors inside the bank.

    Raises:
        Invalid: with the reason under ``url``.
    """
    reason = _reason_against(url, allowed_hosts)
    if reason:
        raise Invalid("这个地址不能使用。", {"url": reason})


def _reason_against(url: str, allowed_hosts: Sequence[str]) -> str:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return "地址的写法不正确。"
    if parts.scheme not in DEFAULT_PORTS or not host or len(url) > 500:
        return "地址须以 http:// 或 https:// 开头，最多 500 个字符。"
    if parts.username is not None or any(ord(character) < 0x21 for character in url):
        return "地址里不能有用户名、密码或空白。"
    standard = port is None or port == DEFAULT_PORTS[parts.scheme]
    wanted = {host} if standard else {f"{host}:{port}"}
    if wanted & {entry.lower() for entry in allowed_hosts}:
        return ""
    return "这台主机不在允许的名单里，请联系运维在 KB_WEBHOOK_HOSTS 中加入。"


def register(
    session: Session,
    actor: Actor | None,
    name: str,
    url: str,
    events: Sequence[str],
    allowed_hosts: Sequence[str],
    at: datetime,
) -> Webhook:
    """Add an address; its secret is in the returned row and is shown this once.

    Args:
        actor: Who does it; ``None`` is the operator at the command line.
        events: Kinds it wants; empty for all.

    Raises:
        Forbidden: if the actor may not manage webhooks.
        Invalid: with the reason by field.
    """
    _require(actor)
    errors = {}
    if not 0 < len(name.strip()) <= 80:
        errors["name"] = "请填写名称，最多 80 个字。"
    if reason := _reason_against(url.strip(), allowed_hosts):
        errors["url"] = reason
    if len(" ".join(events)) > 1000:
        errors["events"] = "事件太多，请留空以接收全部事件。"
    if errors:
        raise Invalid("Webhook 未能保存，请按提示修改。", errors)
    hook = Webhook(
        name=name.strip(), url=url.strip(), events=" ".join(events), secret=new_secret(), created_at=at
    )
    session.add(hook)
    session.flush()
    audit.record(session, actor, "webhook.create", subject_of(hook), at, detail={"url": hook.url})
    return hook


def rotate_secret(session: Session, actor: Actor | None, webhook_id: int, at: datetime) -> Webhook:
    """Give an address a new secret; the former one signs as well for a day."""
    hook = find(session, actor, webhook_id)
    hook.previous_secret, hook.previous_until = hook.secret, at + ROTATION
    hook.secret = new_secret()
    audit.record(session, actor, "webhook.rotate", subject_of(hook), at)
    return hook


def set_active(session: Session, actor: Actor | None, webhook_id: int, is_active: bool, at: datetime) -> None:
    """Switch an address on or off; what waits for it stays in the outbox."""
    hook = find(session, actor, webhook_id)
    hook.is_active, hook.disabled_reason, hook.failing_since = is_active, "", None
    audit.record(session, actor, "webhook.enable" if is_active else "webhook.disable", subject_of(hook), at)


def remove(session: Session, actor: Actor | None, webhook_id: int, at: datetime) -> None:
    """Remove an address with its messages and their log."""
    hook = find(session, actor, webhook_id)
    audit.record(session, actor, "webhook.remove", subject_of(hook), at, detail={"url": hook.url})
    session.delete(hook)


def send_test(session: Session, actor: Actor | None, webhook_id: int, at: datetime) -> WebhookDelivery:
    """Put a test message for one address into the outbox, also while the address is switched off."""
    hook = find(session, actor, webhook_id)
    audit.record(session, actor, "webhook.test", subject_of(hook), at)
    return put(session, hook, TEST_EVENT, {"text": "这是一条测试消息。"}, at)


def retry(session: Session, actor: Actor | None, delivery_id: int, at: datetime) -> WebhookDelivery:
    """Try a message that was given up once more, from the first pause on.

    Raises:
        NotFound: if there is no such message.
    """
    _require(actor)
    delivery = session.get(WebhookDelivery, delivery_id)
    if delivery is None:
        raise NotFound("没有找到这条消息。")
    if delivery.state == "failed":
        delivery.state, delivery.next_attempt_at, delivery.attempts = "waiting", at, 0
        audit.record(session, actor, "webhook.retry", f"webhook:{delivery.webhook_id}", at)
    return delivery


def listed(session: Session, actor: Actor | None) -> list[Listed]:
    """Return every address with the state of its outbox, in two questions."""
    _require(actor)
    counts = {
        (webhook_id, state): number
        for webhook_id, state, number in session.execute(
            select(WebhookDelivery.webhook_id, WebhookDelivery.state, func.count()).group_by(
                WebhookDelivery.webhook_id, WebhookDelivery.state
            )
        )
    }
    return [
        Listed(hook, counts.get((hook.id, "waiting"), 0), counts.get((hook.id, "failed"), 0))
        for hook in session.scalars(select(Webhook).order_by(Webhook.id))
    ]


def log_of(session: Session, actor: Actor | None, webhook_id: int, limit: int = 50) -> list[LoggedDelivery]:
    """Return the last messages of an address with their attempts, newest first."""
    hook = find(session, actor, webhook_id)
    deliveries = session.scalars(
        select(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == hook.id)
        .order_by(WebhookDelivery.id.desc())
        .limit(limit)
    ).all()
    attempts: dict[int, list[WebhookAttempt]] = {}
    for attempt in session.scalars(
        select(WebhookAttempt)
        .where(WebhookAttempt.delivery_id.in_([delivery.id for delivery in deliveries]))
        .order_by(WebhookAttempt.id)
    ):
        attempts.setdefault(attempt.delivery_id, []).append(attempt)
    return [LoggedDelivery(delivery, tuple(attempts.get(delivery.id, ()))) for delivery in deliveries]


def find(session: Session, actor: Actor | None, webhook_id: int) -> Webhook:
    """Return an address.

    Raises:
        Forbidden: if the actor may not manage webhooks.
        NotFound: if there is none.
    """
    _require(actor)
    hook = session.get(Webhook, webhook_id)
    if hook is None:
        raise NotFound("没有找到这个 Webhook。")
    return hook


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
    elif delivery.event == TEST_EVENT:
        # A test answers the person who asked for it; it neither repeats nor switches anything off.
        delivery.state, delivery.next_attempt_at = "failed", None
    else:
        _plan_next(session, hook, delivery, outcome, at, spread)


def _plan_next(
    session: Session, hook: Webhook, delivery: WebhookDelivery, outcome: Outcome, at: datetime, spread: float
) -> None:
    hook.failing_since = hook.failing_since or at
    if delivery.attempts > len(PAUSES):
        delivery.state, delivery.next_attempt_at = "failed", None
    else:
        delivery.next_attempt_at = at + PAUSES[delivery.attempts - 1] * (1 + spread)
    if outcome.status == GONE:
        _switch_off(session, hook, "接收方答复此地址已不再使用（410）。", at)
    elif at - hook.failing_since >= GIVE_UP_AFTER:
        _switch_off(session, hook, f"连续 {GIVE_UP_AFTER.days} 天没有一次投递成功，已自动停用。", at)


def _switch_off(session: Session, hook: Webhook, reason: str, at: datetime) -> None:
    if not hook.is_active:
        return
    hook.is_active, hook.disabled_reason = False, reason
    audit.record(session, None, "webhook.disable", subject_of(hook), at, reason=reason)
    admins = session.scalars(select(PersonRole.person_id).where(PersonRole.role == Role.ADMIN))
    detail = {"path": f"/webhooks/{hook.id}", "reason": reason}
    notify(session, admins, "webhook_disabled", hook.name, at, detail=detail, is_private=True)


def subject_of(hook: Webhook) -> str:
    """Return how the audit log names an address."""
    return f"webhook:{hook.id}"


def _require(actor: Actor | None) -> None:
    if actor is not None and not (decision := may(actor, Permission.WEBHOOK_MANAGE)):
        raise Forbidden(decision.reason)
