"""Compares the product with stock Whoosh, SQLite FTS5 and Tantivy on corpora of growing size.

Run from the root of the repository, with the packages of requirements-bench.txt installed::

    python -m tests.bench.compare CORPUS.jsonl --docs docs/BENCHMARKS.md
    python -m tests.bench.compare CORPUS.jsonl --sizes 1000,10000 --engines product,Tantivy

Every engine is built in a process of its own (seconds, processor seconds and peak memory are those of that
process and its children, making the articles included); then all of them are asked the same questions in
the same process, one after the other and round by round, so that what disturbs the machine disturbs all of
them. A question counts with the median of its rounds. With ``--keep FOLDER`` what was built stays there with
its figures and is asked again by the next run; remove the folder of an engine that has changed, and its
figures. ``--figures FILE`` keeps everything measured and adds to it, so that sizes may be measured one by one.
The tables go to the output, or with ``--docs FILE`` into that file, with the two charts beside it.
It is a script and not a test: what it prints depends on the machine.
"""

import argparse
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.building import SEED, build, engines, memory
from tests.bench.charts import draw_building, draw_costs
from tests.bench.corpora import Source
from tests.bench.engines.asked import KINDS, WORDED, Engine, Question, Words, questions
from tests.bench.engines.cut import cut
from tests.bench.figures import Figures, load, save
from tests.bench.options import kept_or_not, parser_of
from tests.bench.tables import put, rows_of

SAMPLE = 4_000
# Asks the index that the product built.
BORROWED = "first stage"
Times = dict[str, dict[str, list[float]]]


def ask_all(opened: Sequence[Engine], asked: Sequence[Question], rounds: int) -> Times:
    """Ask every engine every question ``rounds`` times; return medians in ms by engine and kind."""
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    silent: set[tuple[str, str]] = set()
    for round_number in range(rounds):
        for number, question in enumerate(asked):
            # Turn about, so that no engine always finds the caches that another left behind.
            for engine in opened[round_number % len(opened) :] + opened[: round_number % len(opened)]:
                if (engine.name, question.kind) in silent:
                    continue
                started = time.perf_counter()
                if engine.ask(question) is None:
                    silent.add((engine.name, question.kind))
                    continue
                times[engine.name, number].append(1000 * (time.perf_counter() - started))
    found: Times = defaultdict(lambda: defaultdict(list))
    for (name, number), measured in times.items():
        found[name][asked[number].kind].append(statistics.median(measured))
    return found


def sample_words(source: Source, size: int) -> Words:
    """Return the words of the first made articles."""
    words = Words()
    for made in source.articles(min(size, SAMPLE), SEED):
        words.add(cut(made.title) + cut(made.body))
    return words


def open_all(opened: Sequence[Engine], first: Sequence[Question]) -> dict[str, tuple[float, float]]:
    """Open every engine and ask it some questions; return what that added to the memory of this process."""
    added = {}
    for engine in opened:
        before = memory()
        engine.open()
        for question in first:
            engine.ask(question)
        own, everything = (after - earlier for after, earlier in zip(memory(), before, strict=True))
        added[engine.name] = (own, everything)
    return added


def postings(opened: Sequence[Engine], asked: Sequence[Question]) -> dict[str, list[int]]:
    """Return by kind how many postings each question's words have, counted by the first engine that can."""
    counting = next((engine for engine in opened if hasattr(engine, "postings")), None)
    found: dict[str, list[int]] = defaultdict(list)
    for question in asked:
        if counting is not None and question.kind in WORDED:
            found[question.kind].append(counting.postings(question))
    return found


def measure(options: argparse.Namespace, size: int, folder: Path) -> Figures:
    """Build and ask all engines at one size."""
    source = Source(options.corpus)
    text = sum(len((made.title + made.body).encode()) for made in source.articles(size, SEED)) / 2**20
    figures, load_before = Figures(text), os.getloadavg()[0]
    names = [name for name in options.engines if name != "Whoosh" or size <= options.stock_most]
    for name in names:
        if name != BORROWED:
            figures.built[name] = build(name, options.corpus, size, folder)
            print(size, name, figures.built[name], file=sys.stderr)
    made = engines(folder)
    opened = [made[name]() for name in names]
    asked = questions(sample_words(source, size), options.each, SEED)
    figures.memory = open_all(opened, asked[: len(KINDS)])
    figures.postings = dict(postings(opened, asked))
    figures.times = {name: dict(kinds) for name, kinds in ask_all(opened, asked, options.rounds).items()}
    figures.said = (
        f"{os.cpu_count()} cores, load {load_before:.1f} at the start and {os.getloadavg()[0]:.1f} at the end; "
        f"{options.each} questions of every kind, {options.rounds} rounds"
    )
    return figures


def write(options: argparse.Namespace, found: Mapping[int, Figures]) -> None:
    """Print the tables, or put them into the file chosen with their charts beside it."""
    lines = list(rows_of(found))
    if options.docs is None:
        print("\n".join(lines))
        return
    draw_costs(options.docs.with_name("cost.svg"), found)
    draw_building(options.docs.with_name("building.svg"), found)
    lines += ["", "![Milliseconds of a question against the number of articles](cost.svg)", ""]
    lines += ["![Seconds of building and size on disk against the number of articles](building.svg)"]
    put(options.docs, "compare", lines)


def main() -> None:
    """Read the options, measure and write."""
    parser = parser_of(__doc__, "JSON Lines with title and body to recombine")
    parser.add_argument(
        "--sizes", default="1000,10000,100000,1000000", help="numbers of articles, with commas"
    )
    parser.add_argument("--engines", default="product,first stage,Whoosh,FTS5,Tantivy")
    parser.add_argument("--each", type=int, default=12, help="questions of every kind")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stock-most", type=int, default=100_000, help="largest size for stock Whoosh")
    parser.add_argument(
        "--docs", type=Path, help="put the tables into this file and draw the charts beside it"
    )
    parser.add_argument("--figures", type=Path, help="keep the figures as JSON, adding to them")
    parser.add_argument("--keep", type=Path, help="build here and keep it; a temporary folder otherwise")
    options = parser.parse_args()
    options.engines = options.engines.split(",")
    sizes = [int(size) for size in options.sizes.split(",") if size]
    found = load(options.figures) if options.figures else {}
    for size in sizes:
        with kept_or_not(options.keep and options.keep / str(size)) as folder:
            found[size] = measure(options, size, folder)
        if options.figures:
            save(options.figures, found)
    write(options, found)


if __name__ == "__main__":
    main()
