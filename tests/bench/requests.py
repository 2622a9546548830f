"""What each request of an agent costs: processor time, the engine's share of it, and questions to the database.

Run from the root of the repository::

    python -m tests.bench.requests CORPUS.jsonl --each 10 --rounds 3
    python -m tests.bench.requests CORPUS.jsonl --articles 100000 --profile open

The app runs in this process without a server in front of it and is asked as an agent's browser asks: typing,
searching, opening the first hit, copying its wording and reporting that. Processor time is that of the
answering thread, from the request to the last byte, so that a busy machine distorts it little; what the
notebook's thread writes down later is not counted. The first round asks the engine
everything for the first time; in the others it remembers its answers, as it does where many people work.
It is a script and not a test: what it prints depends on the machine.
"""

import argparse
import cProfile
import io
import pstats
import re
import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask
from sqlalchemy import event
from werkzeug.test import Client, EnvironBuilder

from indexer.evaluation import percentile
from tests.bench.corpora import Source
from tests.bench.load import HITS, rows_of
from tests.bench.options import kept_or_not, parser_of
from tests.bench.search_page import questions
from tests.bench.visitors import FRAGMENT, PASSWORD, RELATED, TOKEN, agent_name, fill
from web.app import create_app
from web.recording import keep_notebook
from web.settings import Settings
from web.wiring import build_services

KINDS = ("suggest", "search", "open", "related", "wording", "copied")
WORDING = re.compile(r'data-copy="(/a/(\d+)/wording\?[^"]*)"')
MS = 1000.0


class Counted:
    """An engine that adds up the processor time spent in it."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        if not callable(found):
            return found

        def timed(*arguments: object, **named: object) -> object:
            started = time.thread_time()
            try:
                return found(*arguments, **named)
            finally:
                self.seconds += time.thread_time() - started

        return timed


@dataclass
class Cost:
    """What the requests of one kind cost, one number a request; times are milliseconds of the processor."""

    times: list[float] = field(default_factory=list)
    engine: list[float] = field(default_factory=list)
    questions: list[int] = field(default_factory=list)

    def row(self, label: str) -> str:
        """Return the row of the table."""
        spread = f"{percentile(self.times, 0.5):.1f} / {percentile(self.times, 0.95):.1f}"
        means = f"{statistics.mean(self.times):.1f} | {statistics.mean(self.engine):.1f}"
        return (
            f"| {label} | {len(self.times)} | {spread} | {means} | {statistics.median(self.questions):.0f} |"
        )


class Site:
    """The app of a home, and an agent who is logged in.

    Args:
        home: Filled before.
        profiled: The kind of request to profile, if any.
    """

    def __init__(self, home: Path, profiled: str | None) -> None:
        settings = Settings(home=home)
        services = build_services(settings)
        self.engine = Counted(services.engine)
        self.app: Flask = create_app(settings, replace(services, engine=self.engine))  # type: ignore[arg-type]
        self.notebook = keep_notebook(self.app)
        self.profile = cProfile.Profile() if profiled else None
        self.costs: dict[str, Cost] = defaultdict(Cost)
        self._profiled = profiled
        self._asked = 0
        self._token = ""
        self._client = Client(self.app)
        event.listen(services.database.engine, "before_cursor_execute", self._count)
        self._log_in()

    def _count(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip()[:6].upper() == "SELECT":
            self._asked += 1

    def _log_in(self) -> None:
        self._token = TOKEN.findall(self._client.get("/login").text)[0]
        form = {"username": agent_name(0), "password": PASSWORD, "csrf_token": self._token}
        self._client.post("/login", data=form)
        self._token = TOKEN.findall(self._client.get("/search").text)[0]

    def ask(self, kind: str, path: str, body: dict[str, object] | None = None, label: str = "") -> str:
        """Ask for a path and add what that costs to the kind's, unless ``label`` is ``-``."""
        builder = EnvironBuilder(
            path=path.partition("?")[0],
            query_string=path.partition("?")[2],
            method="POST" if body else "GET",
            json=body,
            headers={
                "X-CSRFToken": self._token,
                "Accept": "text/html,*/*",
                **(FRAGMENT if kind == "related" else {}),
            },
        )
        cookie = self._client.get_cookie("kb_session")
        environ = builder.get_environ() | {"HTTP_COOKIE": f"kb_session={cookie.value if cookie else ''}"}
        profile = self.profile if kind == self._profiled and label != "-" else None
        self._asked, self.engine.seconds = 0, 0.0
        started = time.thread_time()
        if profile:
            profile.enable()
        status, text = _answer(self.app, environ)
        if profile:
            profile.disable()
        spent = time.thread_time() - started
        if not status.startswith("2"):
            raise SystemExit(f"{status} for {path}")
        if label != "-":
            cost = self.costs[label or kind]
            cost.times.append(MS * spent)
            cost.engine.append(MS * self.engine.seconds)
            cost.questions.append(self._asked)
        return text.decode()


