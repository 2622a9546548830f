"""The engine, its SQLite settings and transactions that open as readers or as the one writer."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, sessionmaker

from kb.structure import HOLDER, OnceHolder, StructureHolder, watch

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

    def snapshot(self) -> "Snapshot":
        """Return one reading transaction for several sessions; it begins with the first of them."""
        return Snapshot(self.engine, OnceHolder(self._structure))

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open the one transaction of a unit of work: commits at the end, rolls back on an exception."""
        with self._writers() as session, session.begin():
            yield session

    def close(self) -> None:
        """Give every pooled connection back to the operating system."""
        self.engine.dispose()


class _Reader(Session):
    """A session of a snapshot; it notes that something was written in it, which has to be undone."""

    has_written = False


@event.listens_for(_Reader, "after_flush")
def _note_writing(session: _Reader, _context: object) -> None:
    session.has_written = True


class Snapshot:
    """One reading transaction that the sessions of a request share, so that it is begun and ended once.

    Each session has objects of its own. Whoever wants to see what was written since asks for another one.

    Args:
        engine: Where it reads.
        structure: What its sessions keep the tree and the audiences in.
    """

    def __init__(self, engine: Engine, structure: StructureHolder) -> None:
        self._engine = engine
        self._info = {HOLDER: structure}
        self._connection: Connection | None = None
        self._open = 0
        self.is_over = False

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Open a session for reading; anything changed in it is rolled back."""
        if self._connection is None:
            self._connection = self._engine.connect()
            self._connection.begin()
        self._open += 1
        try:
            with _Reader(
                self._connection,
                expire_on_commit=False,
                info=self._info,
                join_transaction_mode="rollback_only",
            ) as session:
                yield session
            self.is_over = self.is_over or session.has_written
        except BaseException:
            # A database may refuse every further question of a transaction in which one failed.
            self.is_over = True
            raise
        finally:
            self._open -= 1
            if self.is_over:
                self.end()

    def end(self) -> None:
        """End the transaction, once the last open session is closed."""
        self.is_over = True
        if self._open == 0 and self._connection is not None:
            self._connection.close()
            self._connection = None


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
