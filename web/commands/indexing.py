"""``kb index`` and ``kb reindex``: the search index brought up to date, or built anew beside the old one."""

import click

from kb.indexing import article_count
from web.commands.opening import open_services
from web.commands.progress import progress
from web.wiring import build_follower


@click.command()
def index() -> None:
    """把索引更新到与数据库一致（包括提取附件文字），然后退出。"""
    services = open_services()
    with services.database.read() as session:
        total = article_count(session)
    follower = build_follower(services.settings, services)
    with progress("更新索引", total) as report:
        done = follower.catch_up(report)
    click.echo(f"索引已是最新，本次处理 {done} 篇。")


@click.command()
def reindex() -> None:
    """在旁边重建整个索引，完成后切换；期间搜索照常。"""
    services = open_services()
    with services.database.read() as session:
        total = article_count(session)
    follower = build_follower(services.settings, services)
    with progress("重建索引", total) as report:
        done = follower.rebuild(report)
    click.echo(f"索引已重建，共 {done} 篇。")
