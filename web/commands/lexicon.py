"""``kb lexicon``: words that the knowledge base uses and no dictionary has."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from web.commands.opening import open_services
from web.wiring import lexicon_folder

if TYPE_CHECKING:
    from indexer.snapshot import Snapshot


@click.group()
def lexicon() -> None:
    """词库：从知识库自身的文字里找出新词。"""


@lexicon.command()
@click.option(
    "--least", type=click.IntRange(min=3), default=12, show_default=True, help="至少出现多少次才算。"
)
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=200, show_default=True, help="最多给出多少个。"
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="把词写到这个文件，每行一个；默认连同次数和例子显示出来。",
)
def grow(least: int, limit: int, output: Path | None) -> None:
    """找出词库还没有的词：字与字总在一起、前后又能自由搭配的字串。

    结果请由业务人员看过，再把要用的词加进词库的 words.txt，然后运行 kb reindex。
    """
    from indexer.growth import new_words
    from indexer.language import Language
    from indexer.whoosh_engine import WhooshEngine

    services = open_services()
    if not isinstance(services.engine, WhooshEngine):
        raise click.ClickException("当前搜索引擎不支持从索引里找新词。")
    language = Language(lexicon_folder())
    texts = list(_texts(services.engine.opened().snapshot))
    found = new_words(texts, language.lexicon, language.analyzer.knows, least, limit)
    if output is not None:
        output.write_text("".join(f"{word.text}\n" for word in found), encoding="utf-8")
        click.echo(f"已写入 {len(found)} 个词：{output}")
        return
    for word in found:
        click.echo(f"{word.text}\t{word.count}\t…{word.example}…")
    if not found:
        click.echo("没有找到新词；可以用 --least 降低出现次数。")


def _texts(snapshot: "Snapshot") -> Iterator[str]:
    """Yield all titles and passages of living articles, each character once."""
    for head in snapshot.alive.nonzero()[0].tolist():
        yield snapshot.title(head)
        for row in range(int(snapshot.first_passage[head]), int(snapshot.first_passage[head + 1])):
            # What follows a passage's own text is the beginning of the next one.
            yield snapshot.passage(row)[: int(snapshot.places["length"][row])]