def _answer(app: Callable[..., Iterable[bytes]], environ: dict[str, Any]) -> tuple[str, bytes]:
    told: list[str] = []

    def start(status: str, _headers: object, _problem: object = None) -> Callable[[bytes], object]:
        told.append(status)
        return io.BytesIO().write

    sent = app(environ, start)
    try:
        return told[0] if told else "", b"".join(sent)
    finally:
        close = getattr(sent, "close", None)
        if close is not None:
            close()


def call(site: Site, text: str, label: str) -> None:
    """Do what an agent does in a call: type, search, open, and copy if there is something to copy."""
    for typed in range(2, min(len(text), 8) + 1, 2):
        site.ask("suggest", f"/suggest?q={quote(text[:typed])}", label=label and f"suggest{label}")
    page = site.ask("search", f"/search?q={quote(text)}", label=label and f"search{label}")
    hits = list(dict.fromkeys(HITS.findall(page)))
    copies = WORDING.findall(page)
    if hits:
        opened = site.ask("open", hits[0].replace("&amp;", "&"), label=label and f"open{label}")
        copies = WORDING.findall(opened) or copies
        for address in RELATED.findall(opened):
            site.ask("related", address.replace("&amp;", "&"), label=label and f"related{label}")
    if copies:
        address, article = copies[0]
        site.ask("wording", address.replace("&amp;", "&"), label=label and f"wording{label}")
        report: dict[str, object] = {"v": 1, "block": 1, "token": uuid.uuid4().hex, "age": 0}
        site.ask("copied", f"/a/{article}/copied", report, label=label and f"copied{label}")


def measure(options: argparse.Namespace, home: Path) -> None:
    """Fill the home, ask everything in rounds, and print one table."""
    fill(home, rows_of(options), 1)
    asked = questions(Source(options.corpus), options.each + 1)
    site = Site(home, options.profile)
    try:
        # Templates are compiled and the index is opened before anything counts.
        for _kind, text in asked[:4]:
            for _time in range(2):
                call(site, text, "-")
        for number in range(options.rounds):
            for _kind, text in asked[4:]:
                call(site, text, ", first time" if number == 0 else ", again")
    finally:
        site.notebook.close()
    print(
        "| request | asked | p50 / p95, ms | mean, ms | of it engine, ms | SQL questions |\n|---|---|---|---|---|---|"
    )
    for kind in KINDS:
        for label in (", first time", ", again"):
            if site.costs[kind + label].times:
                print(site.costs[kind + label].row(kind + label))
    if site.profile:
        found = pstats.Stats(site.profile)
        found.sort_stats("tottime").print_stats(45)
        found.sort_stats("cumtime").print_stats(110)


def main() -> None:
    """Read the options and measure."""
    parser = parser_of(__doc__)
    parser.add_argument("--articles", type=int, default=0, help="make so many from the corpus; else as it is")
    parser.add_argument("--each", type=int, default=10, help="questions of every kind")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", choices=KINDS, help="print where the time of one kind of request goes")
    parser.add_argument("--home", type=Path, help="keep the home there; one that is filled is used as it is")
    options = parser.parse_args()
    with kept_or_not(options.home) as home:
        measure(options, home)


if __name__ == "__main__":
    main()
