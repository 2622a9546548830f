"""Compares the product with stock Whoosh, SQLite FTS5 and Tantivy on corpora of growing size.

Run from the root of the repository, with the packages of requirements-bench.txt installed::

    python -m tests.bench.compare CORPUS.jsonl --sizes 1000,10000,100000
    python -m tests.bench.compare CORPUS.jsonl --sizes 1000000 --engines product,Tantivy --chart cost.svg

Every engine is built in a process of its own (seconds, processor seconds and peak memory are those of that
process and its children); then all of them are asked the same questions in the same process, one after the
other and round by round, so that what disturbs the machine disturbs all of them. A question counts with
the median of its rounds. With ``--keep FOLDER`` what was built stays there with its figures and is asked
again by the next run; remove the folder of an engine that has changed.
It is a script and not a test: what it prints depends on the machine.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.evaluation import percentile
from tests.bench.corpora import Source
from tests.bench.engines.asked import KINDS, Engine, Question, Words, questions
from tests.bench.engines.cut import cut
from tests.bench.measure_corpus import tree_memory

SEED = 20260601
SAMPLE = 4_000
# Asks the index that the product built.
BORROWED = "first stage"
Times = dict[str, dict[str, list[float]]]


def engines(folder: Path) -> dict[str, Callable[[], Engine]]:
    """Return how to make every engine over a folder; a missing package leaves its engine out."""

    def product() -> Engine:
        from tests.bench.engines.product import Product

        return Product(folder)

    def first_stage() -> Engine:
        from tests.bench.engines.first_stage import FirstStage

        return FirstStage(folder)

    def stock() -> Engine:
        from tests.bench.engines.stock import StockWhoosh

        return StockWhoosh(folder)

    def fts5() -> Engine:
        from tests.bench.engines.fts5 import Fts5

        return Fts5(folder)

    def tantivy() -> Engine:
        from tests.bench.engines.tantivy_engine import Tantivy

        return Tantivy(folder)

    return {"product": product, "first stage": first_stage, "Whoosh": stock, "FTS5": fts5, "Tantivy": tantivy}


@dataclass(frozen=True)
class Built:
    """What building took: seconds, processor seconds, and in MiB the peak memory and the size on disk."""

    seconds: float
    processor: float
    peak: float
    disk: float


def build(name: str, corpus: Path, size: int, folder: Path) -> Built:
    """Build one engine in a child, or take the figures of one that was kept in the folder."""
    kept = folder / f"{name}.json"
    if kept.exists():
        return Built(**json.loads(kept.read_text()))
    before = _bytes_in(folder)
    used = _processor_of_children()
    command = [sys.executable, "-m", "tests.bench.compare", str(corpus), "--build", name]
    command += ["--sizes", str(size), "--folder", str(folder)]
    started = time.perf_counter()
    process = subprocess.Popen(command)
    peak = 0
    while process.poll() is None:
        peak = max(peak, tree_memory(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"building {name} ended with {process.returncode}")
    seconds, processor = time.perf_counter() - started, _processor_of_children() - used
    built = Built(seconds, processor, peak / 2**20, (_bytes_in(folder) - before) / 2**20)
    kept.write_text(json.dumps(asdict(built)))
    return built


def _processor_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


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


def rows_of_times(times: Times, names: Sequence[str]) -> Iterator[str]:
    """Yield the table of milliseconds by kind, then all kinds together and the ratios to the product."""
    yield "| question | " + " | ".join(f"{name} p50 / p95 / p99" for name in names) + " |"
    yield "|---|" + "---|" * len(names)
    mixed: dict[str, list[float]] = {name: [] for name in names}
    both = [kind for kind in KINDS if all(times[name].get(kind) for name in names)]
    for kind in KINDS:
        cells = []
        for name in names:
            measured = times[name].get(kind, [])
            cells.append(_figures(measured) if measured else "–")
            if kind in both:
                mixed[name] += measured
        yield f"| {kind} | " + " | ".join(cells) + " |"
    yield "| **all kinds that all can answer** | " + " | ".join(_figures(mixed[n]) for n in names) + " |"
    for own in ("product", BORROWED):
        base = mixed.get(own)
        if base:
            cells = []
            for name in names:
                p50, p99 = (percentile(mixed[name], q) / percentile(base, q) for q in (0.5, 0.99))
                cells.append(f"{p50:.2f}× / {p99:.2f}×")
            yield f"| ratio to {own}, p50 / p99 | " + " | ".join(cells) + " |"


def _figures(measured: Sequence[float]) -> str:
    return " / ".join(f"{percentile(measured, q):.2f}" for q in (0.5, 0.95, 0.99))


def measure(options: argparse.Namespace, size: int, folder: Path) -> tuple[list[str], dict[str, float]]:
    """Build and ask all engines at one size; return the lines to print and the p50 by engine."""
    source = Source(options.corpus)
    text = sum(
        len(made.title.encode()) + len(made.body.encode())
        for made in source.articles(min(size, SAMPLE), SEED)
    )
    text_mib = text / min(size, SAMPLE) * size / 2**20
    lines = [f"\n## {size:,} articles, about {text_mib:.0f} MiB of text\n"]
    lines += [
        "| engine | build, s | processor, s | peak memory, MiB | on disk, MiB | of the text |",
        "|---|---|---|---|---|---|",
    ]
    made = engines(folder)
    names = [name for name in options.engines if name != "Whoosh" or size <= options.stock_most]
    for name in names:
        if name == BORROWED:
            continue
        built = build(name, options.corpus, size, folder)
        lines.append(
            f"| {name} | {built.seconds:.1f} | {built.processor:.1f} | {built.peak:.0f} | {built.disk:.1f} "
            f"| {built.disk / text_mib:.2f}× |"
        )
        print(lines[-1], file=sys.stderr)
    opened = [made[name]() for name in names]
    for engine in opened:
        engine.open()
    asked = questions(sample_words(source, size), options.each, SEED)
    ask_all(opened, asked[: len(KINDS)], 1)
    times = ask_all(opened, asked, options.rounds)
    lines += ["", *rows_of_times(times, names)]
    middle = {name: percentile([ms for kind in times[name].values() for ms in kind], 0.5) for name in names}
    return lines, middle


@contextmanager
def _folder(keep: Path | None, size: int) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)
        return
    folder = keep / str(size)
    folder.mkdir(parents=True, exist_ok=True)
    yield folder


def draw(chart: Path, points: dict[str, dict[int, float]]) -> None:
    """Draw the median cost against the number of articles, both logarithmic."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "cost"
    figure, axes = plt.subplots(figsize=(7, 4.2))
    for name, found in points.items():
        axes.loglog(list(found), list(found.values()), marker="o", label=name)
    axes.set_xlabel("articles")
    axes.set_ylabel("median of the mixed questions, ms")
    axes.grid(which="both", alpha=0.3)
    axes.legend()
    figure.savefig(chart, metadata={"Date": None}, bbox_inches="tight")


