"""``kb submit``, ``approve``, ``return``, ``withdraw`` and what else happens to drafts and versions."""

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from kb.access import audience_scope
from kb.articles import visible_article
from kb.draft_fields import read_instant
from kb.draft_rights import visible_draft
from kb.drafts import restore
from kb.models import Revision
from kb.publishing import approve, break_glass, rebase, recall, return_to_author, submit
from kb.revisions import status_at
from kb.tokens import TokenScope
from kb.withdrawal import cancel_scheduled, withdraw
from web.commands.token import acting

seen_option = click.option(
    "--hash", "seen_hash", required=True, help="所审核内容的校验码 content_hash；内容变了就拒绝。"
)
at_option = click.option(
    "--at", "starts", default="", help="生效时间，例如 2026-03-03T14:05；不填则按作者填写的或立即。"
)
reason_option = click.option("--reason", required=True, help="原因，记入审核记录和审计日志。")


@click.command("submit")
@click.argument("number", type=int)
@click.option("--newest-seen", is_flag=True, help="确认已对照草稿开始之后发布的新版本。")
def submit_command(number: int, newest_seen: bool) -> None:
    """提交编号为 NUMBER 的草稿，等待他人审核。"""
    with acting(TokenScope.WRITE) as it:
        version = visible_draft(it.session, it.actor, number).lock_version
        if newest_seen:
            version = rebase(it.session, it.actor, number, version, it.at).lock_version
        row = submit(it.session, it.actor, number, version, it.at)
        click.echo(json.dumps({"id": row.id, "state": row.state, "content_hash": row.content_hash}))


@click.command("recall")
@click.argument("number", type=int)
def recall_command(number: int) -> None:
    """撤回编号为 NUMBER、正在审核的草稿。"""
    with acting(TokenScope.WRITE) as it:
        recall(it.session, it.actor, number, it.at)
    click.echo(f"已撤回草稿 {number}。")


@click.command("approve")
@click.argument("number", type=int)
@seen_option
@at_option
def approve_command(number: int, seen_hash: str, starts: str) -> None:
    """通过编号为 NUMBER 的草稿；撰写或提交过它的人不能通过。"""
    with acting(TokenScope.REVIEW) as it:
        row = approve(it.session, it.actor, number, seen_hash, it.at, _instant(starts, it.zone))
        click.echo(_shown(row, it.zone))


@click.command("return")
@click.argument("number", type=int)
@seen_option
@reason_option
def return_command(number: int, seen_hash: str, reason: str) -> None:
    """把编号为 NUMBER 的草稿退回作者。"""
    with acting(TokenScope.REVIEW) as it:
        return_to_author(it.session, it.actor, number, seen_hash, it.at, reason)
    click.echo(f"已退回草稿 {number}。")


@click.command("withdraw")
@click.argument("article", type=int)
@reason_option
@click.option("--successor", type=int, default=None, help="替代它的知识的编号。")
def withdraw_command(article: int, reason: str, successor: int | None) -> None:
    """立即废止编号为 ARTICLE 的知识。"""
    with acting(TokenScope.WITHDRAW) as it:
        withdraw(it.session, it.actor, article, reason, it.at, successor_id=successor)
    click.echo(f"已废止知识 {article}。")


@click.command("cancel")
@click.argument("number", type=int)
@reason_option
def cancel_command(number: int, reason: str) -> None:
    """取消编号为 NUMBER、已通过但尚未生效的版本。"""
    with acting(TokenScope.WITHDRAW) as it:
        cancel_scheduled(it.session, it.actor, number, reason, it.at)
    click.echo(f"已取消版本 {number}。")


@click.command("revisions")
@click.argument("article", type=int)
def revisions_command(article: int) -> None:
    """列出编号为 ARTICLE 的知识的全部版本：版本、编号、状态、显示起止、校验码、修改说明。"""
    with acting(TokenScope.READ) as it:
        found = visible_article(it.session, article, audience_scope(it.session, it.actor))
        for row in found.revisions:
            if row.approved_at is None:
                continue
            status = status_at(row, found, it.at).value
            span = f"{_local(row.shown_from, it.zone)}\t{_local(row.shown_to, it.zone)}"
            click.echo(f"V{row.number}\t{row.id}\t{status}\t{span}\t{row.content_hash}\t{row.change_summary}")


@click.command("restore")
@click.argument("article", type=int)
@click.argument("version", type=int)
def restore_command(article: int, version: int) -> None:
    """以编号为 ARTICLE 的知识的第 VERSION 版为内容新开一份草稿。"""
    with acting(TokenScope.WRITE) as it:
        row = restore(it.session, it.actor, article, version, it.at)
        click.echo(json.dumps({"id": row.id, "article_id": row.article_id, "number": row.number}))


@click.group("break-glass")
def glass() -> None:
    """应急发布：没有第二个人审核，事后必须说明。"""


@glass.command("approve")
@click.argument("number", type=int)
@seen_option
@click.option("--reason", required=True, help="情况和批准人，至少 20 个字；通知全部知识管理和系统管理人员。")
@at_option
def break_glass_command(number: int, seen_hash: str, reason: str, starts: str) -> None:
    """应急发布编号为 NUMBER 的草稿；只有系统管理员可以，令牌须有 break-glass 用途。"""
    with acting(TokenScope.BREAK_GLASS) as it:
        begins = _instant(starts, it.zone)
        row = break_glass(it.session, it.actor, number, seen_hash, reason, it.at, begins)
        click.echo(_shown(row, it.zone))
    click.echo("这次应急发布已记入审计日志（article.break_glass），并已通知管理人员。", err=True)


PUBLISHING_COMMANDS = (
    submit_command,
    recall_command,
    approve_command,
    return_command,
    withdraw_command,
    cancel_command,
    revisions_command,
    restore_command,
    glass,
)


def _instant(given: str, zone: ZoneInfo) -> datetime | None:
    try:
        return read_instant(given, zone)
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _local(instant: datetime | None, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%dT%H:%M:%S}" if instant is not None else "-"


def _shown(row: Revision, zone: ZoneInfo) -> str:
    starts = row.shown_from.astimezone(zone).isoformat() if row.shown_from is not None else None
    return json.dumps({"id": row.id, "state": row.state, "number": row.number, "shown_from": starts})
