"""The figures of the comparison: what was measured at each size, kept as JSON, with exponents of growth."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from indexer.evaluation import percentile
from tests.bench.engines.asked import KINDS, WORDED

# Growth is read off from here on: below, fixed costs outweigh the postings.
GROWS_FROM = 10_000


@dataclass(frozen=True)
class Built:
    """What building took: seconds, processor seconds, and in MiB the peak memory and the size on disk."""

    seconds: float
    processor: float
    peak: float
    disk: float


@dataclass
class Figures:
    """Everything measured at one size.

    ``text`` is MiB of UTF-8; ``times`` holds by engine and kind the median milliseconds of each question;
    ``memory`` by engine the MiB that opening and asking added to the process: its own, and with the pages
    of mapped files; ``postings`` by kind how many postings the words of each question have; ``said`` is what to know of the machine and the run.
    """

    text: float
    built: dict[str, Built] = field(default_factory=dict)
    times: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)
    postings: dict[str, list[int]] = field(default_factory=dict)
    said: str = ""

    @property
    def common(self) -> list[str]:
        """The kinds of question that every engine answered."""
        return [kind for kind in KINDS if all(times.get(kind) for times in self.times.values())]

    def all_of(self, engine: str) -> list[float]:
        """Return an engine's milliseconds for the kinds that all engines answered."""
        return [ms for kind in self.common for ms in self.times[engine][kind]]

    def worded(self, engine: str) -> list[float]:
        """Return an engine's milliseconds for the questions that name whole words."""
        return [ms for kind in WORDED for ms in self.times[engine].get(kind, [])]

    def touched(self) -> list[int]:
        """Return the postings of the questions that name whole words."""
        return [count for counts in self.postings.values() for count in counts]


def load(path: Path) -> dict[int, Figures]:
    """Return the figures kept in a file, by size; none if there is no file."""
    if not path.exists():
        return {}
    found = {}
    for size, row in json.loads(path.read_text()).items():
        row["built"] = {name: Built(**built) for name, built in row["built"].items()}
        row["memory"] = {name: tuple(pair) for name, pair in row["memory"].items()}
        found[int(size)] = Figures(**row)
    return found


def save(path: Path, found: Mapping[int, Figures]) -> None:
    """Keep the figures of every size in a file."""
    rows = {str(size): asdict(figures) for size, figures in sorted(found.items())}
    path.write_text(json.dumps(rows))


def exponent(points: Mapping[int, float]) -> float | None:
    """Return the slope of log value against log size by least squares; ``None`` for fewer than two points.

    1 means that the value grows as the size does, 0 that it stays.
    """
    usable = {size: value for size, value in points.items() if value > 0}
    if len(usable) < 2:
        return None
    across = [math.log(size) for size in usable]
    up = [math.log(value) for value in usable.values()]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    spread = sum((x - middle) ** 2 for x in across)
    return sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True)) / spread


def growing(sizes: Sequence[int]) -> list[int]:
    """Return the sizes over which growth is read off: from 10,000 on, or all if those are too few."""
    large = [size for size in sizes if size >= GROWS_FROM]
    return sorted(large if len(large) > 1 else sizes)


def costs(found: Mapping[int, Figures], share: float) -> dict[str, dict[int, float]]:
    """Return by engine and size the milliseconds that ``share`` (0 to 1) of the worded questions stay within."""
    lines: dict[str, dict[int, float]] = {}
    for size, figures in sorted(found.items()):
        for name in figures.times:
            lines.setdefault(name, {})[size] = percentile(figures.worded(name), share)
    return lines
