"""``kb evidence``: takes out the evidence of one article, and proves a pack whole."""

from pathlib import Path

import click
from sqlalchemy.orm import Session

from kb.errors import NotFound
from kb.evidence_check import differs_from, problems_of
from kb.models import Article
from web.commands.opening import open_store
from web.packing import take_out


@click.group()
def evidence() -> None:
    """导出和核对一篇知识的存证。"""


@evidence.command("export")
@click.argument("article", type=int)
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="写到哪个文件。"
)
def export_pack(article: int, output: Path) -> None:
    """把编号为 ARTICLE 的知识的全部版本、差异、审核、确认、复制记录和审计事件写成一个文件。"""
    store = open_store()

    def find(session: Session) -> Article:
        found = session.get(Article, article)
        if found is None:
            raise NotFound("没有找到这篇知识。")
        return found

    data = take_out(store.database, store.clock, find, by=None)
    output.write_bytes(data)
    click.echo(f"已写入 {output}，{len(data):,} 字节。")


@evidence.command("verify")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--live", is_flag=True, help="同时与知识库现有的审计链对照。")
def verify(file: Path, live: bool) -> None:
    """核对存证文件 FILE；有一处对不上就失败。"""
    data = file.read_bytes()
    found = problems_of(data)
    if live and not found:
        with open_store().database.read() as session:
            different = differs_from(session, data)
        found = [different] if different else []
    if found:
        raise click.ClickException("\n".join(found[:50]))
    click.echo("存证文件完整。")
