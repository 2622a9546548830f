"""``kb draft``: drafts from the command line, with the rights of the person whose token is in ``KB_TOKEN``."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.attachments import NewFile
from kb.departments import by_name_or_code
from kb.draft_fields import as_values, read_placement, read_text
from kb.draft_files import add_file, remove_file
from kb.draft_rights import visible_draft
from kb.drafts import discard, drafts_for, open_draft, save_draft
from kb.errors import NotFound
from kb.models import OPEN_STATES, Article, Audience, Node, Revision, RevisionState
from kb.placement import placement_of
from kb.revision_text import text_of
from kb.tokens import TokenScope
from web.commands.token import Acting, acting

FIELDS: tuple[tuple[str, str, str], ...] = (
    ("--title", "title", "标题。"),
    ("--format", "format", "正文格式：markdown 或 html。"),
    ("--summary", "summary", "摘要。"),
    ("--notes", "internal_notes", "内部备注。"),
    ("--document-number", "document_number", "文号。"),
    ("--tags", "tags", "标签。"),
    ("--change", "change_summary", "修改说明，提交时必填。"),
    ("--effective-from", "effective_from", "生效时间，例如 2026-03-03T14:05；空为通过后立即生效。"),
    ("--effective-to", "effective_to", "失效时间。"),
)
PLACE_FIELDS = (
    ("--node", "node", "分类的代码。"),
    ("--department", "department", "责任部门的名称或代码。"),
    ("--audience", "audience", "可见范围的名称；“-”为随分类。"),
)


@click.group()
def draft() -> None:
    """撰写草稿。身份由环境变量 KB_TOKEN 里的令牌决定，规则与网页相同。"""


def _writing(command: Callable[..., Any]) -> Callable[..., Any]:
    for flag, name, explained in reversed((*FIELDS, *PLACE_FIELDS)):
        command = click.option(flag, name, default=None, help=explained)(command)
    extra = (
        click.option("--from", "values_file", type=click.File("r", encoding="utf-8"),
                     help="JSON 文件（- 为标准输入），字段与 kb draft show 的输出相同。"),
        click.option("--body", "body_file", type=click.File("r", encoding="utf-8"),
                     help="正文文件（- 为标准输入）。"),
        click.option("--wording", multiple=True, metavar="标题=文字", help="对外口径，可以重复；替换全部原有口径。"),
        click.option("--replaces", "replaces_id", type=int, default=None, help="替代哪一篇知识的编号。"),
    )  # fmt: skip
    for option in extra:
        command = option(command)
    return command


@draft.command("new")
@_writing
def new(**options: object) -> None:
    """新建一篇知识和它的第一份草稿。"""
    with acting(TokenScope.WRITE) as it:
        values = _values(it, options)
        text = read_text(values, it.zone)
        made = open_draft(it.session, it.actor, None, it.at, placement=read_placement(values), text=text)
        _report(made)


@draft.command("edit")
@click.argument("number", type=int)
@click.option("--article", "is_article", is_flag=True, help="NUMBER 是知识的编号：打开（或新开）它的草稿。")
@click.option("--version", type=int, default=None, help="读取时的 lock_version；他人保存过就拒绝。")
@_writing
def edit(number: int, is_article: bool, version: int | None, **options: object) -> None:
    """修改编号为 NUMBER 的草稿；没有给出的字段保持不变。"""
    with acting(TokenScope.WRITE) as it:
        found = _of_article(it, number) if is_article else visible_draft(it.session, it.actor, number)
        values = _values(it, options)
        text = read_text(values, it.zone, text_of(found))
        placement = read_placement(values, placement_of(found))
        expected = found.lock_version if version is None else version
        _report(save_draft(it.session, it.actor, found.id, expected, text, it.at, placement=placement))


@draft.command("show")
@click.argument("number", type=int)
def show(number: int) -> None:
    """把编号为 NUMBER 的草稿写成 JSON，其中 content_hash 供审核人核对。"""
    with acting(TokenScope.READ) as it:
        values = as_values(it.session, visible_draft(it.session, it.actor, number), it.zone)
    click.echo(json.dumps(values, ensure_ascii=False, indent=2))


@draft.command("list")
@click.option("--state", type=click.Choice([state.value for state in OPEN_STATES]), default=None)
@click.option("--mine", is_flag=True, help="只列出本人参与撰写的。")
def list_drafts(state: str | None, mine: bool) -> None:
    """列出可见的草稿：编号、知识编号、版本、状态、校验码、标题。"""
    states = OPEN_STATES if state is None else (RevisionState(state),)
    with acting(TokenScope.READ) as it:
        for row in drafts_for(it.session, it.actor, states, mine=mine):
            click.echo(
                f"{row.id}\t{row.article_id}\tV{row.number}\t{row.state}\t{row.content_hash}\t{row.title}"
            )


@draft.command("attach")
@click.argument("number", type=int)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--version", type=int, default=None, help="读取时的 lock_version；他人保存过就拒绝。")
def attach_files(number: int, files: tuple[Path, ...], version: int | None) -> None:
    """给编号为 NUMBER 的草稿加上附件 FILES；要么全部加上，要么一个也不加。"""
    with acting(TokenScope.WRITE) as it:
        found = visible_draft(it.session, it.actor, number)
        expected = found.lock_version if version is None else version
        for path in files:
            add_file(it.session, it.actor, number, expected, NewFile(path.name, path.read_bytes()), it.at)
            expected = found.lock_version
        _report(found)


@draft.command("detach")
@click.argument("number", type=int)
@click.argument("file_ids", nargs=-1, required=True, type=int)
def detach_files(number: int, file_ids: tuple[int, ...]) -> None:
    """从编号为 NUMBER 的草稿移除附件；FILE_IDS 是 kb draft show 列出的附件编号。"""
    with acting(TokenScope.WRITE) as it:
        found = visible_draft(it.session, it.actor, number)
        for file_id in file_ids:
            remove_file(it.session, it.actor, number, found.lock_version, file_id, it.at)
        _report(found)


@draft.command("discard")
@click.argument("number", type=int)
def discard_draft(number: int) -> None:
    """删除编号为 NUMBER、从未通过审核的草稿。"""
    with acting(TokenScope.WRITE) as it:
        found = visible_draft(it.session, it.actor, number)
        discard(it.session, it.actor, number, found.lock_version, it.at)
    click.echo(f"已删除草稿 {number}。")


def _of_article(it: Acting, article_id: int) -> Revision:
    article = it.session.get(Article, article_id)
    if article is None:
        raise NotFound("没有找到这篇知识。")
    return open_draft(it.session, it.actor, article, it.at)


def _report(row: Revision) -> None:
    click.echo(
        json.dumps(
            {
                "id": row.id,
                "article_id": row.article_id,
                "number": row.number,
                "state": row.state,
                "lock_version": row.lock_version,
                "content_hash": row.content_hash,
            }
        )
    )


def _values(it: Acting, options: Mapping[str, object]) -> dict[str, object]:
    values: dict[str, object] = {}
    given = options.get("values_file")
    if given is not None:
        try:
            read = json.loads(_read(given))
        except ValueError as error:
            raise click.ClickException(f"--from 的内容不是 JSON：{error}") from None
        if not isinstance(read, dict):
            raise click.ClickException("--from 的内容应当是一个 JSON 对象。")
        values.update(read)
    for _flag, name, _explained in FIELDS:
        if options.get(name) is not None:
            values[name] = options[name]
    if options.get("body_file") is not None:
        values["source"] = _read(options["body_file"])
    if options.get("wording"):
        values["wording"] = [_block(str(entry)) for entry in options["wording"]]  # type: ignore[attr-defined]
    if options.get("replaces_id") is not None:
        values["replaces_id"] = options["replaces_id"]
    values.update(_places(it.session, options))
    return values


def _read(file: object) -> str:
    stream: TextIO = file  # type: ignore[assignment]
    return stream.read()


def _block(entry: str) -> dict[str, str]:
    title, _sign, text = entry.partition("=")
    return {"title": title, "text": text} if text else {"title": "标准话术", "text": title}


def _places(session: Session, options: Mapping[str, object]) -> dict[str, object]:
    found: dict[str, object] = {}
    if (code := options.get("node")) is not None:
        node = session.scalar(select(Node).where(Node.code == code))
        if node is None:
            raise click.ClickException(f"没有代码为“{code}”的分类。")
        found["node_id"] = node.id
    if (name := options.get("department")) is not None:
        department = by_name_or_code(session, str(name))
        if department is None:
            raise click.ClickException(f"没有名称或代码为“{name}”的部门。")
        found["owner_department_id"] = department.id
    if (label := options.get("audience")) is not None:
        audience = session.scalar(select(Audience).where(Audience.name == label))
        if audience is None and label != "-":
            raise click.ClickException(f"没有名称为“{label}”的可见范围。")
        found["audience_id"] = audience.id if audience is not None else None
    return found
