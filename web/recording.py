"""Writes down what people searched and opened once the answer is on its way to them."""

import logging
from collections.abc import Callable

from flask import Response, after_this_request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from web.transactions import services

log = logging.getLogger(__name__)


def after_response(work: Callable[[Session], None]) -> None:
    """Run ``work`` in a transaction of its own after this request was answered.

    A reader must not wait for the one writer, which may be busy with an import; and a page that was
    already served must not fail because nobody could note it down, so database errors are logged.

    Args:
        work: Called with a session that commits at the end.
    """
    database = services().database

    def write() -> None:
        try:
            with database.write() as session:
                work(session)
        except SQLAlchemyError:
            log.exception("a view or search could not be recorded")

    @after_this_request
    def arrange(response: Response) -> Response:
        response.call_on_close(write)
        return response
