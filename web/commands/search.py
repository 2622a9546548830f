"""``kb search``: what the search page would show, for one query or for a whole file of them."""

import json
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.departments import by_name_or_code
from kb.models import Node, Person, Role
from kb.ports import DateField, EngineHit, Scope, Sort, StatusFilter
from kb.search import Preset, SearchRequest, SearchResult, TimeChoice
from kb.search import search as find
from web.commands.batch import TEXT_LIMIT, answer_batch, snippet_of
from web.commands.opening import open_services

BATCH_LIMIT = 100
PAGE_LIMIT = 20
SYSTEM = Actor(0, "系统", 0, frozenset(), frozenset({Role.ADMIN}))


class Day(click.ParamType[date]):
    """A calendar day such as 2026-01-31."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day, or refuse the value in Chinese."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"“{value}”不是日期，请写成 2026-01-31。", param, ctx)


class Moment(click.ParamType[datetime]):
    """A day, meaning its end, or a day with a time; without a zone the bank's is meant."""

    name = "YYYY-MM-DD[THH:MM]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, without a zone if none was given, or refuse the value in Chinese."""
        try:
            if isinstance(value, datetime) or "T" in value or " " in value:
                return value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return datetime.combine(date.fromisoformat(value), time.max)
        except ValueError:
            self.fail(f"“{value}”不是时间，请写成 2026-01-31T14:05。", param, ctx)


