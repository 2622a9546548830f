"""What people do with a bank of a certain size: typing, suggestions, and searches beside publishing.

Run from the root of the repository::

    python -m tests.bench.at_size CORPUS.jsonl --articles 100000 --keep FOLDER
    python -m tests.bench.at_size CORPUS.jsonl --articles 100000 --docs docs/BENCHMARKS.md

An index of made articles is built by the product (``--keep`` keeps it for the next run) and asked through
the product's port: the whole search with rights, time, facets, totals and snippets, without HTTP and
without answers from memory. Every question is asked once, after one of every kind that does not count. Publishing goes
into a copy of the index, one article at a time, by a process of its own; a publish counts from the moment
its writer may begin until a search shows it. Beside it and before it, the same questions are asked five
times a second; new commits are opened by a thread, and small segments are merged while nothing is published, as when
the product serves. It is a script and not a test: what it prints depends on the machine.
"""

import argparse
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from indexer.evaluation import percentile
from kb.ports import EngineQuery, SuggestQuery
from tests.bench.building import SEED, build, memory
from tests.bench.corpora import DAY, DAYS, FIRST, Made, Source
from tests.bench.engines.asked import PAGE
from tests.bench.engines.product import READER, Product
from tests.bench.options import kept_or_not, parser_of
from tests.bench.publisher import Written, publishing
from tests.bench.tables import put
from tests.bench.typed import FAULTY, PLAIN, Typist, beginnings
from tests.bench.waiting import kept_open, wait_until_found

SAMPLE = 4_000
NOW = datetime.fromtimestamp(FIRST + DAYS * DAY, UTC)
EVERY = 0.2


@dataclass
class Times:
    """Milliseconds of one kind of question: by the clock, and of the processor in the thread that asked."""

    clock: list[float] = field(default_factory=list)
    thread: list[float] = field(default_factory=list)

    def take(self, ask: Callable[[], object]) -> None:
        """Measure one question."""
        started, spent = time.perf_counter(), time.thread_time()
        ask()
        self.thread.append(1000 * (time.thread_time() - spent))
        self.clock.append(1000 * (time.perf_counter() - started))

    def add(self, other: "Times") -> None:
        """Take over the measurements of another kind."""
        self.clock += other.clock
        self.thread += other.thread

    def row(self, name: str) -> str:
        """Return the row of the table."""
        return f"| {name} | {len(self.clock)} | {_two(self.clock)} | {_two(self.thread)} |"


def _two(values: Sequence[float]) -> str:
    return " / ".join(f"{percentile(values, share):.1f}" for share in (0.5, 0.95))


def search(product: Product, text: str) -> list[int]:
    """Search as an ordinary person does on the first page; return the articles found."""
    answer = product.engine.search(EngineQuery(text, NOW, READER, limit=PAGE))
    return [hit.article_id for hit in answer.hits]


def suggest(product: Product, text: str) -> None:
    """Ask for suggestions as an ordinary person."""
    product.engine.suggest(SuggestQuery(text, NOW, READER))


def settle() -> None:
    """Return once nothing in this process computes beside us any more: words of titles are read in threads."""
    while True:
        spent = time.process_time()
        time.sleep(0.5)
        if time.process_time() - spent < 0.02:
            return


def typing(product: Product, typist: Typist, each: int) -> Iterator[str]:
    """Ask what people type, kind by kind and in turn, and yield the table."""
    texts = typist.questions(each + 1)
    for several in texts.values():
        search(product, several.pop())
    times = {kind: Times() for kind in texts}
    for number in range(each):
        for kind, several in texts.items():
            if number < len(several):
                times[kind].take(lambda text=several[number]: search(product, text))  # type: ignore[misc]
    yield "| whole search | questions | ms, p50 / p95 | processor ms, p50 / p95 |"
    yield "|---|---|---|---|"
    for title, kinds in (("as the texts stand", PLAIN), ("with faults or in letters", FAULTY)):
        together = Times()
        for kind in kinds:
            together.add(times[kind])
            yield times[kind].row(kind)
        yield together.row(f"**{title}**")


