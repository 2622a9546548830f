"""``kb import``: articles from files, with a report on every row that stayed out."""

from pathlib import Path

import click

from kb.import_readers import FORMATS, read_rows
from kb.importing import DEFAULT_NODE, ImportOptions, ImportReport, import_rows
from web.commands.opening import open_store
from web.commands.progress import progress

SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".md": "markdown",
}


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--format", "fmt", type=click.Choice(FORMATS), help="文件格式；不填时按扩展名判断。")
@click.option("--source", default="", help="来源名称，编号在同一来源内唯一；默认为文件名。")
@click.option(
    "--node", default=DEFAULT_NODE, show_default=True, help="没有分类的行放到哪里，{kind} 代表该行的类型。"
)
@click.option("--department", default="", help="没有部门的行归属哪个部门（名称或代码）。")
@click.option("--dry-run", is_flag=True, help="只检查，不写入。")
@click.pass_context
def import_command(
    context: click.Context,
    path: Path,
    fmt: str | None,
    source: str,
    node: str,
    department: str,
    dry_run: bool,
) -> None:
    """从 PATH 导入知识；markdown 格式的 PATH 可以是文件夹，其余为一个文件。

    重复导入是安全的：内容没变的行跳过，变了的行成为新版本。有问题的行逐行列在标准错误上，
    其余各行照常导入，此时退出码为 1。
    """
    fmt = fmt or ("markdown" if path.is_dir() else SUFFIXES.get(path.suffix.lower()))
    if fmt is None:
        raise click.UsageError("看不出文件格式，请用 --format 指定。", context)
    store = open_store()
    options = ImportOptions(source or _name(path), node, department, dry_run)
    total = sum(1 for _ in read_rows(path, fmt))
    with progress("检查" if dry_run else "导入", total) as report:
        outcome = import_rows(store.database, read_rows(path, fmt), options, store.clock, store.zone, report)
    _tell(outcome, dry_run)
    context.exit(1 if outcome.failed else 0)


def _name(path: Path) -> str:
    resolved = path.resolve()
    return (resolved.name if resolved.is_dir() else resolved.stem)[:64]


def _tell(outcome: ImportReport, dry_run: bool) -> None:
    for failure in outcome.failed:
        place = f"{failure.field}：" if failure.field else ""
        click.echo(f"{failure.label}　{place}{failure.reason}", err=True)
    click.echo(
        f"{'检查' if dry_run else '导入'}完成：新增 {outcome.created}，更新 {outcome.updated}，"
        f"未变 {outcome.unchanged}，失败 {len(outcome.failed)}。"
    )
    if outcome.untitled:
        click.echo(f"其中 {outcome.untitled} 行没有标题，已用正文开头作标题。")
    if dry_run:
        click.echo("这是试运行，没有写入任何内容。")
