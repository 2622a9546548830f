"""Builds the engines in processes of their own, and tells what that took."""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.bench.corpora import Source
from tests.bench.engines.asked import Engine
from tests.bench.figures import Built
from tests.bench.measure_corpus import watched

SEED = 20260601


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


def build(name: str, corpus: Path, size: int, folder: Path) -> Built:
    """Build one engine in a child, or take the figures of one that was kept in the folder."""
    kept = folder / f"{name}.json"
    if kept.exists():
        return Built(**json.loads(kept.read_text()))
    before = _bytes_in(folder)
    used = _processor_of_children()
    command = [sys.executable, "-m", "tests.bench.building", str(corpus), name, str(size), str(folder)]
    seconds, peak = watched(subprocess.Popen(command), f"building {name}")
    built = Built(seconds, _processor_of_children() - used, peak, (_bytes_in(folder) - before) / 2**20)
    kept.write_text(json.dumps(asdict(built)))
    return built


def _processor_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def memory() -> tuple[float, float]:
    """Return the MiB that this process holds for itself, and with the pages of the files it has mapped."""
    rows = dict(line.split(":") for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    own, everything = (int(rows[name].split()[0]) / 1024 for name in ("Anonymous", "Rss"))
    return own, everything


def main() -> None:
    """Build one engine; what ``build`` calls in the child."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("name")
    parser.add_argument("size", type=int)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    engines(options.folder)[options.name]().build(Source(options.corpus).articles(options.size, SEED))


if __name__ == "__main__":
    main()