def suggesting(product: Product, typist: Typist, each: int) -> Iterator[str]:
    """Type character by character, and yield the table."""
    texts = typist.questions(max(2, each // 4) + 1)
    yield "| suggestions while typing | questions | ms, p50 / p95 | processor ms, p50 / p95 |"
    yield "|---|---|---|---|"
    every = Times()
    for kind in ("title", "words of a title", "homophone", "pinyin", "initials", "mixed script"):
        suggest(product, texts[kind].pop())
        times = Times()
        for text in beginnings(texts[kind]):
            times.take(lambda text=text: suggest(product, text))  # type: ignore[misc]
        every.add(times)
        yield times.row(kind)
    yield every.row("**all**")


@contextmanager
def asking(product: Product, texts: Sequence[str]) -> Iterator[Times]:
    """Search five times a second in a thread, going round the same texts."""
    times, stop, turn = Times(), threading.Event(), cycle(texts)

    def work() -> None:
        while not stop.wait(EVERY):
            times.take(lambda: search(product, next(turn)))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield times
    finally:
        stop.set()
        thread.join()


def publish_all(folder: Path, articles: Sequence[Made], typist: Typist) -> Iterator[str]:
    """Publish into a copy of the index beside searches, and yield the table."""
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        shutil.copytree(folder / "product", Path(temporary) / "product")
        product = Product(Path(temporary))
        product.open()
        texts = [text for kind in PLAIN for text in typist.questions(12)[kind]]
        for text in texts:
            search(product, text)
        settle()
        with kept_open(product.engine), asking(product, texts) as quiet:
            while len(quiet.clock) < 2 * len(texts):
                time.sleep(EVERY)
        waits: list[float] = []
        written: list[Written] = []
        with (
            publishing(Path(temporary) / "product") as publisher,
            kept_open(product.engine),
            asking(product, texts) as beside,
        ):
            for number, made in enumerate(articles):
                word = f"published{number:04d}"
                since = publisher.begin(made, word)
                query = EngineQuery(word, NOW, None, verbatim=True, limit=1)
                waits.append(wait_until_found(product.engine, query, made.number, since))
                written.append(publisher.written())
                time.sleep(chance.uniform(0.05, 0.4))
    yield "| publishing one by one | p50 / p95 |"
    yield "|---|---|"
    yield f"| from the change to the first search that shows it, s ({len(waits)} publishes) | {_seconds(waits)} |"
    yield f"| of it writing, s | {_seconds([one.seconds for one in written])} |"
    yield f"| writing, processor s | {_seconds([one.processor for one in written])} |"
    for name, times in (("before", quiet), ("beside", beside)):
        yield f"| searches {name}, ms ({len(times.clock)}) | {_two(times.clock)} |"
        yield f"| searches {name}, processor ms | {_two(times.thread)} |"
    for name, after, earlier in (
        ("", beside.clock, quiet.clock),
        (" by processor", beside.thread, quiet.thread),
    ):
        ratios = (percentile(after, share) / percentile(earlier, share) for share in (0.5, 0.95))
        yield (
            f"| searches beside against before{name} | " + " / ".join(f"{one:.2f}×" for one in ratios) + " |"
        )


def _seconds(values: Sequence[float]) -> str:
    return " / ".join(f"{percentile(values, share):.3f}" for share in (0.5, 0.95))


def measure(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Build if need be, and yield every table."""
    source, size = Source(options.corpus), options.articles
    load = os.getloadavg()[0]
    built = build("product", options.corpus, size, folder)
    yield f"### {size:,} articles"
    yield ""
    yield (
        f"Built in {built.seconds:.0f} s ({built.processor:.0f} s of processor) with {built.peak:,.0f} MiB at most, "
        f"{built.disk:,.0f} MiB on disk."
    )
    typist = Typist(source.articles(min(size, SAMPLE), SEED), SEED)
    before = memory()
    product = Product(folder)
    opening = Times()
    opening.take(product.open)
    settle()
    if "typing" in options.only:
        yield from ("", *typing(product, typist, options.each))
    if "suggesting" in options.only:
        yield from ("", *suggesting(product, typist, options.each))
    own, everything = (after - earlier for after, earlier in zip(memory(), before, strict=True))
    yield ""
    yield (
        f"Opened in {opening.clock[0] / 1000:.1f} s; opening and asking took {own:,.0f} MiB, {everything:,.0f} MiB "
        "with the pages of mapped files."
    )
    if "publishing" in options.only:
        product.engine = None  # type: ignore[assignment]
        articles = list(source.articles(options.publishes, SEED + 1))
        yield from ("", *publish_all(folder, articles, typist))
    yield ""
    yield f"{os.cpu_count()} cores, load {load:.1f} at the start and {os.getloadavg()[0]:.1f} at the end."


def main() -> None:
    """Read the options, measure, and print or write."""
    parser = parser_of(__doc__, "JSON Lines with title and body to recombine")
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--each", type=int, default=60, help="questions of every kind")
    parser.add_argument("--publishes", type=int, default=60)
    parser.add_argument("--only", default="typing,suggesting,publishing", help="some of these")
    parser.add_argument("--keep", type=Path, help="build here and keep it; a temporary folder otherwise")
    parser.add_argument("--docs", type=Path, help="put the tables into this file")
    options = parser.parse_args()
    options.only = options.only.split(",")
    with kept_or_not(options.keep and options.keep / str(options.articles)) as folder:
        lines = list(measure(options, folder))
    if options.docs:
        put(options.docs, "at size", lines)
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
