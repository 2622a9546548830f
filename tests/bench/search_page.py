"""The search page over HTTP: the product against Django + Haystack + Whoosh + jieba, on the same articles.

Run from the root of the repository, with the packages of requirements-bench.txt installed::

    python -m tests.bench.search_page CORPUS.jsonl --rounds 5

Both sites are filled from the same corpus, served by waitress with the same number of threads on the same
machine, and asked the same questions in turn: one, then the other, round by round, over one kept connection
each. Times are those of the clock; the last row is the processor time that each site's server took for a
page, which a busy machine distorts less. The product is asked by a person who is logged in, so that rights, the lock, facets and the record of
the search are all paid for; the other site knows none of these. Nothing is asked conditionally.
It is a script and not a test: what it prints depends on the machine.
"""

import argparse
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import psutil

from indexer.evaluation import percentile
from tests.bench.corpora import Source
from tests.bench.engines.cut import cut
from tests.bench.measure_corpus import Command, cpu_seconds
from tests.bench.options import parser_of
from tests.bench.visitors import Visitor, fill, free_port, log_in, wait_until_it_answers

SEED = 20260601
THREADS = 8
KINDS = ("one word", "two words of a title", "beginning of a title", "whole title")
HIT = {"product": re.compile(r'<li class="kb-card hit'), "Haystack": re.compile(r'<p class="hit">')}


def questions(source: Source, each: int) -> list[tuple[str, str]]:
    """Return kinds and texts, the same ones for the same corpus."""
    chance = random.Random(SEED)
    titles = [title for title in source.titles if len({word for word in cut(title) if len(word) > 1}) >= 3]
    found = []
    for title in chance.sample(titles, each):
        words = [word for word in dict.fromkeys(cut(title)) if len(word) > 1]
        one, two = chance.sample(words, 2)
        texts = (one, f"{one} {two}", title[: max(4, len(title) // 2)], title)
        found += [(kind, text[:60].strip()) for kind, text in zip(KINDS, texts, strict=True)]
    return found


class Haystack:
    """The site of the tutorials in a process of its own."""

    name = "Haystack"

    def __init__(self, folder: Path, corpus: Path) -> None:
        environment = {**os.environ, "HAYSTACK_SITE": str(folder)}
        command = [sys.executable, "-m", "tests.bench.haystack_site.serve"]
        if not (folder / "whoosh").exists():
            folder.mkdir(parents=True, exist_ok=True)
            subprocess.run([*command, "fill", str(corpus)], env=environment, check=True)
        port = free_port()
        self.process = subprocess.Popen([*command, "web", str(port), str(THREADS)], env=environment)
        wait_until_it_answers(port, "/search/")
        self._visitor = Visitor(port)

    def ask(self, text: str) -> str:
        """Return the page for a question."""
        return self._visitor.ask("GET", f"/search/?q={quote(text)}")[1]


class Product:
    """The product in a process of its own, asked by an agent who is logged in."""

    name = "product"

    def __init__(self, home: Path, corpus: Path) -> None:
        fill(home, corpus, 1)
        command, port = Command(home), free_port()
        command.environment |= {"KB_PORT": str(port), "KB_THREADS": str(THREADS)}
        self.process = command.start("serve")
        wait_until_it_answers(port, "/healthz")
        self._visitor = Visitor(port)
        log_in(self._visitor, 0)

    def ask(self, text: str) -> str:
        """Return the page for a question."""
        return self._visitor.ask("GET", f"/search?q={quote(text)}")[1]


def measure(
    sites: Sequence[Product | Haystack], asked: Sequence[tuple[str, str]], rounds: int
) -> dict[str, list[list[float]]]:
    """Ask every question of every site; return milliseconds by site, question and round."""
    times: dict[str, list[list[float]]] = {site.name: [[] for _question in asked] for site in sites}
    for round_number in range(rounds):
        for number, (_kind, text) in enumerate(asked):
            for site in (sites, sites[::-1])[(round_number + number) % 2]:
                started = time.perf_counter()
                page = site.ask(text)
                times[site.name][number].append(1000 * (time.perf_counter() - started))
                if not HIT[site.name].search(page) and site.name == "product":
                    print(f"nothing found for {text!r}", file=sys.stderr)
    return times


def table(times: dict[str, list[list[float]]], asked: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield p50 and p95 of the medians by kind, of all kinds, and of the very first time of each."""
    yield "| question | product p50 / p95, ms | Haystack p50 / p95, ms | ratio p50 / p95 |\n|---|---|---|---|"
    for kind in (*KINDS, "all"):
        chosen = [number for number, (own, _text) in enumerate(asked) if kind in (own, "all")]
        yield _row(
            kind,
            *(
                [statistics.median(times[name][number]) for number in chosen]
                for name in ("product", "Haystack")
            ),
        )
    yield _row(
        "all, asked for the first time",
        *([measured[0] for measured in times[name]] for name in ("product", "Haystack")),
    )


def serving(pid: int) -> int:
    """Return the process that answers: of the product, the one beside the follower of the index."""
    for child in psutil.Process(pid).children():
        if "web" in child.cmdline()[-2:]:
            return child.pid
    return pid


def processor_row(spent: dict[str, float], pages: int) -> str:
    """Return the row of processor time a page, given the seconds that each site's server took."""
    ours, theirs = (1000 * spent[name] / pages for name in ("product", "Haystack"))
    return f"| processor time a page, mean | {ours:.1f} | {theirs:.1f} | {theirs / ours:.1f}× |"


def _row(kind: str, ours: Sequence[float], theirs: Sequence[float]) -> str:
    cells = [f"{percentile(ms, 0.5):.1f} / {percentile(ms, 0.95):.1f}" for ms in (ours, theirs)]
    ratios = [f"{percentile(theirs, q) / percentile(ours, q):.1f}×" for q in (0.5, 0.95)]
    return f"| {kind} | {cells[0]} | {cells[1]} | {' / '.join(ratios)} |"


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Fill and serve both sites, ask, and print one table."""
    asked = questions(Source(options.corpus), options.each)
    sites: list[Product | Haystack] = []
    try:
        sites.append(Product(folder / "product", options.corpus))
        sites.append(Haystack(folder / "haystack", options.corpus))
        for _kind, text in asked[: len(KINDS)]:
            for site in sites:
                site.ask(text)
        before = {site.name: cpu_seconds(serving(site.process.pid)) for site in sites}
        times = measure(sites, asked, options.rounds)
        spent = {site.name: cpu_seconds(serving(site.process.pid)) - before[site.name] for site in sites}
        print(f"{os.cpu_count()} cores, {len(asked)} questions, {options.rounds} interleaved rounds\n")
        print("\n".join(table(times, asked)))
        print(processor_row(spent, len(asked) * options.rounds))
    finally:
        for site in sites:
            site.process.terminate()
        for site in sites:
            site.process.wait(60)


def main() -> None:
    """Read the options and compare."""
    parser = parser_of(__doc__)
    parser.add_argument("--each", type=int, default=40, help="questions of every kind")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep both sites there; filled ones are used as they are")
    options = parser.parse_args()
    if options.folder:
        compare(options, options.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        compare(options, Path(temporary))


if __name__ == "__main__":
    main()
