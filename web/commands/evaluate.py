"""``kb evaluate``: how well searches answer a judged set of queries, and what each ingredient is worth."""

import csv
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kb.access import audience_scope
from kb.ports import EngineAnswer, EngineHit, EngineQuery
from web.commands.opening import open_services
from web.commands.progress import Report, progress
from web.commands.search import searching_actor
from web.wiring import Services

if TYPE_CHECKING:
    from indexer.evaluation import Evaluation, JudgedQuery, Measures

Ask = Callable[[EngineQuery], EngineAnswer]
COLUMNS = ("MRR@10", "R@1", "R@5", "R@10", "nDCG@10", "无结果")


@click.command()
@click.option(
    "--queries",
    "queries_path",
    type=click.Path(path_type=Path),
    required=True,
    help="查询：制表符分隔，表头含 qid、query，可含 split、variant。",
)
@click.option(
    "--qrels",
    "qrels_path",
    type=click.Path(path_type=Path),
    required=True,
    help="评判：制表符分隔，表头含 qid、docid（知识编号）、grade。",
)
@click.option(
    "--passages",
    "passages_path",
    type=click.Path(path_type=Path),
    help="应当显示的原句：制表符分隔，表头含 qid、sentence；另测摘要是否显示了它。",
)
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="每几个查询取一个。")
@click.option("--split", default="", help="只用 split 列为此值的查询；默认全部。")
@click.option("--as", "username", default="", help="以哪个用户的权限查；默认有全部权限。")
@click.option(
    "--limit", type=click.IntRange(10, 1000), default=10, show_default=True, help="每个查询取多少条。"
)
@click.option("--ablation", is_flag=True, help="再逐项去掉每种手段各测一遍。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def evaluate(
    queries_path: Path,
    qrels_path: Path,
    passages_path: Path | None,
    every: int,
    split: str,
    username: str,
    limit: int,
    ablation: bool,
    as_json: bool,
) -> None:
    """用有评判的查询衡量搜索：排名质量、无结果比例、用时。

    排名指标都只看前 10 条；没有评判的查询不计入。
    """
    queries, unjudged = read_judged(queries_path, qrels_path, split)
    queries = queries[::every]
    if passages_path is not None:
        queries = with_sentences(queries, passages_path)
    if not queries:
        raise click.ClickException("没有可用的查询：请检查 --split，以及两个文件的 qid 是否对应。")
    if unjudged:
        click.echo(f"提示：{unjudged} 个查询没有评判，未计入。", err=True)
    services = open_services()
    template = _template(services, username, limit)
    names = _ingredients() if ablation else ()
    runs: dict[str, Evaluation] = {}
    with progress("评测", len(queries) * (1 + len(names))) as report:
        for name in ("", *names):
            runs[name] = _run(
                _asker(services, name), queries, template, _after(len(queries) * len(runs), report)
            )
    if as_json:
        click.echo(json.dumps(_as_json(runs), ensure_ascii=False))
    else:
        _print(runs, len(queries))


def read_judged(queries_path: Path, qrels_path: Path, split: str = "") -> "tuple[list[JudgedQuery], int]":
    """Return the queries that have judgements, and the number of those that have none.

    Args:
        queries_path: Tab-separated with a header that names ``qid`` and ``query``.
        qrels_path: Tab-separated with a header that names ``qid``, ``docid`` and ``grade``.
        split: Only queries whose ``split`` is this; empty for all.

    Raises:
        click.ClickException: if a column is missing or a grade is not a whole number.
    """
    from indexer.evaluation import JudgedQuery

    grades: dict[str, dict[str, int]] = {}
    for row in _rows(qrels_path, ("qid", "docid", "grade")):
        try:
            grade = int(row["grade"])
        except ValueError as error:
            raise click.ClickException(f"{qrels_path}：grade “{row['grade']}”不是整数。") from error
        if grade > 0:
            grades.setdefault(row["qid"], {})[row["docid"]] = grade
    chosen = [
        row for row in _rows(queries_path, ("qid", "query")) if not split or (row.get("split") or "") == split
    ]
    judged = [
        JudgedQuery(row["qid"], row.get("variant") or "全部", row["query"], grades[row["qid"]])
        for row in chosen
        if row["qid"] in grades
    ]
    return judged, len(chosen) - len(judged)