@click.command()
@click.argument("query", required=False)
@click.option(
    "--scope",
    type=click.Choice([item.value for item in Scope]),
    default=Scope.ALL.value,
    show_default=True,
    help="在哪里找：全部、标题、内容、标题+内容、附件。",
)
@click.option(
    "--sort",
    type=click.Choice([item.value for item in Sort]),
    default=Sort.RELEVANCE.value,
    show_default=True,
    help="排序：相关、最新、最热。",
)
@click.option(
    "--status",
    type=click.Choice([item.value for item in StatusFilter]),
    default=StatusFilter.PREFER.value,
    show_default=True,
    help="现行优先、仅现行、含失效和待生效。",
)
@click.option(
    "--field",
    type=click.Choice([item.value for item in DateField]),
    default=DateField.PUBLISHED.value,
    show_default=True,
    help="--from 和 --to 按哪个日期算。",
)
@click.option("--from", "start_on", type=Day(), help="起始日期（含）。")
@click.option("--to", "end_on", type=Day(), help="结束日期（含）。")
@click.option("--node", default="", help="知识节点的代码，或“个人业务/借记卡”这样的路径。")
@click.option("--department", default="", help="归属部门的名称或代码。")
@click.option("--as-of", type=Moment(), help="按当时的内容查；只写日期时为当天结束时。")
@click.option("--as", "username", default="", help="以哪个用户的权限查；默认有全部权限。")
@click.option("--verbatim", is_flag=True, help="仅搜原词。")
@click.option("--limit", type=click.IntRange(1, 10_000), help="最多给出多少条；默认 20，批量时 100。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
@click.option(
    "--batch",
    type=click.Path(path_type=Path),
    help="一个制表符分隔的文件，每行“编号、查询”，或首行为含 query 的表头。",
)
@click.option(
    "--run",
    "run_path",
    type=click.Path(path_type=Path),
    help="批量结果写到这个文件：编号、知识编号、名次、得分。",
)
@click.option(
    "--snippets",
    type=click.Path(path_type=Path),
    help="批量的摘要写到这个文件：编号、知识编号、名次、摘要。",
)
@click.pass_context
def search(context: click.Context, /, **_options: object) -> None:
    """搜索 QUERY，或用 --batch 回答整个文件里的查询。

    不记入搜索历史，也不受页面每页条数的限制。
    """
    values = context.params
    batch, run_path = values["batch"], values["run_path"]
    if (batch is None) == (values["query"] is None):
        raise click.UsageError("请给出一个查询，或用 --batch 给出一个文件，二者取一。", context)
    if batch is not None and run_path is None:
        raise click.UsageError("批量查询请用 --run 指定结果文件。", context)
    services = open_services()
    with services.database.read() as session:
        request = _request(session, values, services.zone)
        actor = searching_actor(session, values["username"])
        if batch is not None:
            answer_batch(services, session, actor, request, batch, run_path, values["snippets"])
            return
        result = find(
            session,
            actor,
            services.engine,
            replace(request, text=values["query"]),
            services.clock.now(),
            services.zone,
            text_limit=TEXT_LIMIT,
        )
    if result.degraded:
        click.echo("提示：索引暂时不可用，只查了标题。请运行 kb index。", err=True)
    if values["as_json"]:
        click.echo(json.dumps(as_json(result), ensure_ascii=False))
    else:
        _print(result)


def _request(session: Session, values: dict[str, Any], zone: ZoneInfo) -> SearchRequest:
    start_on, end_on = values["start_on"], values["end_on"]
    chosen = Preset.CUSTOM if start_on or end_on else Preset.ANY
    default = BATCH_LIMIT if values["batch"] else PAGE_LIMIT
    return SearchRequest(
        text="",
        scope=Scope(values["scope"]),
        sort=Sort(values["sort"]),
        status=StatusFilter(values["status"]),
        time=TimeChoice(chosen, DateField(values["field"]), start_on, end_on),
        node_id=_node_id(session, values["node"]),
        department_id=_department_id(session, values["department"]),
        verbatim=bool(values["verbatim"]),
        as_of=values["as_of"].replace(tzinfo=values["as_of"].tzinfo or zone) if values["as_of"] else None,
        page_size=int(values["limit"] or default),
    )


def as_json(result: SearchResult) -> dict[str, object]:
    """Return a result as plain values for JSON."""
    return {
        "total": result.total,
        "took_ms": result.took_ms,
        "tiers": dict(result.tiers),
        "hits": [
            {
                "id": row.hit.article_id,
                "external_id": row.hit.external_id,
                "title": row.hit.title,
                "scope_hits": list(row.hit.scope_hits),
                "snippet": snippet_of(row.hit),
                "tier": row.hit.tier,
                "why": list(row.hit.why),
                "score": row.hit.score,
                "attachment": _attachment(row.hit),
            }
            for row in result.rows
        ],
    }


def _attachment(hit: EngineHit) -> dict[str, object] | None:
    if hit.file is None:
        return None
    return {
        "id": hit.file.attachment_id,
        "name": hit.file.name,
        "kind": hit.file.kind,
        "number": hit.file.number,
        "label": hit.file.label,
        "text": hit.file.text,
    }


def _print(result: SearchResult) -> None:
    click.echo(f"共 {result.total} 条，用时 {result.took_ms} 毫秒")
    for rank, row in enumerate(result.rows, start=1):
        reasons = "，".join(row.hit.why)
        click.echo(f"{rank:>3}. {row.hit.title}" + (f"　（{reasons}）" if reasons else ""))
        snippet = " ".join(snippet_of(row.hit).split())
        if snippet:
            click.echo(f"     {snippet}")
        if row.hit.file is not None:
            click.echo(f"     附件：{row.hit.file.name}")


def searching_actor(session: Session, username: str) -> Actor:
    """Return the person to search as, or one who may read everything if no name is given.

    Raises:
        click.ClickException: if there is no such person.
    """
    if not username:
        return SYSTEM
    person = session.scalar(select(Person).where(Person.username == username))
    if person is None:
        raise click.ClickException(f"没有用户 {username}。")
    return Actor.of(person)


def _node_id(session: Session, label: str) -> int | None:
    if not label:
        return None
    found = session.scalar(select(Node.id).where(Node.code == label))
    for title in [] if found else label.split("/"):
        found = session.scalar(select(Node.id).where(Node.parent_id == found, Node.title == title.strip()))
        if found is None:
            break
    if found is None:
        raise click.ClickException(f"没有知识节点“{label}”。")
    return found


def _department_id(session: Session, label: str) -> int | None:
    if not label:
        return None
    found = by_name_or_code(session, label)
    if found is None:
        raise click.ClickException(f"没有名称或代码为“{label}”的部门。")
    return found.id
