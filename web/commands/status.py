"""``kb status``: which processes serve from this home, and how far the index is behind."""

import json
import time
from dataclasses import asdict

import click

from kb.indexing import article_count, latest_change
from web.commands.opening import open_services
from web.processes import FOLLOWER, WEB, Process, Processes

NAMES = {WEB: "网页进程", FOLLOWER: "索引跟随进程"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """列出正在服务的进程，以及索引是否最新；没有网页进程在服务时退出码为 1。"""
    services = open_services()
    running = Processes(services.settings.processes_directory).running()
    with services.database.read() as session:
        articles, newest = article_count(session), latest_change(session)
    indexed = services.engine.cursor()
    if as_json:
        found = {
            "articles": articles,
            "latest_change": newest,
            "indexed_change": indexed,
            "processes": [asdict(process) for process in running],
        }
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo("\n".join([*_processes(running), f"知识 {articles} 篇，{_index(indexed, newest)}"]))
    if not any(process.part == WEB and process.is_ready for process in running):
        context.exit(1)


def _processes(running: list[Process]) -> list[str]:
    ready = [process.part for process in running if process.is_ready]
    lines = [f"网页进程 {ready.count(WEB)} 个，索引跟随进程 {ready.count(FOLLOWER)} 个"]
    for process in running:
        minutes = int(time.time() - process.started_at) // 60
        state = "就绪" if process.is_ready else "正在启动"
        lines.append(
            f"  {NAMES.get(process.part, process.part)} {process.pid}：{state}，已运行 {minutes} 分钟"
        )
    return lines


def _index(indexed: int, newest: int) -> str:
    if indexed < 0:
        return "索引尚未建立。"
    return "索引已是最新。" if indexed >= newest else f"索引落后 {newest - indexed} 次变更。"
