"""A closed loop of agents over real HTTP: they type, read suggestions, search, open, copy, and think.

Run from the root of the repository::

    python -m tests.bench.load CORPUS.jsonl --articles 100000 --agents 10,50,200 --minutes 2

It fills a home with made articles (``--home`` keeps it and is not filled twice), starts ``kb serve``,
logs every agent in, and publishes a revision now and then while they work. An agent waits for every
answer and then thinks, so that the offered load follows what the server can bear; the throughput at
which percentiles leave the goal is where it breaks. It is a script and not a test: what it prints depends on the machine.
"""

import argparse
import http.client
import json
import os
import random
import re
import socket
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

from sqlalchemy import func, select

from indexer.evaluation import percentile
from kb.articles import RevisionText, add_revision, approve
from kb.database import Database
from kb.departments import all_departments
from kb.models import Article, Person, Role
from kb.people import create_person
from tests.bench.corpora import Source
from tests.bench.engines.cut import cut
from tests.bench.measure_corpus import Command, tree_memory
from web.settings import Settings

SEED = 20260601
PASSWORD = "Kb-load-2026"
HITS = re.compile(r'href="(/a/\d+[^"]*)"')
TOKEN = re.compile(r'name="csrf-token" content="([^"]+)"')


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
        until: When to stop, on the monotonic clock.
    """

    def __init__(
        self, number: int, port: int, words: list[str], figures: Figures, think: float, until: float
    ) -> None:
        super().__init__(daemon=True)
        self._chance = random.Random(SEED + number)
        self._name, self._port, self._words = f"load{number:04d}", port, words
        self._figures, self._think, self._until = figures, think, until
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookie = ""
        self.ready = threading.Event()

    def run(self) -> None:
        """Log in, then work until the time is over."""
        self._log_in()
        self.ready.set()
        time.sleep(self._chance.random() * self._think)
        while time.monotonic() < self._until:
            self._one_call()
            time.sleep(self._chance.expovariate(1 / self._think))

    def _log_in(self) -> None:
        page = self._ask("GET", "/login")
        token = TOKEN.search(page) or re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        form = {"username": self._name, "password": PASSWORD, "csrf_token": token[1] if token else ""}
        self._ask("POST", "/login", urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})

    def _one_call(self) -> None:
        text = "".join(self._chance.sample(self._words, self._chance.randint(1, 2)))
        for typed in range(2, len(text) + 1, 2):
            self._timed("suggest", f"/suggest?q={quote(text[:typed])}")
            time.sleep(0.15)
        page = self._timed("search", f"/search?q={quote(text)}")
        hits = list(dict.fromkeys(HITS.findall(page)))[:5]
        if hits and self._chance.random() < 0.7:
            self._timed("open", self._chance.choice(hits).replace("&amp;", "&"))

    def _timed(self, kind: str, path: str) -> str:
        started = time.perf_counter()
        problem = page = ""
        try:
            page = self._ask("GET", path)
        except (OSError, http.client.HTTPException, ValueError) as error:
            problem = repr(error)
            self._connection.close()
        self._figures.add(kind, 1000 * (time.perf_counter() - started), problem)
        return page

    def _ask(self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None) -> str:
        sent = {"Cookie": self._cookie, **(headers or {})}
        self._connection.request(method, path, body or None, sent)
        answer = self._connection.getresponse()
        text = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._cookie = value.split(";")[0]
        if answer.status >= 400:
            raise ValueError(f"{answer.status} for {path}")
        if answer.status in (301, 302, 303) and "login" in (answer.getheader("Location") or ""):
            raise ValueError("not logged in")
        return text


def prepare(home: Path, corpus: Path, articles: int, agents: int) -> None:
    """Fill a home with made articles and one account an agent, unless it is filled already."""
    command = Command(home)
    if not (home / "kb.sqlite3").exists():
        command.run("upgrade")
        rows = home / "made.jsonl"
        with rows.open("w", encoding="utf-8") as file:
            for made in Source(corpus).articles(articles, SEED):
                row = {"id": f"M{made.number}", "title": made.title, "body": made.body, "kind": "made"}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        command.run("import", str(rows), "--format", "jsonl")
        rows.unlink()
        command.run("index")
    database = Database(Settings(home=home).database_url)
    with database.write() as session:
        known = session.scalar(
            select(func.count()).select_from(Person).where(Person.username.startswith("load"))
        )
        department = all_departments(session)[0]
        for number in range(known or 0, agents):
            create_person(
                session, f"load{number:04d}", f"坐席{number}", PASSWORD, department, [Role.AGENT], _now()
            )
    database.close()


def _now() -> datetime:
    return datetime.now(UTC)


def publish(database: Database, stop: threading.Event, every: float) -> None:
    """Publish a revision of some article every few seconds until told to stop."""
    chance = random.Random(SEED)
    with database.read() as session:
        last = session.scalar(select(func.max(Article.id))) or 0
    number = 0
    while not stop.wait(every):
        number += 1
        with database.write() as session:
            article = session.get(Article, chance.randint(1, last))
            if article is not None:
                text = RevisionText(f"发布于压力测试 {number}", f"第 {number} 次发布。")
                approve(session, add_revision(session, article, text, _now()), _now())


def work(
    server: int, port: int, words: list[str], database: Database, agents: int, options: argparse.Namespace
) -> Iterator[str]:
    """Let so many agents work and yield the rows of their table."""
    figures = Figures()
    until = time.monotonic() + 60 * options.minutes + agents * 0.2
    people = [Agent(number, port, words, figures, options.think, until) for number in range(agents)]
    for person in people:
        person.start()
        person.ready.wait(30)
    figures.times.clear()
    stop = threading.Event()
    publisher = threading.Thread(target=publish, args=(database, stop, options.publish_every))
    publisher.start()
    started, memory = time.monotonic(), [tree_memory(server)]
    while time.monotonic() < until:
        time.sleep(min(10.0, max(0.1, until - time.monotonic())))
        memory.append(tree_memory(server))
    stop.set()
    publisher.join()
    for person in people:
        person.join(60)
    seconds = time.monotonic() - started
    for kind, times in sorted(figures.times.items()):
        p50, p95, p99 = (percentile(times, q) for q in (0.5, 0.95, 0.99))
        yield f"| {agents} | {kind} | {len(times) / seconds:.1f} | {p50:.0f} / {p95:.0f} / {p99:.0f} |"
    first, last = (statistics.median(part) / 2**20 for part in (memory[:3], memory[-3:]))
    yield f"| {agents} | memory of the server at start / end, MiB | | {first:.0f} / {last:.0f} |"
    yield f"| {agents} | errors | | {len(figures.errors)} {'; '.join(figures.errors[:3])} |"


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def measure(options: argparse.Namespace, home: Path) -> None:
    """Prepare, serve, let the agents work, and print one table."""
    counts = [int(count) for count in options.agents.split(",")]
    prepare(home, options.corpus, options.articles, max(counts))
    words = sorted({word for title in Source(options.corpus).titles for word in cut(title) if len(word) > 1})
    database = Database(Settings(home=home).database_url)
    command, port = Command(home), free_port()
    command.environment["KB_PORT"] = str(port)
    server = command.start("serve")
    try:
        _wait_until_it_answers(port)
        print(f"{os.cpu_count()} cores, {options.articles:,} articles, {options.think:.0f} s think time\n")
        print("| agents | request | a second | p50 / p95 / p99, ms |\n|---|---|---|---|")
        for count in counts:
            for row in work(server.pid, port, words, database, count, options):
                print(row, flush=True)
    finally:
        server.terminate()
        server.wait(60)
        database.close()


def _wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.3)
    raise SystemExit("the server does not answer")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, help="JSON Lines with title and body to recombine")
    parser.add_argument("--articles", type=int, default=4_000)
    parser.add_argument("--agents", default="10,50,200", help="numbers of agents, separated by commas")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long each number of agents works")
    parser.add_argument("--think", type=float, default=10.0, help="mean seconds between two questions")
    parser.add_argument("--publish-every", type=float, default=5.0, help="seconds between two publishes")
    parser.add_argument("--home", type=Path, help="keep the home there; one that is filled is used as it is")
    options = parser.parse_args()
    if options.home:
        options.home.mkdir(parents=True, exist_ok=True)
        measure(options, options.home)
        return
    with tempfile.TemporaryDirectory() as temporary:
        measure(options, Path(temporary))


if __name__ == "__main__":
    main()
