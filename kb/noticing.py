"""Notices cheaply, many times a second, that there is something for the index to do."""

from typing import Any

from kb.database import Database

# Changes of articles, and files whose text is still to be read.
_WORK = """SELECT (SELECT value FROM change_counter WHERE id = 1),
                  (SELECT max(id) FROM file_texts WHERE status = 'waiting')"""


class Watch:
    """Tells whether articles changed or files wait, on one connection that it keeps for itself.

    It asks the driver: put together by the library, the same question costs thirty times as much.

    Args:
        database: The database to look at.
    """

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        self._connection: Any = None
        self._cursor: Any = None
        self._version: object = None
        self._work: object = None

    def has_work(self) -> bool:
        """Return whether there may be something new since this was last asked; true the first time."""
        if self._connection is None:
            self._connection = self._engine.raw_connection()
            self._cursor = self._connection.cursor()
        if self._is_sqlite:
            # A number that changes with every commit of others, whatever it was about.
            version = self._answer("PRAGMA data_version")
            if version == self._version:
                return False
            self._version = version
        work = self._answer(_WORK)
        is_new = work != self._work
        self._work = work
        return is_new

    def _answer(self, question: str) -> object:
        self._cursor.execute(question)
        answer = self._cursor.fetchone()
        if not self._is_sqlite:
            # A transaction that stays open might never see anything new; here the driver opens none.
            self._connection.rollback()
        return answer

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._version = None
