"""Tokens with which programs act for a person: issuing, checking, revoking; only hashes are stored."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor
from kb.errors import Invalid, NotFound
from kb.models import ApiToken, Person

PREFIX = "kb_"
LONGEST_DAYS = 366
# Noting every use would make every reading request a writer.
USE_NOTED_EVERY = timedelta(minutes=5)


class TokenScope(StrEnum):
    """What a token is good for; it never gives more than its person may do."""

    READ = "read"
    WRITE = "write"
    REVIEW = "review"
    WITHDRAW = "withdraw"
    BREAK_GLASS = "break-glass"


@dataclass(frozen=True)
class Caller:
    """Whom a token stands for, and what it is good for."""

    token_id: int
    actor: Actor
    scopes: frozenset[TokenScope]


def issue(
    session: Session,
    person: Person,
    name: str,
    scopes: Iterable[TokenScope],
    days: int,
    at: datetime,
    *,
    by: Actor | None = None,
) -> tuple[ApiToken, str]:
    """Issue a token and return it with its secret, which is shown this once.

    Args:
        name: What it is for, so that it can be recognised when it is to be revoked.
        days: How long it is valid, at most a year.
        by: Who issues it; ``None`` is the system.

    Raises:
        Invalid: with the reason by field.
    """
    wanted = sorted(set(scopes))
    errors: dict[str, str] = {}
    if not 0 < len(name.strip()) <= 80:
        errors["name"] = "请写明令牌的用途，最多 80 个字。"
    if not wanted:
        errors["scopes"] = "请至少选择一项用途。"
    if not 0 < days <= LONGEST_DAYS:
        errors["days"] = f"有效期为 1 到 {LONGEST_DAYS} 天。"
    if not person.is_active:
        errors["person"] = "这个账号已停用，不能发放令牌。"
    if errors:
        raise Invalid("令牌没有发放，请按提示修改。", errors)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        person_id=person.id,
        name=name.strip(),
        token_hash=_hash(secret),
        scopes=" ".join(wanted),
        created_at=at,
        expires_at=at + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    detail = {"person": person.username, "scopes": wanted, "days": days}
    audit.record(session, by, "token.issue", f"token:{token.id}", at, detail=detail)
    return token, secret


def caller_of(session: Session, secret: str, at: datetime) -> Caller | None:
    """Return whom a secret stands for now; ``None`` if it is unknown, expired, revoked or disabled."""
    token = session.scalar(select(ApiToken).where(ApiToken.token_hash == _hash(secret)))
    if token is None or token.revoked_at is not None or token.expires_at <= at:
        return None
    person = session.get(Person, token.person_id)
    if person is None or not person.is_active:
        return None
    return Caller(token.id, Actor.of(person), frozenset(TokenScope(scope) for scope in token.scopes.split()))


def note_use(session: Session, token_id: int, at: datetime) -> None:
    """Remember roughly when a token was last used."""
    token = session.get(ApiToken, token_id)
    if token is not None and (token.last_used_at is None or at - token.last_used_at >= USE_NOTED_EVERY):
        token.last_used_at = at


def revoke(session: Session, token_id: int, at: datetime, *, by: Actor | None = None) -> ApiToken:
    """Make a token worthless at once.

    Raises:
        NotFound: if there is no such token.
    """
    token = session.get(ApiToken, token_id)
    if token is None:
        raise NotFound("没有找到这个令牌。")
    if token.revoked_at is None:
        token.revoked_at = at
        audit.record(session, by, "token.revoke", f"token:{token.id}", at)
    return token


def all_tokens(session: Session) -> list[tuple[ApiToken, str]]:
    """Return every token with the user name of its person, newest first."""
    rows = session.execute(
        select(ApiToken, Person.username)
        .join(Person, Person.id == ApiToken.person_id)
        .order_by(ApiToken.id.desc())
    )
    return [(token, username) for token, username in rows]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
