"""Fixtures for every test: a private home with the small bank in it, the app over it, and clients."""

import gc
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import small_bank
from argon2 import PasswordHasher
from commanding import run_kb
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from jinja2 import FileSystemBytecodeCache
from sharing import built_once
from sqlalchemy import Engine
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

import kb.database
from indexer.extract.sandbox import SandboxedExtractor
from indexer.follower import Follower
from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb import passwords
from kb.clock import FixedClock
from kb.database import Database
from web.settings import Settings
from web.wiring import Services, lexicon_folder

PRODUCTION_HASHER, PRODUCTION_NOBODY = passwords._hasher, passwords.NOBODY


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run share."""
    # Every worker has a folder of its own below the one of this run.
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def seldom_collected() -> Iterator[None]:
    """Looking for cycles among all that a test process holds was two fifths of the work of a page's test."""
    usual = gc.get_threshold()
    # What is imported by now stays; an application leaves cycles, which are found some tests later.
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(run_folder: Path) -> Iterator[None]:
    """Every test has an application of its own; a template is compiled once for all of them."""
    folder = run_folder / "templates"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": FileSystemBytecodeCache(str(folder))})
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_addresses() -> Iterator[None]:
    """What makes the addresses of a route is compiled once, for the applications of all tests."""
    compile_builder = Rule._compile_builder
    known: dict[object, Any] = {}

    def once(rule: Rule, append_unknown: bool = True) -> Any:
        # The function that is compiled depends on nothing else; it is bound to its rule afterwards.
        key = (tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in known:
            known[key] = compile_builder(rule, append_unknown)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "_compile_builder", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_questions() -> Iterator[None]:
    """Every test has a database of its own; the SQL of a question is put together once for all of them."""
    known: LRUCache[Any, Any] = LRUCache(2_000)
    create = kb.database.create_engine

    def sharing(url: str, **options: Any) -> Engine:
        return create(url, execution_options={"compiled_cache": known}, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kb.database, "create_engine", sharing)
        # SQL is kept under the dialect of its engine; all those of SQLite write the same.
        patch.setattr(SQLiteDialect_pysqlite, "__eq__", lambda one, other: type(one) is type(other))
        patch.setattr(SQLiteDialect_pysqlite, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """The same hash as in production, at a fraction of the work that makes guessing slow."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: quick)
        patch.setattr(passwords, "NOBODY", quick.hash(secrets.token_hex()))
        yield


@pytest.fixture
def slow_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing at the strength of production, for the tests that are about it."""
    monkeypatch.setattr(passwords, "_hasher", PRODUCTION_HASHER)
    monkeypatch.setattr(passwords, "NOBODY", PRODUCTION_NOBODY)


@pytest.fixture(scope="session")
def language() -> Language:
    """The shipped lexicon and the segmenter, loaded once."""
    loaded = Language(lexicon_folder())
    gc.freeze()
    return loaded


@pytest.fixture(scope="session")
def built_home(run_folder: Path, language: Language, quick_passwords: None) -> tuple[Path, small_bank.World]:
    """A home with the small bank and its index, built once and copied for every test."""

    def build(home: Path) -> small_bank.World:
        world = small_bank.build(home)
        database = Database(Settings(home=home).database_url)
        updater = WhooshUpdater(Settings(home=home).index_directory, language)
        Follower(database, updater, SandboxedExtractor(), small_bank.clock()).catch_up()
        database.close()
        return world

    return built_once(run_folder, "small-bank", build)


@pytest.fixture(scope="session")
def sample_home(run_folder: Path, quick_passwords: None) -> tuple[Path, str]:
    """A home with the sample bank and its index as the commands make it, and what loading it printed.

    Built once for all test processes; who writes copies it.
    """

    def build(home: Path) -> str:
        loaded = [run_kb(home, *arguments) for arguments in (("upgrade",), ("sample",), ("index",))]
        assert [done.returncode for done in loaded] == [0, 0, 0], [done.stderr for done in loaded]
        return loaded[1].stdout

    return built_once(run_folder, "sample-bank", build)


@pytest.fixture
def home(tmp_path: Path, built_home: tuple[Path, small_bank.World]) -> Path:
    """A private copy of the built home."""
    return Path(shutil.copytree(built_home[0], tmp_path / "home"))


@pytest.fixture
def world(built_home: tuple[Path, small_bank.World]) -> small_bank.World:
    """The ids of what is in the small bank."""
    return built_home[1]


@pytest.fixture
def clock() -> FixedClock:
    """The clock of the app; move it by setting ``at``."""
    return small_bank.clock()


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    """The small bank's database."""
    database = Database(Settings(home=home).database_url)
    yield database
    database.close()


@pytest.fixture
def settings(home: Path) -> Settings:
    """The settings of the app."""
    return Settings(home=home)


@pytest.fixture
def services(settings: Settings, database: Database, clock: FixedClock, language: Language) -> Services:
    """The real parts, apart from the clock."""
    engine = WhooshEngine(settings.index_directory, language)
    return Services(settings, database, clock, settings.zone, engine)


@pytest.fixture
def app(services: Services) -> Flask:
    """The application with CSRF protection on, as in production."""
    # Imported here so that a fault in a page does not take the tests of the domain down with it.
    from web.app import create_app

    app = create_app(services.settings, services)
    app.testing = False
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a login."""
    return app.test_client()


@pytest.fixture
def csrf_token() -> Callable[[FlaskClient], str]:
    """Makes a valid form token for a client's cookie, as a form it had loaded would hold."""

    def token(client: FlaskClient) -> str:
        with client.session_transaction() as cookie:
            known = cookie.setdefault("csrf_token", secrets.token_hex(20))
        key = client.application.secret_key
        assert key is not None
        signed = URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(known)
        return signed if isinstance(signed, str) else signed.decode()

    return token


@pytest.fixture
def logged_in(csrf_token: Callable[[FlaskClient], str]) -> Callable[..., FlaskClient]:
    """Logs a client in through the login form as the person with a role, and returns it."""

    def log_in(client: FlaskClient, role: str = "agent") -> FlaskClient:
        form = {"username": role, "password": small_bank.PASSWORD, "csrf_token": csrf_token(client)}
        answer = client.post("/login", data=form)
        assert answer.status_code == 303, answer.text
        return client

    return log_in


@pytest.fixture
def catch_up(services: Services, language: Language) -> Callable[[], int]:
    """Brings the index up to date after a test changed the database."""
    updater = WhooshUpdater(services.settings.index_directory, language)
    follower = Follower(services.database, updater, SandboxedExtractor(), services.clock)

    def caught_up() -> int:
        handled = follower.catch_up()
        # An open engine looks for a new commit ten times a second only.
        for _look in range(500):
            if services.engine.cursor() >= updater.cursor():
                break
            time.sleep(0.01)
        return handled

    return caught_up