def main() -> None:
    """Build in a child, or measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, help="JSON Lines with title and body to recombine")
    parser.add_argument("--sizes", default="1000,10000", help="numbers of articles, separated by commas")
    parser.add_argument("--engines", default="product,first stage,Whoosh,FTS5,Tantivy")
    parser.add_argument("--each", type=int, default=12, help="questions of every kind")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stock-most", type=int, default=100_000, help="largest size for stock Whoosh")
    parser.add_argument("--chart", type=Path, help="draw cost against size as SVG")
    parser.add_argument("--points", type=Path, help="keep the points of the chart as JSON, adding to them")
    parser.add_argument("--keep", type=Path, help="build here and keep it; a temporary folder otherwise")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--build", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.engines = options.engines.split(",")
    sizes = [int(size) for size in options.sizes.split(",")]
    if options.build:
        engines(options.folder)[options.build]().build(Source(options.corpus).articles(sizes[0], SEED))
        return
    points: dict[str, dict[int, float]] = defaultdict(dict)
    if options.points and options.points.exists():
        for name, found in json.loads(options.points.read_text()).items():
            points[name] = {int(size): ms for size, ms in found.items()}
    print(f"{os.cpu_count()} cores")
    for size in sizes:
        with _folder(options.keep, size) as folder:
            lines, middle = measure(options, size, folder)
        print("\n".join(lines), flush=True)
        for name, ms in middle.items():
            points[name][size] = ms
    if options.points:
        options.points.write_text(json.dumps(points))
    if options.chart:
        draw(options.chart, {name: dict(sorted(found.items())) for name, found in points.items()})


if __name__ == "__main__":
    main()
