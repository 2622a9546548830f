"""``kb calendar``: public holidays and worked weekends, by which the time allowed for tasks is counted."""

from pathlib import Path

import click

from kb.errors import Invalid
from kb.working_time import FREE, WORKED, calendar_of, read_calendar, replace_calendar
from web.commands.opening import open_store


@click.group()
def calendar() -> None:
    """节假日和调休安排，任务时限按它计算工作日。"""


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def take_over(file: Path) -> None:
    """导入 CSV：每行“日期,休”或“日期,班”；替换文件中出现的年份。"""
    try:
        days = read_calendar(file.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise click.ClickException("文件须为 UTF-8 编码。") from error
    except Invalid as error:
        raise click.ClickException(error.message) from error
    store = open_store()
    with store.database.write() as session:
        replace_calendar(session, None, days, store.clock.now())
    click.echo(f"已导入 {len(days)} 天。")


@calendar.command("list")
def show() -> None:
    """列出现有安排。"""
    with open_store().database.read() as session:
        for row in calendar_of(session):
            click.echo(f"{row.day.isoformat()},{WORKED if row.is_working else FREE}")
