"""A closed loop of agents over real HTTP: they type, read suggestions, search, open, copy, and think.

Run from the root of the repository::

    python -m tests.bench.load CORPUS.jsonl --agents 10,50,200 --minutes 2
    python -m tests.bench.load CORPUS.jsonl --articles 100000 --agents 200 --minutes 30

It fills a home with the corpus, or with as many made articles as asked for (``--home`` keeps it and is not
filled twice), starts ``kb serve``, asks each kind of request by itself to see what it takes of a processor,
logs every agent in, and publishes a revision now and then while they work; ``--quiet-minutes`` lets the first
number of agents work without publishing before. An agent waits for every answer and then thinks, so that the
offered load follows what the server can bear. The last lines say up to how many agents every kind of request
kept its p95 within the goal without an error, and where that ended. It is a script and not a test: what it
prints depends on the machine, part of which the agents take themselves.
"""

import argparse
import http.client
import json
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import psutil
from sqlalchemy import func, select

from indexer.evaluation import percentile
from kb.articles import add_revision, approve
from kb.database import Database
from kb.models import Article
from kb.revision_text import RevisionText, Wording
from tests.bench.bulk import fill_database
from tests.bench.corpora import Source
from tests.bench.engines.cut import cut
from tests.bench.measure_corpus import Command, cpu_seconds
from tests.bench.options import kept_or_not, parser_of
from tests.bench.processes import Kinds, Memory, kinds_of
from tests.bench.visitors import (
    FRAGMENT,
    HITS,
    RELATED,
    WORDING,
    Visitor,
    fill,
    free_port,
    log_in,
    wait_until_it_answers,
)
from web.settings import Settings

SEED = 20260601
MOST_WORDING = 200


