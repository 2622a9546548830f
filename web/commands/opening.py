"""Opens what a command works with, refusing a home whose database is not there yet."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from kb.clock import SystemClock
from kb.database import Database
from kb.migrate import is_current
from kb.ports import Clock
from web.settings import Settings
from web.wiring import Services, build_services

SQLITE_PREFIX = "sqlite:///"


@dataclass(frozen=True)
class Store:
    """The database and what times it; enough for every command that does not search."""

    database: Database
    clock: Clock
    zone: ZoneInfo


def open_store() -> Store:
    """Return the database of the configured home.

    Raises:
        click.ClickException: if the database does not exist or has an older schema.
    """
    settings = Settings()
    database = Database(settings.database_url)
    _refuse_unready(settings, database)
    return Store(database, SystemClock(), settings.zone)


def open_services() -> Services:
    """Return all services of the configured home, the search engine among them.

    Raises:
        click.ClickException: if the database does not exist or has an older schema.
    """
    settings = Settings()
    _refuse_unready(settings, Database(settings.database_url))
    return build_services(settings)


def _refuse_unready(settings: Settings, database: Database) -> None:
    url = settings.database_url
    # Asking a SQLite file for its schema would create it, also in a mistyped folder.
    if url.startswith(SQLITE_PREFIX) and not Path(url.removeprefix(SQLITE_PREFIX)).is_file():
        raise click.ClickException(f"{settings.home} 里还没有数据库，请先运行 kb upgrade。")
    if not is_current(database):
        raise click.ClickException("数据库的结构不是当前版本，请先运行 kb upgrade。")
