"""The engine, its SQLite settings and transactions that open as readers or as the one writer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, sessionmaker

from kb.structure import HOLDER, StructureHolder, watch

WRITE_OPTION = "kb_write"


class Database:
    """Access to one database.

    Args:
        url: SQLAlchemy URL; ``sqlite:///path`` gets WAL, foreign keys and a busy timeout.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _create_engine(url)
        writer = self.engine.execution_options(**{WRITE_OPTION: True})
        self._writers = sessionmaker(writer, expire_on_commit=False)
        watch(self._writers)
        self._structure = StructureHolder()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session for reading; anything changed in it is rolled back."""
        with Session(self.engine, expire_on_commit=False, info={HOLDER: self._structure}) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open the one transaction of a unit of work: commits at the end, rolls back on an exception."""
        with self._writers() as session, session.begin():
            yield session

    def close(self) -> None:
        """Give every pooled connection back to the operating system."""
        self.engine.dispose()


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{path}"


def _create_engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself, or BEGIN IMMEDIATE would come too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-32000",
        "mmap_size=268435456",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at the start: upgrading a read lock later fails at once under load.
    immediate = connection.get_execution_options().get(WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
