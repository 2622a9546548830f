"""What a server's processes take: memory of their own over time, processor time for each kind of request."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import psutil

from tests.bench.measure_corpus import cpu_seconds
from tests.bench.visitors import HITS, WORDING, Visitor, log_in

SHOWN = 7


@dataclass
class Memory:
    """The memory that each process of a tree shares with nobody, looked at now and then.

    Pages of the index are mapped and belong to the system's cache: they are not counted.
    """

    top: int
    seen: dict[str, list[int]] = field(default_factory=dict)

    def look(self) -> None:
        """Note what every process has now, in MiB."""
        top = psutil.Process(self.top)
        for process in (top, *top.children(recursive=True)):
            try:
                name = _name(process)
                self.seen.setdefault(name, []).append(process.memory_full_info().uss >> 20)
            except psutil.Error:
                continue

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield every process with its figures, first and last among them."""
        for name, figures in self.seen.items():
            step = max(1, (len(figures) - 1) // (SHOWN - 1))
            shown = [*figures[:-1:step][: SHOWN - 1], figures[-1]]
            yield name, " / ".join(map(str, shown))


def _name(process: psutil.Process) -> str:
    words = process.cmdline()
    for part, name in (("--listener", "web"), ("follower", "follower"), ("kb.markup.child", "renderer")):
        if part in words:
            return f"{name} {process.pid}"
    return f"{'supervisor' if 'serve' in words else 'child'} {process.pid}"


@dataclass(frozen=True)
class Kinds:
    """One visitor who asks each kind of request so many times (``each``), with nothing beside it."""

    server: int
    port: int
    words: list[str]
    each: int


def kinds_of(asked: Kinds) -> Iterator[str]:
    """Yield a row for every kind: the processor time of the whole server for one request, in ms."""
    chance = random.Random(asked.each)
    visitor = Visitor(asked.port)
    log_in(visitor, 0)
    texts = ["".join(chance.sample(asked.words, chance.randint(1, 2)))[:60] for _number in range(asked.each)]
    pages: list[str] = []

    def spent(paths: list[str]) -> float:
        before = cpu_seconds(asked.server)
        pages.extend(visitor.ask("GET", path)[1] for path in paths)
        return 1000 * (cpu_seconds(asked.server) - before) / max(1, len(paths))

    typed = [text[:length] for text in texts for length in range(2, len(text) + 1, 2)]
    yield f"| suggest | {spent([f'/suggest?q={quote(text)}' for text in typed]):.1f} | |"
    yield f"| search, new | {spent([f'/search?q={quote(text)}' for text in texts]):.1f} | |"
    found = [chance.choice(hits) for page in pages if (hits := HITS.findall(page))]
    wordings = [copies[0][0] for page in pages if (copies := WORDING.findall(page))]
    yield f"| search, again | {spent([f'/search?q={quote(text)}' for text in texts]):.1f} | |"
    yield f"| open | {spent([path.replace('&amp;', '&') for path in found]):.1f} | |"
    yield f"| wording | {spent([path.replace('&amp;', '&') for path in wordings]):.1f} | |"
