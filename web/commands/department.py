"""``kb department``: the departments that own articles and that people belong to."""

import click
from sqlalchemy import select

from kb.departments import all_departments, by_name_or_code, ensure_department, set_lead
from kb.models import Person
from kb.people import folded_username
from web.commands.opening import open_store


@click.group()
def department() -> None:
    """管理部门。"""


@department.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--parent", default="", help="上级部门的名称或代码。")
def add(code: str, name: str, parent: str) -> None:
    """新增代码为 CODE、名称为 NAME 的部门。"""
    if not 0 < len(code.strip()) <= 64 or not 0 < len(name.strip()) <= 120:
        raise click.UsageError("代码须为 1 到 64 个字，名称须为 1 到 120 个字。")
    with open_store().database.write() as session:
        for label in (code.strip(), name.strip()):
            if by_name_or_code(session, label) is not None:
                raise click.ClickException(f"名称或代码“{label}”已经有部门使用。")
        above = by_name_or_code(session, parent) if parent else None
        if parent and above is None:
            raise click.ClickException(f"没有名称或代码为“{parent}”的部门。")
        ensure_department(session, code.strip(), name.strip(), above)
    click.echo(f"已新增部门 {name.strip()}（{code.strip()}）。")


@department.command("list")
def list_all() -> None:
    """列出全部部门：代码、名称。"""
    with open_store().database.read() as session:
        for row in all_departments(session):
            click.echo(f"{row.code}\t{row.name}")


@department.command("lead")
@click.argument("name")
@click.argument("username")
@click.option("--remove", is_flag=True, help="不再担任主管。")
def lead(name: str, username: str, remove: bool) -> None:
    """让用户 USERNAME 担任部门 NAME 的主管，可查看本部门及下级的必读确认名单。"""
    store = open_store()
    with store.database.write() as session:
        found = by_name_or_code(session, name)
        person = session.scalar(select(Person).where(Person.username == folded_username(username)))
        if found is None:
            raise click.ClickException(f"没有名称或代码为“{name}”的部门。")
        if person is None:
            raise click.ClickException(f"没有用户名为“{username}”的用户。")
        set_lead(session, None, found, person, not remove, store.clock.now())
        sentence = f"{person.name} {'不再是' if remove else '已是'}{found.name}的主管。"
    click.echo(sentence)
