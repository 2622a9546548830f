"""Asks questions that were put together once, when the product started, instead of anew for each request."""

from typing import Any

from sqlalchemy import CursorResult, Select
from sqlalchemy.orm import Session


def ask(session: Session, statement: Select[Any], **values: object) -> CursorResult[Any]:
    """Return plain rows for a statement over tables, which knows nothing of mapped classes.

    Args:
        session: What waits to be written in it is written first, as for any question.
        statement: Made of the columns of tables.
        values: What it binds, by name.
    """
    session.flush()
    return session.connection().execute(statement, values)
