"""A real server over the sample bank, and a real browser that tolerates no error and no foreign request."""

import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from indexer.extract.sandbox import SandboxedExtractor
from indexer.follower import Follower
from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.clock import SystemClock
from kb.database import Database
from kb.sample import demo_accounts
from web.settings import Settings
from web.wiring import Services

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
DESK = {"width": 1440, "height": 900}
PATIENCE_MS = 30_000


class PassingClock:
    """The machine's clock, which a test may move on: by so much it is ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


class Site:
    """The running server: its address and its parts."""

    def __init__(self, url: str, services: Services, clock: PassingClock) -> None:
        self.url = url
        self.services = services
        self._clock = clock

    def pass_time(self, page: Any, much: timedelta) -> None:
        """Let time pass on the server and on a page whose clock was installed before it was loaded.

        Keep it to minutes: logins end when nobody uses them, and the time never goes back.
        """
        self._clock.ahead += much
        page.clock.fast_forward(int(much.total_seconds() * 1000))


@pytest.fixture(scope="session")
def site_home(tmp_path_factory: pytest.TempPathFactory, sample_home: tuple[Path, str]) -> Path:
    """A private copy of the sample bank with its index."""
    return Path(shutil.copytree(sample_home[0], tmp_path_factory.mktemp("site") / "home"))


@pytest.fixture(scope="session")
def site(site_home: Path, language: Language) -> Iterator[Site]:
    """The application under waitress on a free port."""
    from waitress.server import create_server

    from web.app import create_app

    settings = Settings(home=site_home)
    database = Database(settings.database_url)
    engine = WhooshEngine(settings.index_directory, language)
    assert engine.cursor() > 0, "the index of the sample cannot be opened"
    clock = PassingClock()
    services = Services(settings, database, clock, settings.zone, engine)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = create_server(create_app(settings, services), sockets=[listener], threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", services, clock)
    server.close()
    thread.join(timeout=5)
    database.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests."""
    path = next((path for path in BROWSERS if Path(path).exists()), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def log_in(chromium: Any, site: Site) -> Callable[[str], Any]:
    """Log a demo account in through the form, once, and return the browser state that holds the login."""
    states: dict[str, Any] = {}

    def state(role: str) -> Any:
        if role not in states:
            account = next(account for account in demo_accounts() if account.role == role)
            context = chromium.new_context(locale="zh-CN")
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.goto(f"{site.url}/login")
            page.fill("#username", account.username)
            page.fill("#password", account.password)
            page.press("#password", "Enter")
            page.wait_for_url(f"{site.url}/")
            states[role] = context.storage_state()
            context.close()
        return states[role]

    return state


@pytest.fixture(scope="session")
def watch(site: Site) -> Callable[..., None]:
    """Note every fault of a page: console errors but those expected, and requests off the origin."""

    def watched(page: Any, faults: list[str], expected: tuple[str, ...] = ()) -> None:
        page.on("console", lambda message: _note(faults, message, expected))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("request", lambda request: _note_request(faults, request, site.url))

    return watched


@pytest.fixture
def open_page(
    chromium: Any, site: Site, log_in: Callable[[str], Any], watch: Callable[..., None]
) -> Iterator[Callable[..., Any]]:
    """Open pages as a signed-in person; fails the test on console errors and requests off the origin."""
    contexts: list[Any] = []
    faults: list[str] = []

    def open_one(path: str = "/", role: str | None = "agent", **options: Any) -> Any:
        options.setdefault("viewport", DESK)
        options.setdefault("locale", "zh-CN")
        expected = options.pop("expected_faults", ())
        context = chromium.new_context(storage_state=log_in(role) if role else None, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        watch(page, faults, expected)
        page.goto(f"{site.url}{path}")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert faults == []


def _note(faults: list[str], message: Any, expected: tuple[str, ...]) -> None:
    if message.type in ("error", "warning") and not any(words in message.text for words in expected):
        faults.append(f"{message.type}: {message.text}")


def _note_request(faults: list[str], request: Any, origin: str) -> None:
    if not request.url.startswith((f"{origin}/", "data:", "blob:")):
        faults.append(f"request off the origin: {request.url}")


@pytest.fixture
def follow(site: Site, language: Language) -> Callable[[], int]:
    """Brings the index of the site up to date, as the follower does within a second."""
    updater = WhooshUpdater(site.services.settings.index_directory, language)
    return Follower(site.services.database, updater, SandboxedExtractor(), site.services.clock).catch_up
