"""``kb node``, ``kb audience``, ``kb grant``: the tree, who sees what in it, and who may do what where."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import GRANTABLE, Permission
from kb.audiences import Rule, all_audiences, delete_audience, save_audience
from kb.departments import all_departments, by_name_or_code
from kb.grants import Grantee, add_grant, all_grants, remove_grant
from kb.models import Audience, Node, Person, Role
from kb.node_changes import create_node, merge_node, move_node, rename_node, set_node_audience
from kb.nodes import articles_by_node, flattened, tree
from kb.reach import Impact, audience_of_node_impact, merge_impact, move_impact
from web.commands.opening import open_store

ROLES = click.Choice([role.value for role in Role])
dry_run = click.option("--dry-run", is_flag=True, help="只报告影响，不修改。")


@click.group()
def node() -> None:
    """管理知识分类：列出、新增、改名、移动、合并、设置可见范围。"""


@node.command("list")
def list_nodes() -> None:
    """列出全部分类：代码、路径、知识数、可见范围。"""
    with open_store().database.read() as session:
        counts = articles_by_node(session)
        names = {line.audience.id: line.audience.name for line in all_audiences(session)}
        for place in flattened(tree(session)):
            row = place.branch.node
            click.echo(
                f"{row.code}\t{place.trail}\t{counts.get(row.id, 0)}\t{names.get(row.audience_id or 0, '')}"
            )


@node.command("add")
@click.argument("title")
@click.option("--under", default="", help="上级分类的代码；不填为最上层。")
@click.option("--code", default="", help="代码；不填则自动生成。")
def add_node(title: str, under: str, code: str) -> None:
    """新增名称为 TITLE 的分类。"""
    store = open_store()
    with store.database.write() as session:
        made = create_node(
            session, None, title, _node(session, under) if under else None, store.clock.now(), code
        )
        click.echo(f"已新增分类 {made.code}。")


@node.command("rename")
@click.argument("code")
@click.argument("title")
def rename(code: str, title: str) -> None:
    """把代码为 CODE 的分类改名为 TITLE。"""
    store = open_store()
    with store.database.write() as session:
        rename_node(session, None, _node(session, code), title, store.clock.now())
    click.echo("已改名。")


@node.command("move")
@click.argument("code")
@click.option("--under", default="", help="移到哪个分类（代码）下。")
@click.option("--root", is_flag=True, help="移到最上层。")
@dry_run
def move(code: str, under: str, root: bool, dry_run: bool) -> None:
    """把代码为 CODE 的分类连同下级移到别处。"""
    if bool(under) == root:
        raise click.UsageError("请用 --under 或 --root 二者之一指明移到哪里。")
    store = open_store()
    with store.database.write() as session:
        found = _node(session, code)
        parent = _node(session, under) if under else None
        _tell(move_impact(session, found, parent.id if parent else None))
        if not dry_run:
            move_node(session, None, found, parent, store.clock.now())
            click.echo("已移动，索引几秒内更新。")


@node.command("merge")
@click.argument("code")
@click.argument("target")
@dry_run
def merge(code: str, target: str, dry_run: bool) -> None:
    """把代码为 CODE 的分类并入 TARGET，然后删除；不能撤销。"""
    store = open_store()
    with store.database.write() as session:
        found, into = _node(session, code), _node(session, target)
        _tell(merge_impact(session, found, into))
        if not dry_run:
            merge_node(session, None, found, into, store.clock.now())
            click.echo("已合并，索引几秒内更新。")


@node.command("audience")
@click.argument("code")
@click.argument("name", default="")
@dry_run
def node_audience(code: str, name: str, dry_run: bool) -> None:
    """让代码为 CODE 的分类及下级只给可见范围 NAME；不写 NAME 为不另设限制。"""
    store = open_store()
    with store.database.write() as session:
        found = _node(session, code)
        wanted = _audience(session, name).id if name else None
        _tell(audience_of_node_impact(session, found, wanted))
        if not dry_run:
            set_node_audience(session, None, found, wanted, store.clock.now())
            click.echo("已设置，索引几秒内更新。")


@click.group()
def audience() -> None:
    """管理可见范围：按部门和角色定义谁能看到。"""


@audience.command("list")
def list_audiences() -> None:
    """列出可见范围：名称、包括、分类数、知识数。"""
    with open_store().database.read() as session:
        departments = {item.id: item.name for item in all_departments(session)}
        for line in all_audiences(session):
            parts = (
                "+".join(filter(None, [departments.get(rule.department_id or 0, ""), rule.role or ""]))
                for rule in line.audience.rules
            )
            click.echo(f"{line.audience.name}\t{'，'.join(parts)}\t{line.nodes}\t{line.articles}")


@audience.command("set")
@click.argument("name")
@click.option("--who", "who", multiple=True, required=True, help="部门、角色，或“部门+角色”；可以重复。")
def set_audience(name: str, who: tuple[str, ...]) -> None:
    """新增名称为 NAME 的可见范围，或整体替换其中的人。

    例：kb audience set 零售条线 --who 个人金融部 --who 客户服务中心+agent
    """
    store = open_store()
    with store.database.write() as session:
        known = session.scalar(select(Audience).where(Audience.name == name.strip()))
        rules = [_rule(session, text) for text in who]
        save_audience(session, None, known, name, rules, store.clock.now())
    click.echo("已保存。")


@audience.command("remove")
@click.argument("name")
def remove_audience(name: str) -> None:
    """删除没有用到的可见范围 NAME。"""
    store = open_store()
    with store.database.write() as session:
        delete_audience(session, None, _audience(session, name), store.clock.now())
    click.echo("已删除。")


@click.group()
def grant() -> None:
    """管理分类上的授权：撰写、审核、评论审核。"""


@grant.command("list")
def list_grants() -> None:
    """列出全部授权：编号、分类、权限、授予谁。"""
    with open_store().database.read() as session:
        for line in all_grants(session):
            to = "+".join(filter(None, [line.department, line.grant.role or "", line.person]))
            click.echo(f"{line.grant.id}\t{line.node.code}\t{line.grant.permission}\t{to}")


@grant.command("add")
@click.argument("code")
@click.argument("permission", type=click.Choice([item.value for item in GRANTABLE]))
@click.option("--department", default="", help="部门的名称或代码。")
@click.option("--role", type=ROLES, help="角色。")
@click.option("--person", default="", help="用户名。")
def add(code: str, permission: str, department: str, role: str | None, person: str) -> None:
    """在代码为 CODE 的分类及下级授予 PERMISSION；写出的条件须同时符合。"""
    store = open_store()
    with store.database.write() as session:
        to = Grantee(
            _department_id(session, department) if department else None,
            Role(role) if role else None,
            _person_id(session, person) if person else None,
        )
        made = add_grant(session, None, _node(session, code), Permission(permission), to, store.clock.now())
        click.echo(f"已授权，编号 {made.id}。")


@grant.command("remove")
@click.argument("number", type=int)
def remove(number: int) -> None:
    """收回编号为 NUMBER 的授权。"""
    store = open_store()
    with store.database.write() as session:
        remove_grant(session, None, number, store.clock.now())
    click.echo("已收回。")


def _tell(impact: Impact) -> None:
    click.echo(
        f"涉及 {impact.articles} 篇知识，其中 {impact.changed} 篇的可见范围会变；"
        f"{impact.losing} 人将看不到其中一些，{impact.gaining} 人将新看到一些。"
    )


def _node(session: Session, code: str) -> Node:
    found = session.scalar(select(Node).where(Node.code == code))
    if found is None:
        raise click.ClickException(f"没有代码为“{code}”的分类，可用 kb node list 查看。")
    return found


def _audience(session: Session, name: str) -> Audience:
    found = session.scalar(select(Audience).where(Audience.name == name))
    if found is None:
        raise click.ClickException(f"没有名称为“{name}”的可见范围，可用 kb audience list 查看。")
    return found


def _department_id(session: Session, label: str) -> int:
    found = by_name_or_code(session, label)
    if found is None:
        raise click.ClickException(f"没有名称或代码为“{label}”的部门。")
    return found.id


def _person_id(session: Session, username: str) -> int:
    found = session.scalar(select(Person.id).where(Person.username == username.strip().lower()))
    if found is None:
        raise click.ClickException(f"没有用户 {username}。")
    return found


def _rule(session: Session, text: str) -> Rule:
    department_id, role = None, None
    for part in text.split("+"):
        if part.strip() in set(Role):
            role = Role(part.strip())
        else:
            department_id = _department_id(session, part.strip())
    return Rule(department_id, role)
