"""Answers a whole file of queries in one process, for measuring relevance."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TextIO

import click
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.ports import EngineHit
from kb.search import SearchRequest, SearchResult
from kb.search import search as find
from web.commands.progress import progress
from web.wiring import Services

# Query sets hold whole sentences, which nobody types into the box of a page.
TEXT_LIMIT = 1000


def answer_batch(
    services: Services,
    session: Session,
    actor: Actor,
    request: SearchRequest,
    batch: Path,
    run_path: Path,
    snippets: Path | None,
) -> None:
    """Answer every query of a file and write the ranks, and the snippets if wanted.

    Args:
        request: The conditions that hold for every query.
        batch: Queries, see ``read_queries``.
        run_path: Where to write query id, external id, rank and score.
        snippets: Where to write query id, external id, rank and snippet.

    Raises:
        click.ClickException: if no index can answer or a line has no query.
    """
    queries = list(read_queries(batch))
    with ExitStack() as stack:
        run = stack.enter_context(run_path.open("w", encoding="utf-8", newline="\n"))
        shown = stack.enter_context(snippets.open("w", encoding="utf-8", newline="\n")) if snippets else None
        report = stack.enter_context(progress("查询", len(queries)))
        for done, (query_id, text) in enumerate(queries, start=1):
            result = find(
                session,
                actor,
                services.engine,
                replace(request, text=text),
                services.clock.now(),
                services.zone,
                text_limit=TEXT_LIMIT,
            )
            if result.degraded:
                raise click.ClickException("索引不可用，请先运行 kb index。")
            _write_ranks(query_id, result, run, shown)
            report(done)
    click.echo(f"已回答 {len(queries)} 个查询：{run_path}")


def read_queries(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (query id, text) from a tab-separated file, with or without a header that names ``query``.

    Raises:
        click.ClickException: if a line has no query.
    """
    id_at, query_at = 0, 1
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for number, line in enumerate(stream, start=1):
            cells = line.rstrip("\r\n").split("\t")
            if number == 1 and "qid" in cells and "query" in cells:
                id_at, query_at = cells.index("qid"), cells.index("query")
            elif line.strip():
                if len(cells) <= max(id_at, query_at):
                    raise click.ClickException(f"{path} 第 {number} 行没有查询，应为“编号<制表符>查询”。")
                yield cells[id_at], cells[query_at]


def _write_ranks(query_id: str, result: SearchResult, run: TextIO, snippets: TextIO | None) -> None:
    for rank, row in enumerate(result.rows, start=1):
        name = row.hit.external_id or str(row.hit.article_id)
        run.write(f"{query_id}\t{name}\t{rank}\t{row.hit.score:.6f}\n")
        if snippets is not None:
            snippets.write(f"{query_id}\t{name}\t{rank}\t{' '.join(snippet_of(row.hit).split())}\n")


def snippet_of(hit: EngineHit) -> str:
    """Return the text that a hit shows: its snippet, or the place in its attachment."""
    if hit.snippet is not None:
        return hit.snippet.text
    return hit.file.text if hit.file is not None else ""
