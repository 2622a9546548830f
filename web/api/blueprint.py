"""The blueprint of the interface for programs, and what every one of its answers goes through."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps

from flask import Blueprint, Response, request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.errors import Forbidden, Invalid
from kb.models import IdempotentAnswer
from kb.tokens import Caller, TokenScope, caller_of, note_use
from web.transactions import now, reading, writing

KEY_HEADER = "Idempotency-Key"
KEY_LIMIT = 120
KEPT_FOR = timedelta(days=2)
CHALLENGE = 'Bearer realm="kb"'

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


@dataclass(frozen=True)
class Answer:
    """What a view of the interface gives back."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One request of a program: its transaction, the person it acts for, the instant, what it sent."""

    session: Session
    actor: Actor
    at: datetime
    sent: Mapping[str, object]


View = Callable[..., Answer]


def reads(view: View) -> Callable[..., Response]:
    """Make a view that looks at something; the token needs the scope ``read``."""

    @wraps(view)
    def answered(**arguments: object) -> Response:
        with reading() as session:
            caller = _caller(session)
            if caller is None:
                return _unknown()
            _require(caller, TokenScope.READ)
            return _response(view(Call(session, caller.actor, now(), {}), **arguments))

    return answered


def writes(scope: TokenScope) -> Callable[[View], Callable[..., Response]]:
    """Make a view that changes something in one transaction; a repeated key gets its first answer again."""

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def answered(**arguments: object) -> Response:
            # Nobody unknown may hold the one writer's lock, or be told what is wrong with a request.
            with reading() as session:
                if _caller(session) is None:
                    return _unknown()
            sent = _sent()
            with writing() as session:
                caller = _caller(session)
                if caller is None:
                    return _unknown()
                _require(caller, scope)
                note_use(session, caller.token_id, now())
                known = _answered_before(session, caller)
                if known is not None:
                    return known
                answer = view(Call(session, caller.actor, now(), sent), **arguments)
                _keep(session, caller, answer)
                return _response(answer)

        return answered

    return decorate


def _caller(session: Session) -> Caller | None:
    kind, _blank, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    return caller_of(session, secret.strip(), now())


def _unknown() -> Response:
    problem = {"status": 401, "title": "请提供有效的接口令牌", "detail": "Authorization: Bearer <token>"}
    answer = _response(Answer(problem, 401, {"WWW-Authenticate": CHALLENGE}))
    answer.mimetype = "application/problem+json"
    return answer


def _require(caller: Caller, scope: TokenScope) -> None:
    if scope not in caller.scopes:
        raise Forbidden("这个令牌没有这项用途，请使用发放时选了相应用途的令牌。")


def _sent() -> Mapping[str, object]:
    # A form with files is read here as a whole, before anybody holds the writer; its view looks into it.
    if not request.get_data(cache=True) or request.mimetype == "multipart/form-data":
        return {}
    sent = request.get_json(silent=True, force=True)
    if not isinstance(sent, dict):
        raise Invalid("请求的内容应当是一个 JSON 对象。")
    return sent


def _key() -> str:
    key = request.headers.get(KEY_HEADER, "").strip() if request.method == "POST" else ""
    if len(key) > KEY_LIMIT:
        message = "Idempotency-Key 最多 120 个字符。"
        raise Invalid(message, {KEY_HEADER: message})
    return key


def _fingerprint() -> str:
    asked = [request.method, request.full_path, request.headers.get("If-Match", "")]
    return hashlib.sha256(json.dumps(asked).encode() + request.get_data(cache=True)).hexdigest()


def _answered_before(session: Session, caller: Caller) -> Response | None:
    key = _key()
    if not key:
        return None
    session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.created_at < now() - KEPT_FOR))
    known = session.scalar(
        select(IdempotentAnswer).where(
            IdempotentAnswer.token_id == caller.token_id, IdempotentAnswer.key == key
        )
    )
    if known is None:
        return None
    if known.request_hash != _fingerprint():
        raise Invalid("同一个 Idempotency-Key 已经用于另一个请求，请换一个。")
    answer = Answer(json.loads(known.body), known.status, json.loads(known.headers))
    return _response(answer)


def _keep(session: Session, caller: Caller, answer: Answer) -> None:
    key = _key()
    if key:
        session.add(
            IdempotentAnswer(
                token_id=caller.token_id,
                key=key,
                request_hash=_fingerprint(),
                status=answer.status,
                headers=json.dumps(dict(answer.headers)),
                body=json.dumps(answer.body, ensure_ascii=False),
                created_at=now(),
            )
        )


def _response(answer: Answer) -> Response:
    text = "" if answer.status == 204 else json.dumps(answer.body, ensure_ascii=False)
    response = Response(text, answer.status, mimetype="application/json")
    response.headers.extend(answer.headers)
    return response
