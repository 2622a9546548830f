"""``kb upgrade`` and ``kb sample``: a database that is there, and knowledge to try it with."""

import click

from kb.migrate import upgrade as migrate
from kb.sample import demo_accounts, load_sample
from web.commands.opening import open_store
from web.commands.progress import progress
from web.settings import Settings, prepare_home


@click.command()
def upgrade() -> None:
    """建立数据库，或升级到当前版本；可以重复运行。"""
    settings = Settings()
    prepare_home(settings)
    migrate(settings.database_url)
    click.echo(f"数据库已是最新：{settings.home}", err=True)


@click.command()
def sample() -> None:
    """装入示例知识（虚构的远江银行）；已装入时不做任何事。"""
    store = open_store()
    with progress("装入示例知识", 0) as report:
        outcome = load_sample(store.database, store.clock, store.zone, report)
    if not outcome.is_new:
        click.echo("示例知识早已装入，没有改动。")
        return
    click.echo(
        f"已装入 {outcome.articles} 篇知识（{outcome.revisions} 个版本，{outcome.attachments} 个附件）、"
        f"{outcome.people} 位用户、{outcome.views} 次浏览、{outcome.searches} 次搜索、{outcome.comments} 条评论。"
    )
    accounts = demo_accounts()
    names = "、".join(account.username for account in accounts)
    click.echo(f"演示账号 {names}，密码 {accounts[0].password}")
