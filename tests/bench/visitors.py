"""What benches over HTTP share: a home filled with articles and agents, and a visitor who logs in."""

import http.client
import json
import re
import socket
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import func, select

from kb.database import Database
from kb.departments import all_departments
from kb.models import Person, Role
from kb.people import create_person
from tests.bench.measure_corpus import Command
from web.settings import Settings

PASSWORD = "Kb-load-2026"
TOKEN = re.compile(r'name="csrf[-_]token" (?:content|value)="([^"]+)"')
HITS = re.compile(r'href="(/a/\d+[^"]*)"')
WORDING = re.compile(r'data-copy="(/a/(\d+)/wording\?[^"]*)"')
FRAGMENT = {"X-KB-Fragment": "related"}
RELATED = re.compile(r'data-related="([^"]*)"')
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Visitor:
    """One kept connection to a site of this machine, with its cookie and the token of its forms.

    Args:
        port: Where the site listens.
        seconds: How long to wait for an answer.
    """

    def __init__(self, port: int, seconds: float = 60) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        self._cookie = ""
        self.token = ""

    def ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        """Send a request and return the status and the text.

        Raises:
            ValueError: if the answer is a refusal, or the login page.
            OSError, http.client.HTTPException: if there is no answer.
        """
        sent = (method, path, body or None, {"Cookie": self._cookie, **(headers or {})})
        try:
            try:
                self._connection.request(*sent)
                answer = self._connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # The site closes what was idle for a minute; like a browser, ask again on a new connection.
                self._connection.close()
                self._connection.request(*sent)
                answer = self._connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self._cookie = value.split(";")[0]
        if answer.status >= 400:
            raise ValueError(f"{answer.status} for {path}")
        if answer.status in (301, 302, 303) and "login" in (answer.getheader("Location") or ""):
            raise ValueError("not logged in")
        found = TOKEN.search(text)
        if found:
            self.token = found[1]
        return answer.status, text


def log_in(visitor: Visitor, number: int) -> None:
    """Log an agent in through the form."""
    visitor.ask("GET", "/login")
    form = {"username": agent_name(number), "password": PASSWORD, "csrf_token": visitor.token}
    visitor.ask("POST", "/login", urlencode(form), FORM)


def agent_name(number: int) -> str:
    """Return the user name of an agent."""
    return f"load{number:04d}"


def fill(home: Path, rows: Iterable[dict[str, object]] | Path, agents: int) -> None:
    """Fill a home with articles and index them unless it is filled already, and give it so many agents.

    Args:
        home: Where the database and the index are to live.
        rows: What to import: a file in JSON Lines, or rows of one.
        agents: The accounts wanted; those that are missing are added.
    """
    command = Command(home)
    if not (home / "kb.sqlite3").exists():
        home.mkdir(parents=True, exist_ok=True)
        command.run("upgrade")
        if isinstance(rows, Path):
            command.run("import", str(rows), "--format", "jsonl")
        else:
            made = home / "made.jsonl"
            with made.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            command.run("import", str(made), "--format", "jsonl")
            made.unlink()
        command.run("index")
    database = Database(Settings(home=home).database_url)
    with database.write() as session:
        wanted = select(func.count()).select_from(Person).where(Person.username.startswith("load"))
        department = all_departments(session)[0]
        for number in range(session.scalar(wanted) or 0, agents):
            name, now = agent_name(number), datetime.now(UTC)
            create_person(session, name, f"坐席{number}", PASSWORD, department, [Role.AGENT], now)
    database.close()


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(port: int, path: str) -> None:
    """Return once a site answers a path.

    Raises:
        SystemExit: after five minutes.
    """
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        try:
            Visitor(port, 120).ask("GET", path)
            return
        except (OSError, ValueError, http.client.HTTPException):
            time.sleep(0.3)
    raise SystemExit("the server does not answer")
