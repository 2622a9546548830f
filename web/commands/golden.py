"""``kb golden``: checks that golden queries still find what they must."""

import click

from kb.golden_queries import check as check_queries
from kb.golden_queries import golden_queries
from kb.lexicon import all_pins
from web.commands.opening import open_services


@click.group()
def golden() -> None:
    """检查黄金查询。"""


@golden.command()
def check() -> None:
    """逐条检查全部黄金查询；有一条达不到要求的名次就失败。"""
    services = open_services()
    with services.database.read() as session:
        checks = check_queries(
            services.engine, golden_queries(session), services.clock.now(), all_pins(session)
        )
    for item in checks:
        rank = f"第 {item.rank} 名" if item.rank else "未找到"
        mark = "通过" if item.holds else "失败"
        click.echo(
            f"{mark}\t{item.query.text}\t知识 {item.query.article_id}\t{rank}\t要求前 {item.query.max_rank} 名"
        )
    failing = sum(not item.holds for item in checks)
    if failing:
        raise click.ClickException(f"{len(checks)} 条黄金查询中有 {failing} 条没有达到要求。")
    click.echo(f"{len(checks)} 条黄金查询全部达到要求。")
