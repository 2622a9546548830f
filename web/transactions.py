"""Gives views the services of their app and the one transaction they work in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import Flask, current_app, g, has_request_context
from sqlalchemy.orm import Session

from kb.database import Snapshot
from web.wiring import Services

EXTENSION = "kb"


def install(app: Flask) -> None:
    """End what a request reads in when the request ends."""
    app.teardown_request(lambda _problem: _forget())


def services() -> Services:
    """Return the services of the app that handles this request."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def now() -> datetime:
    """Return the present instant of the app's clock, aware, in UTC."""
    return services().clock.now()


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session that only reads; all of a request see the same moment, until something is written."""
    if not has_request_context():
        with services().database.read() as session:
            yield session
        return
    snapshot: Snapshot | None = g.get("snapshot")
    if snapshot is None or snapshot.is_over:
        snapshot = g.snapshot = services().database.snapshot()
    with snapshot.session() as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """Open the one transaction of this request; commits at the end, rolls back on an exception."""
    _forget()
    with services().database.write() as session:
        yield session


def _forget() -> None:
    # Who writes wants to see it afterwards: what was being read in would not show it.
    snapshot: Snapshot | None = g.pop("snapshot", None)
    if snapshot is not None:
        snapshot.end()
