"""``kb user``: accounts for people, whose passwords never appear among the arguments."""

import sys

import click

from kb.departments import by_name_or_code
from kb.models import Role
from kb.people import create_person
from web.commands.opening import open_store


@click.group()
def user() -> None:
    """管理用户账号。"""


@user.command("add")
@click.argument("username")
@click.option("--name", required=True, help="姓名。")
@click.option("--department", required=True, help="部门的名称或代码。")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="角色，可以重复：agent 坐席、publisher 发布、reviewer 审核、manager 知识管理、admin 系统管理。",
)
@click.option("--staff-number", default="", help="工号。")
@click.option("--password-stdin", is_flag=True, help="从标准输入读取密码，而不是在终端里询问。")
def add(
    username: str, name: str, department: str, roles: tuple[str, ...], staff_number: str, password_stdin: bool
) -> None:
    """新增一个可以登录的用户。"""
    store = open_store()
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("密码", hide_input=True, confirmation_prompt="再输一次", err=True)
    with store.database.write() as session:
        found = by_name_or_code(session, department)
        if found is None:
            raise click.ClickException(f"没有名称或代码为“{department}”的部门。")
        create_person(
            session,
            username,
            name,
            password,
            found,
            [Role(role) for role in roles],
            store.clock.now(),
            staff_number,
        )
    click.echo(f"已新增用户 {username}（{name}）。")
