"""``kb audit``: checks the chain of the audit log and hands the log out."""

import json

import click
from sqlalchemy import func, select

from kb.audit import first_broken
from kb.models import AuditEvent
from web.commands.opening import open_store

COLUMNS = (
    "id", "actor_id", "actor_name", "action", "subject", "revision_hash",
    "reason", "detail", "previous_hash", "hash",
)  # fmt: skip


@click.group()
def audit() -> None:
    """检查和导出审计日志。"""


@audit.command()
def verify() -> None:
    """核对审计日志的哈希链；有一条对不上就失败。"""
    with open_store().database.read() as session:
        broken = first_broken(session)
        total = session.scalar(select(func.count()).select_from(AuditEvent)) or 0
    if broken is not None:
        raise click.ClickException(f"审计日志从第 {broken} 号事件起对不上，可能被改动过。")
    click.echo(f"审计日志完整，共 {total} 条。")


@audit.command()
def export() -> None:
    """把审计日志逐行写成 JSON，输出到标准输出。"""
    with open_store().database.read() as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.id).execution_options(yield_per=500))
        for event in events:
            row = {"at": event.at.isoformat(), **{name: getattr(event, name) for name in COLUMNS}}
            click.echo(json.dumps(row, ensure_ascii=False))