@dataclass
class Figures:
    """What all agents measured together: milliseconds by kind of request, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, ms: float, problem: str = "") -> None:
        """Note one request."""
        with self.lock:
            self.times[kind].append(ms)
            if problem:
                self.errors.append(f"{kind}: {problem}")


class Agent(threading.Thread):
    """One person at the telephone.

    Args:
        number: Which account.
        port: Where the server listens.
        words: What there is to ask for.
        figures: Where measurements go.
        think: Mean seconds between two questions.
        stop: Set when it is time to go home.
    """

    def __init__(
        self,
        number: int,
        port: int,
        words: list[str],
        figures: Figures,
        think: float,
        stop: threading.Event,
    ) -> None:
        super().__init__(daemon=True)
        self._chance = random.Random(SEED + number)
        self._number, self._words, self._figures, self._think = number, words, figures, think
        self._visitor, self._stop_asking = Visitor(port), stop
        self.begin = threading.Event()

    def log_in(self) -> None:
        """Log in; the work begins later."""
        log_in(self._visitor, self._number)

    def run(self) -> None:
        """Work until the time is over."""
        if self._stop_asking.wait(self._chance.random() * self._think):
            return
        while not self._stop_asking.is_set():
            self._one_call()
            self._stop_asking.wait(self._chance.expovariate(1 / self._think))

    def _one_call(self) -> None:
        text = "".join(self._chance.sample(self._words, self._chance.randint(1, 2)))[:60]
        for typed in range(2, len(text) + 1, 2):
            self._timed("suggest", f"/suggest?q={quote(text[:typed])}")
            time.sleep(0.15)
        page = self._timed("search", f"/search?q={quote(text)}")
        hits = list(dict.fromkeys(HITS.findall(page)))[:5]
        copies = WORDING.findall(page)
        if hits and self._chance.random() < 0.7:
            opened = self._timed("open", self._chance.choice(hits).replace("&amp;", "&"))
            copies = WORDING.findall(opened) or copies
            for address in RELATED.findall(opened):
                self._timed("related", address.replace("&amp;", "&"), headers=FRAGMENT)
        if copies and self._chance.random() < 0.5:
            self._copy(*self._chance.choice(copies))

    def _copy(self, address: str, article: str) -> None:
        """Ask for the wording at this moment and report that it was copied, as the button does."""
        text = self._timed("wording", address.replace("&amp;", "&"))
        try:
            answer = json.loads(text) if text else {}
        except ValueError:
            answer = {}
        if not answer.get("text"):
            return
        token = f"{self._number}-{self._chance.random()}"
        body = json.dumps({"v": answer["number"], "block": 1, "token": token, "age": 0})
        headers = {"Content-Type": "application/json", "X-CSRFToken": self._visitor.token}
        self._timed("copied", f"/a/{article}/copied", body, headers)

    def _timed(self, kind: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> str:
        started = time.perf_counter()
        problem = text = ""
        try:
            text = self._visitor.ask("POST" if body else "GET", path, body, headers)[1]
        except (OSError, http.client.HTTPException, ValueError) as error:
            problem = repr(error)
        self._figures.add(kind, 1000 * (time.perf_counter() - started), problem)
        return text


def rows_of(corpus: Path) -> Iterator[dict[str, object]]:
    """Yield the corpus; short articles get wording that can be copied."""
    with corpus.open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            short = row["body"].strip()
            wording = {"wording": [short[:MOST_WORDING]]} if len(short) <= 2_000 else {}
            yield {"id": row["id"], "title": row["title"], "body": row["body"], "kind": "load", **wording}


def fill_home(options: argparse.Namespace, home: Path, agents: int) -> None:
    """Fill a home with the corpus, or with made articles, unless it is filled, and give it so many agents."""
    if options.articles and not (home / "kb.sqlite3").exists():
        command = Command(home)
        home.mkdir(parents=True, exist_ok=True)
        command.run("upgrade")
        database = Database(Settings(home=home).database_url)
        fill_database(database, Source(options.corpus).articles(options.articles, SEED))
        database.close()
        command.run("index")
    fill(home, rows_of(options.corpus), agents)


def publish(database: Database, stop: threading.Event, every: float) -> None:
    """Publish a revision of some article every few seconds until told to stop."""
    chance = random.Random(SEED)
    with database.read() as session:
        last = session.scalar(select(func.max(Article.id))) or 0
    number = 0
    while not stop.wait(every):
        number += 1
        moment = datetime.now(UTC)
        with database.write() as session:
            article = session.get(Article, chance.randint(1, last))
            if article is not None:
                said = Wording("", f"第 {number} 次发布的口径。")
                text = RevisionText(f"发布于压力测试 {number}", f"第 {number} 次发布。", wording=(said,))
                approve(session, add_revision(session, article, text, moment), moment)


@dataclass
class Shift:
    """So many agents at work, measured."""

    agents: int
    figures: Figures
    seconds: float
    memory: Memory
    server_cpu: float
    agents_cpu: float
    others: float

    def p95(self, kind: str) -> float:
        """Return milliseconds that nineteen of twenty requests of a kind took at most."""
        return percentile(self.figures.times[kind], 0.95)

    def holds(self, goal: float) -> bool:
        """Return whether every kind of request kept its p95 within the goal, without an error."""
        return max(map(self.p95, self.figures.times)) <= goal and not self.figures.errors

    def rows(self) -> Iterator[str]:
        """Yield the rows of the table."""
        every = [ms for times in self.figures.times.values() for ms in times]
        for kind, times in [*sorted(self.figures.times.items()), ("**all**", every)]:
            p50, p95, p99 = (percentile(times, q) for q in (0.5, 0.95, 0.99))
            yield f"| {self.agents} | {kind} | {len(times) / self.seconds:.1f} | {p50:.0f} / {p95:.0f} / {p99:.0f} |"
        busy = " / ".join(f"{cpu / self.seconds:.2f}" for cpu in (self.server_cpu, self.agents_cpu))
        yield f"| {self.agents} | cores busy in the server / the agents / others | | {busy} / {self.others:.2f} |"
        for name, figures in self.memory.rows():
            yield f"| {self.agents} | own memory of {name}, MiB, over time | | {figures} |"
        yield f"| {self.agents} | errors | | {len(self.figures.errors)} {'; '.join(self.figures.errors[:3])} |"


@dataclass(frozen=True)
class Place:
    """Where the agents work: the server's process and port, the words to ask for, and the database."""

    server: int
    port: int
    words: list[str]
    database: Database