def with_sentences(queries: "Sequence[JudgedQuery]", path: Path) -> "list[JudgedQuery]":
    """Return the queries with the sentences that a file says they should show.

    Args:
        queries: The judged queries.
        path: Tab-separated with a header that names ``qid`` and ``sentence``.

    Raises:
        click.ClickException: if a column is missing.
    """
    sentences = {row["qid"]: row["sentence"] for row in _rows(path, ("qid", "sentence"))}
    return [replace(query, sentence=sentences.get(query.query_id, "")) for query in queries]


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        missing = [name for name in needed if name not in (reader.fieldnames or ())]
        if missing:
            raise click.ClickException(f"{path} 的表头缺少：{'、'.join(missing)}")
        rows = []
        for row in reader:
            if any(row[name] is None for name in needed):
                raise click.ClickException(f"{path} 第 {reader.line_num} 行的列数不够。")
            rows.append(row)
        return rows


def _template(services: Services, username: str, limit: int) -> EngineQuery:
    with services.database.read() as session:
        scope = audience_scope(session, searching_actor(session, username))
    return EngineQuery("", services.clock.now(), scope.keys, limit=limit)


def _ingredients() -> tuple[str, ...]:
    from indexer.ablation import INGREDIENTS

    return tuple(INGREDIENTS)


def _asker(services: Services, ingredient: str) -> Ask:
    if not ingredient:
        return services.engine.search
    from indexer.ablation import without
    from indexer.answers import Answerer
    from indexer.whoosh_engine import WhooshEngine

    if not isinstance(services.engine, WhooshEngine):
        raise click.ClickException("当前搜索引擎不支持 --ablation。")
    return Answerer(without(services.engine.opened(), ingredient)).search


def _after(before: int, report: Report) -> Callable[[int], None]:
    return lambda done: report(before + done)


def _run(
    ask: Ask, queries: "Sequence[JudgedQuery]", template: EngineQuery, report: Callable[[int], None]
) -> "Evaluation":
    from indexer.evaluation import evaluate as evaluated

    # The first search of a process opens the index; that is not what a search costs.
    ask(replace(template, text=queries[0].text))
    answers, seconds, snippets = [], [], []
    for done, query in enumerate(queries, start=1):
        started = time.perf_counter()
        answer = ask(replace(template, text=query.text))
        seconds.append(time.perf_counter() - started)
        answers.append([hit.external_id or str(hit.article_id) for hit in answer.hits])
        snippets.append([_shown(hit) for hit in answer.hits[:3]])
        report(done)
    return evaluated(queries, answers, seconds, snippets)


def _shown(hit: EngineHit) -> str:
    if hit.snippet is not None:
        return hit.snippet.text
    return hit.file.text if hit.file is not None else ""


def _as_json(runs: "dict[str, Evaluation]") -> dict[str, Any]:
    full = runs[""]
    return {
        "queries": sum(count for count, _average in full.kinds.values()),
        "overall": asdict(full.overall),
        "macro": asdict(full.macro),
        "kinds": {
            kind: {"queries": count, **asdict(average)} for kind, (count, average) in full.kinds.items()
        },
        "latency_ms": asdict(full.latency),
        "passages": {kind or "macro": asdict(shown) for kind, shown in full.passages.items()},
        "ablation": {
            name: {"overall_mrr": run.overall.mrr, "macro_mrr": run.macro.mrr, "zero": run.overall.zero}
            for name, run in runs.items()
            if name
        },
    }


def _print(runs: "dict[str, Evaluation]", count: int) -> None:
    full = runs[""]
    click.echo("\t".join(("类别", "查询数", *COLUMNS)))
    for kind, (queries, average) in full.kinds.items():
        click.echo(_line(kind, queries, average))
    click.echo(_line("各类平均", count, full.macro))
    click.echo(_line("全部查询", count, full.overall))
    latency = full.latency
    click.echo(f"用时（毫秒）：p50 {latency.p50:.1f}，p95 {latency.p95:.1f}，p99 {latency.p99:.1f}")
    if full.passages:
        click.echo("\n摘要显示了原句\t查询数\t第一条\t前三条之一")
    for kind, shown in full.passages.items():
        click.echo(f"{kind or '各类平均'}\t{shown.queries}\t{shown.first:.4f}\t{shown.three:.4f}")
    if len(runs) > 1:
        click.echo("\n去掉\tMRR@10（各类平均）\t变化\tMRR@10（全部查询）\t变化\t无结果")
    for name, run in runs.items():
        if name:
            macro, overall = run.macro.mrr, run.overall.mrr
            click.echo(
                f"{name}\t{macro:.4f}\t{macro - full.macro.mrr:+.4f}"
                f"\t{overall:.4f}\t{overall - full.overall.mrr:+.4f}\t{run.overall.zero:.4f}"
            )


def _line(name: str, count: int, average: "Measures") -> str:
    values = asdict(average).values()
    return "\t".join((name, str(count), *(f"{value:.4f}" for value in values)))
