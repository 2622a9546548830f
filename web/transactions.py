"""Gives views the services of their app and the one transaction they work in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import current_app
from sqlalchemy.orm import Session

from web.wiring import Services

EXTENSION = "kb"


def services() -> Services:
    """Return the services of the app that handles this request."""
    found: Services = current_app.extensions[EXTENSION]
    return found


def now() -> datetime:
    """Return the present instant of the app's clock, aware, in UTC."""
    return services().clock.now()


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session that only reads."""
    with services().database.read() as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """Open the one transaction of this request; commits at the end, rolls back on an exception."""
    with services().database.write() as session:
        yield session
