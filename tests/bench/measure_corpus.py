"""Measures a whole corpus on the real commands: import, index, searches by title and stretch, publishing.

Run from the root of the repository::

    python -m tests.bench.measure_corpus CORPUS.jsonl
    python -m tests.bench.measure_corpus --sample --only titles,substrings

It is a script and not a test: what it prints depends on the machine.
"""

import argparse
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from sqlalchemy import select

from indexer.evaluation import percentile
from indexer.fold import fold, is_word_character
from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine
from kb.articles import IMPORTED_BODY_LIMIT, RevisionText, add_revision, approve
from kb.database import Database
from kb.models import Article, Revision
from kb.ports import EngineQuery, Scope
from kb.revisions import is_shown_at
from kb.search import QUERY_LIMIT
from tests.bench.options import kept_or_not, parser_of
from web.settings import Settings
from web.wiring import lexicon_folder

PARTS = ("import", "titles", "substrings", "publish")
PAGE = 500
MOST_WAIT = 30.0
Row = tuple[str, str]


@dataclass(frozen=True)
class Shown:
    """An article as readers see it now."""

    article_id: int
    title: str
    body: str


class Command:
    """Runs ``kb`` in a home and watches the time and the memory of all its processes."""

    def __init__(self, home: Path) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
        self.environment["KB_HOME"] = str(home)

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a command and return at once."""
        command = [sys.executable, "-m", "web.cli", *arguments]
        return subprocess.Popen(command, env=self.environment, stdout=sys.stderr)

    def run(self, *arguments: str) -> tuple[float, float]:
        """Run a command; return seconds and the highest sum of resident memory of its tree in MiB."""
        return watched(self.start(*arguments), f"kb {' '.join(arguments)}")


def watched(process: "subprocess.Popen[bytes]", name: str) -> tuple[float, float]:
    """Wait for a process; return seconds and the highest sum of resident memory of its tree in MiB."""
    started = time.perf_counter()
    peak = 0
    while process.poll() is None:
        peak = max(peak, tree_memory(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}")
    return time.perf_counter() - started, peak / 2**20


def tree_memory(pid: int) -> int:
    """Return the resident memory of a process and everything below it, in bytes."""
    total = 0
    try:
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and everything below it has taken."""
    top = psutil.Process(pid)
    times = [process.cpu_times() for process in (top, *top.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def measure_import(command: Command, home: Path, corpus: Path | None) -> Iterator[Row]:
    """Fill a fresh home and build its index."""
    command.run("upgrade")
    arguments = ("sample",) if corpus is None else ("import", str(corpus), "--format", "jsonl")
    seconds, peak = command.run(*arguments)
    yield "import, seconds", f"{seconds:.1f}"
    yield "import, peak memory of all its processes", f"{peak:.0f} MiB"
    seconds, peak = command.run("index")
    yield "index, seconds", f"{seconds:.1f}"
    yield "index, peak memory of all its processes", f"{peak:.0f} MiB"
    index = Settings(home=home).index_directory
    size = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    yield "index on disk", f"{size / 2**20:.1f} MiB"
    yield (
        "database on disk",
        f"{sum(path.stat().st_size for path in home.glob('*.sqlite3*')) / 2**20:.1f} MiB",
    )


def shown_now(database: Database) -> list[Shown]:
    """Return every article in force, with its present title and text."""
    with database.read() as session:
        wanted = select(Revision.article_id, Revision.title, Revision.text).where(
            is_shown_at(datetime.now(UTC))
        )
        return [Shown(*row) for row in session.execute(wanted)]


def asked(text: str, **conditions: object) -> EngineQuery:
    """Return a query of a reader with all rights."""
    return EngineQuery(text, datetime.now(UTC), None, **conditions)  # type: ignore[arg-type]


def measure_titles(engine: WhooshEngine, articles: Sequence[Shown]) -> Iterator[Row]:
    """Search every article by its own title."""
    first = tied = cut = 0
    times, lost = [], []
    for article in articles:
        text = article.title[:QUERY_LIMIT]
        cut += len(article.title) > QUERY_LIMIT
        started = time.perf_counter()
        hits = engine.search(asked(text)).hits
        times.append(1000 * (time.perf_counter() - started))
        ids = [hit.article_id for hit in hits]
        above = hits[: ids.index(article.article_id)] if article.article_id in ids else None
        if above == ():
            first += 1
        elif above is not None and all(same_start(hit.title, text) for hit in above):
            tied += 1
        else:
            lost.append(article.title)
    for title in lost[:20]:
        print("not first by its title:", title, file=sys.stderr)
    count = len(articles)
    yield (
        f"own title at rank 1 ({count:,} titles; {cut} longer than {QUERY_LIMIT} characters, cut)",
        share(first, count),
    )
    yield "own title at rank 1 or tied with an equal title", share(first + tied, count)
    yield "search by title, p50 / p95", f"{percentile(times, 0.5):.1f} / {percentile(times, 0.95):.1f} ms"


def same_start(title: str, text: str) -> bool:
    """Return whether a title begins with what was searched, once both are folded."""
    return squeezed(title[: len(text)]) == squeezed(text)


def squeezed(text: str) -> str:
    """Return the folded text without blanks and punctuation."""
    return "".join(filter(is_word_character, fold(text)))


def stretches(articles: Sequence[Shown], count: int, seed: int) -> Iterator[tuple[int, str]]:
    """Yield (article id, stretch of 2 to 6 characters of its body), the same ones for the same seed."""
    chance = random.Random(seed)
    readable = [article for article in articles if len(squeezed(article.body)) >= 6]
    while count:
        article = chance.choice(readable)
        length = chance.randint(2, 6)
        start = chance.randrange(max(1, len(article.body) - length + 1))
        stretch = article.body[start : start + length]
        if "\n" not in stretch and sum(map(is_word_character, fold(stretch))) >= 2:
            count -= 1
            yield article.article_id, stretch


def measure_substrings(
    engine: WhooshEngine, articles: Sequence[Shown], count: int, seed: int
) -> Iterator[Row]:
    """Search stretches of bodies as they stand and look for their article anywhere in the result."""
    found = 0
    times = []
    for article_id, stretch in stretches(articles, count, seed):
        started = time.perf_counter()
        answer = engine.search(asked(stretch, scope=Scope.CONTENT, verbatim=True))
        times.append(1000 * (time.perf_counter() - started))
        if any(hit.article_id == article_id for hit in answer.hits) or stands_later(
            engine, stretch, article_id, answer.total
        ):
            found += 1
        else:
            print("stretch did not find its article:", article_id, repr(stretch), file=sys.stderr)
    yield (
        f"stretch of 2 to 6 characters of a body finds its article ({count:,} stretches)",
        share(found, count),
    )
    yield "search by stretch, p50 / p95", f"{percentile(times, 0.5):.1f} / {percentile(times, 0.95):.1f} ms"


def stands_later(engine: WhooshEngine, stretch: str, article_id: int, total: int) -> bool:
    """Return whether an article stands on a later page of a result."""
    for offset in range(0, total, PAGE):
        conditions = {"scope": Scope.CONTENT, "verbatim": True, "offset": offset, "limit": PAGE}
        if any(hit.article_id == article_id for hit in engine.search(asked(stretch, **conditions)).hits):
            return True
    return False


def measure_publish(
    command: Command, database: Database, engine: WhooshEngine, articles: Sequence[Shown], count: int
) -> Iterator[Row]:
    """Publish changed revisions and time each from its commit to the first search that shows it."""
    chance = random.Random(count)
    follower = command.start("serve", "--part", "follower")
    waits = []
    try:
        with searching(engine, articles):
            wait_for(database, engine, articles[0], "warmup")
            for number in range(count):
                waits.append(wait_for(database, engine, chance.choice(articles), f"published{number:04d}"))
                time.sleep(chance.uniform(0.05, 0.4))
    finally:
        follower.terminate()
        follower.wait(30)
    figures = f"{percentile(waits, 0.5):.2f} / {percentile(waits, 0.95):.2f} / {max(waits):.2f} s"
    yield f"publish to searchable, p50 / p95 / max ({count} publishes, 5 searches a second beside)", figures


def wait_for(database: Database, engine: WhooshEngine, shown: Shown, word: str) -> float:
    """Publish a revision that holds a new word; return the seconds until a search shows it."""
    at = datetime.now(UTC)
    with database.write() as session:
        article = session.get_one(Article, shown.article_id)
        text = RevisionText(f"{shown.title[:100]} {word}", f"{shown.body}\n\n{word}")
        revision = add_revision(session, article, text, at, limit=IMPORTED_BODY_LIMIT)
        approve(session, revision, at)
    committed = time.perf_counter()
    while time.perf_counter() - committed < MOST_WAIT:
        hits = engine.search(asked(word, verbatim=True, limit=1)).hits
        if hits and hits[0].article_id == shown.article_id:
            return time.perf_counter() - committed
        time.sleep(0.01)
    raise SystemExit(f"{word} was not found within {MOST_WAIT:.0f} seconds")


@contextmanager
def searching(engine: WhooshEngine, articles: Sequence[Shown]) -> Iterator[None]:
    """Search titles five times a second in the background."""
    stop = threading.Event()
    chance = random.Random(5)

    def search() -> None:
        while not stop.wait(0.2):
            engine.search(asked(chance.choice(articles).title[:QUERY_LIMIT]))

    thread = threading.Thread(target=search)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def share(part: int, whole: int) -> str:
    """Return a share with the counts it comes from."""
    return f"{100 * part / max(1, whole):.2f} % ({part:,} of {whole:,})"


def measure(options: argparse.Namespace, home: Path) -> Iterator[Row]:
    """Yield what the chosen parts measured."""
    command = Command(home)
    if not (home / "kb.sqlite3").exists():
        rows = list(measure_import(command, home, None if options.sample else options.corpus))
        yield from rows if "import" in options.only else ()
    database = Database(Settings(home=home).database_url)
    engine = WhooshEngine(Settings(home=home).index_directory, Language(lexicon_folder()))
    articles = shown_now(database)
    yield "articles in force", f"{len(articles):,}"
    yield "characters in their bodies", f"{sum(len(article.body) for article in articles):,}"
    if "titles" in options.only:
        yield from measure_titles(engine, articles)
    if "substrings" in options.only:
        yield from measure_substrings(engine, articles, options.stretches, options.seed)
    if "publish" in options.only:
        yield from measure_publish(command, database, engine, articles, options.publishes)
    database.close()


def parts(text: str) -> list[str]:
    """Return the parts named in a comma-separated list."""
    chosen = text.split(",")
    if unknown := set(chosen) - set(PARTS):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(PARTS)}")
    return chosen


def main() -> None:
    """Measure and print one table."""
    parser = parser_of(__doc__, "")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("corpus", nargs="?", type=Path, help="a JSON Lines file to import")
    source.add_argument("--sample", action="store_true", help="measure on the sample knowledge")
    parser.add_argument(
        "--home", type=Path, help="keep the home there; one that is filled is not imported into"
    )
    parser.add_argument("--only", type=parts, default=list(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--stretches", type=int, default=2500)
    parser.add_argument("--publishes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20260601)
    options = parser.parse_args()
    with kept_or_not(options.home) as home:
        rows = [("machine", f"{os.cpu_count()} cores"), *measure(options, home)]
    print("| measured | value |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
