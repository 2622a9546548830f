"""``kb token``: tokens with which programs and scripts act for a person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.models import Person
from kb.people import folded_username
from kb.tokens import TokenScope, all_tokens, caller_of, issue, note_use, revoke
from web.commands.opening import open_store

VARIABLE = "KB_TOKEN"


@dataclass(frozen=True)
class Acting:
    """One transaction of a command, for the person whose token it was given."""

    session: Session
    actor: Actor
    at: datetime
    zone: ZoneInfo


@contextmanager
def acting(scope: TokenScope) -> Iterator[Acting]:
    """Open the transaction of a command for the person of the token in ``KB_TOKEN``.

    Raises:
        click.ClickException: if there is no token, or it is not good for this.
    """
    store = open_store()
    secret = os.environ.get(VARIABLE, "").strip()
    if not secret:
        raise click.ClickException(f"请用环境变量 {VARIABLE} 给出接口令牌（由 kb token add 发放）。")
    at = store.clock.now()
    with store.database.write() as session:
        caller = caller_of(session, secret, at)
        if caller is None:
            raise click.ClickException(f"{VARIABLE} 里的令牌无效、已过期或已撤销。")
        if scope not in caller.scopes:
            raise click.ClickException(f"这个令牌没有 {scope.value} 用途。")
        note_use(session, caller.token_id, at)
        yield Acting(session, caller.actor, at, store.zone)


@click.group()
def token() -> None:
    """发放、列出、撤销接口令牌；脚本用令牌以某个人的身份办事。"""


@token.command("add")
@click.argument("username")
@click.option("--name", required=True, help="用途，例如“收费系统同步”。")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in TokenScope]),
    help="可以重复：read 查看、write 撰写、review 审核、withdraw 废止、break-glass 应急发布。",
)
@click.option("--days", default=90, show_default=True, help="有效天数，最多 366。")
def add(username: str, name: str, scopes: tuple[str, ...], days: int) -> None:
    """给 USERNAME 发放一个令牌，写到标准输出；以后不能再看到。"""
    store = open_store()
    with store.database.write() as session:
        person = session.scalar(select(Person).where(Person.username == folded_username(username)))
        if person is None:
            raise click.ClickException(f"没有用户 {username}。")
        chosen = [TokenScope(scope) for scope in scopes]
        row, secret = issue(session, person, name, chosen, days, store.clock.now())
        expires = row.expires_at.astimezone(store.zone)
    click.echo(f"令牌 {row.id} 有效期至 {expires:%Y-%m-%d %H:%M}，请妥善保存：", err=True)
    click.echo(secret)


@token.command("list")
def list_tokens() -> None:
    """列出令牌：编号、用户、用途、范围、状态、到期时间。"""
    store = open_store()
    now = store.clock.now()
    with store.database.read() as session:
        for row, username in all_tokens(session):
            state = "已撤销" if row.revoked_at else "已过期" if row.expires_at <= now else "有效"
            expires = row.expires_at.astimezone(store.zone)
            click.echo(f"{row.id}\t{username}\t{row.name}\t{row.scopes}\t{state}\t{expires:%Y-%m-%d %H:%M}")


@token.command("revoke")
@click.argument("number", type=int)
def revoke_token(number: int) -> None:
    """撤销编号为 NUMBER 的令牌，立即生效。"""
    store = open_store()
    with store.database.write() as session:
        revoke(session, number, store.clock.now())
    click.echo(f"已撤销令牌 {number}。")
