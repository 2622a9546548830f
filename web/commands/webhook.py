"""``kb webhook``: the addresses outside that are told what happens."""

import click

from kb.webhooks import listed, register, remove, rotate_secret, send_test, set_active
from web.commands.opening import open_store
from web.settings import Settings


@click.group()
def webhook() -> None:
    """管理 Webhook：把通知发给外部系统，只能发往 KB_WEBHOOK_HOSTS 允许的主机。"""


@webhook.command("add")
@click.argument("name")
@click.argument("url")
@click.option("--event", "events", multiple=True, help="只接收这种事件，可以重复；不填则接收全部。")
def add(name: str, url: str, events: tuple[str, ...]) -> None:
    """新增名称为 NAME、地址为 URL 的 Webhook，并显示一次签名密钥。"""
    store = open_store()
    with store.database.write() as session:
        allowed = Settings().webhook_hosts
        hook = register(session, None, name, url, events, allowed, store.clock.now())
        number, secret = hook.id, hook.secret
    click.echo(f"已新增 Webhook {number}。签名密钥（只显示这一次）：")
    click.echo(secret)


@webhook.command("list")
def list_all() -> None:
    """列出全部 Webhook：编号、状态、待发、失败、名称、地址。"""
    with open_store().database.read() as session:
        for row in listed(session, None):
            state = "启用" if row.hook.is_active else "停用"
            line = (row.hook.id, state, row.waiting, row.failed, row.hook.name, row.hook.url)
            click.echo("\t".join(str(part) for part in line))


@webhook.command("test")
@click.argument("number", type=int)
def test(number: int) -> None:
    """给编号为 NUMBER 的 Webhook 发一条测试消息；结果看投递记录。"""
    store = open_store()
    with store.database.write() as session:
        send_test(session, None, number, store.clock.now())
    click.echo("测试消息已放入待发队列，由运行中的 kb serve 投递。")


@webhook.command("rotate")
@click.argument("number", type=int)
def rotate(number: int) -> None:
    """更换签名密钥；旧密钥在 24 小时内仍一并签名。"""
    store = open_store()
    with store.database.write() as session:
        secret = rotate_secret(session, None, number, store.clock.now()).secret
    click.echo(secret)


@webhook.command("enable")
@click.argument("number", type=int)
def enable(number: int) -> None:
    """启用编号为 NUMBER 的 Webhook。"""
    _switch(number, True)


@webhook.command("disable")
@click.argument("number", type=int)
def disable(number: int) -> None:
    """停用编号为 NUMBER 的 Webhook。"""
    _switch(number, False)


@webhook.command("remove")
@click.argument("number", type=int)
def remove_one(number: int) -> None:
    """删除编号为 NUMBER 的 Webhook 和它的投递记录。"""
    store = open_store()
    with store.database.write() as session:
        remove(session, None, number, store.clock.now())
    click.echo(f"已删除 Webhook {number}。")


def _switch(number: int, is_active: bool) -> None:
    store = open_store()
    with store.database.write() as session:
        set_active(session, None, number, is_active, store.clock.now())
    click.echo(f"已{'启用' if is_active else '停用'} Webhook {number}。")