def work(place: Place, agents: int, options: argparse.Namespace, minutes: float, publishes: bool) -> Shift:
    """Let so many agents work for some minutes."""
    figures, stop = Figures(), threading.Event()
    people = [
        Agent(number, place.port, place.words, figures, options.think, stop) for number in range(agents)
    ]
    for person in people:
        person.log_in()
    publisher = threading.Thread(target=publish, args=(place.database, stop, options.publish_every))
    threads = [publisher, *people] if publishes else people
    for thread in threads:
        thread.start()
    # Everybody is at work before anything counts.
    time.sleep(min(options.think, 20 * minutes))
    with figures.lock:
        figures.times.clear()
    memory = Memory(place.server)
    started, spent, own = time.monotonic(), cpu_seconds(place.server), time.process_time()
    whole = sum(psutil.cpu_times()[:3])
    while (left := started + 60 * minutes - time.monotonic()) > 0:
        time.sleep(min(10.0, left))
        memory.look()
    seconds = time.monotonic() - started
    spent, own = cpu_seconds(place.server) - spent, time.process_time() - own
    others = max(0.0, sum(psutil.cpu_times()[:3]) - whole - spent - own) / seconds
    stop.set()
    for thread in threads:
        thread.join(60)
    return Shift(agents, figures, seconds, memory, spent, own, others)


def shifts(place: Place, counts: list[int], options: argparse.Namespace) -> None:
    """Let each number of agents work and print what they measured."""
    print("| agents | request | a second | p50 / p95 / p99, ms |\n|---|---|---|---|")
    quiet = work(place, counts[0], options, options.quiet_minutes, False) if options.quiet_minutes else None
    held = broken = 0
    for count in counts:
        shift = work(place, count, options, options.minutes, True)
        print("\n".join(shift.rows()), flush=True)
        if quiet is not None:
            ratio = shift.p95("search") / quiet.p95("search")
            print(f"| {count} | p95 of a search while publishing / without | | {ratio:.2f} |", flush=True)
            quiet = None
        if shift.holds(options.goal) and not broken:
            held = count
        broken = broken or (0 if shift.holds(options.goal) else count)
    within = f"p95 of every kind of request within {options.goal:.0f} ms and no error"
    print(f"\n{within}: up to {held} agents" + (f"; no longer at {broken}" if broken else ""))


def measure(options: argparse.Namespace, home: Path) -> None:
    """Prepare, serve, let the agents work, and print tables."""
    counts = [int(count) for count in options.agents.split(",")]
    fill_home(options, home, max(counts))
    words = sorted({word for title in Source(options.corpus).titles for word in cut(title) if len(word) > 1})
    database = Database(Settings(home=home).database_url)
    command, port = Command(home), free_port()
    command.environment["KB_PORT"] = str(port)
    started = time.monotonic()
    server = command.start("serve", *(("--processes", str(options.processes)) if options.processes else ()))
    try:
        wait_until_it_answers(port, "/readyz")
        with database.read() as session:
            articles = session.scalar(select(func.count()).select_from(Article))
        print(f"{os.cpu_count()} cores, {articles:,} articles, {options.think:.0f} s think time")
        print(f"answered after {time.monotonic() - started:.1f} s\n")
        place = Place(server.pid, port, words, database)
        if options.each:
            print("| request by itself | processor ms in the server | |\n|---|---|---|")
            print("\n".join(kinds_of(Kinds(server.pid, port, words, options.each))), flush=True)
            print()
        shifts(place, counts, options)
    finally:
        server.terminate()
        server.wait(60)
        database.close()


def main() -> None:
    """Read the options and measure."""
    parser = parser_of(__doc__)
    parser.add_argument("--articles", type=int, default=0, help="make so many from the corpus; else as it is")
    parser.add_argument("--agents", default="10,50,200", help="numbers of agents, separated by commas")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long each number of agents works")
    parser.add_argument("--think", type=float, default=10.0, help="mean seconds between two questions")
    parser.add_argument("--publish-every", type=float, default=5.0, help="seconds between two publishes")
    parser.add_argument(
        "--quiet-minutes", type=float, default=0.0, help="work so long without publishing before"
    )
    parser.add_argument(
        "--processes", type=int, default=0, help="web processes; as many as kb serve takes if 0"
    )
    parser.add_argument(
        "--each", type=int, default=40, help="requests of each kind to take the processor time of"
    )
    parser.add_argument("--goal", type=float, default=150.0, help="p95 in milliseconds that counts as held")
    parser.add_argument("--home", type=Path, help="keep the home there; one that is filled is used as it is")
    options = parser.parse_args()
    with kept_or_not(options.home) as home:
        measure(options, home)


if __name__ == "__main__":
    main()
