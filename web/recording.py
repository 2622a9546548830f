"""Writes down what people searched and opened once the answer is on its way to them."""

import logging
import queue
import threading
import time
from collections.abc import Callable

from flask import Flask, Response, after_this_request, current_app
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from kb.database import Database
from web.transactions import EXTENSION as SERVICES
from web.transactions import services

log = logging.getLogger(__name__)

EXTENSION = "kb_notebook"
MOST_WAITING = 10_000
MOST_TOGETHER = 200
# So long other notes are waited for, to be committed with the first one.
GATHER_SECONDS = 0.05
CLOSING_SECONDS = 10.0

Note = Callable[[Session], None]


class Notebook:
    """One thread that writes down what can wait, many notes in one transaction.

    A commit takes the one writer and waits for the disk: done for each page it would keep a thread of the
    server busy that could answer somebody.

    Args:
        database: Where the notes go.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: queue.Queue[Note | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="notebook", daemon=True)
        self._thread.start()

    def add(self, note: Note) -> None:
        """Take a note; with too many waiting it is written at once, which slows down who brings them."""
        try:
            self._waiting.put_nowait(note)
        except queue.Full:
            write_down(self._database, [note])

    def close(self) -> None:
        """Write down what is waiting and end; call it when no more notes can come."""
        self._waiting.put(None)
        self._thread.join(CLOSING_SECONDS)

    def _run(self) -> None:
        goes_on = True
        while goes_on:
            notes = [self._waiting.get()]
            if notes[0] is not None:
                time.sleep(GATHER_SECONDS)
            while len(notes) < MOST_TOGETHER and not self._waiting.empty():
                notes.append(self._waiting.get())
            goes_on = None not in notes
            write_down(self._database, [note for note in notes if note is not None])


def write_down(database: Database, notes: list[Note]) -> None:
    """Write notes in one transaction; one that fails is logged and takes no other with it."""
    if not notes:
        return
    try:
        with database.write() as session:
            for note in notes:
                try:
                    with session.begin_nested():
                        note(session)
                except Exception:
                    # Whatever is wrong with one note, the thread goes on with the others.
                    log.exception("a view or search could not be recorded")
    except SQLAlchemyError:
        log.exception("%d views or searches could not be recorded", len(notes))


def keep_notebook(app: Flask) -> Notebook:
    """Let the app's notes that can wait be written by a thread; the caller closes it at the end."""
    notebook = app.extensions[EXTENSION] = Notebook(app.extensions[SERVICES].database)
    return notebook


def after_response(work: Note, *, may_wait: bool = False) -> None:
    """Run ``work`` in a transaction after this request was answered.

    A reader must not wait for the one writer, which may be busy with an import; and a page that was
    already served must not fail because nobody could note it down, so database errors are logged.

    Args:
        work: Called with a session that commits at the end.
        may_wait: It may share a transaction with others a moment later, if a notebook is kept; for what
            nobody misses if the machine fails within that moment.
    """
    database, notebook = services().database, current_app.extensions.get(EXTENSION)

    def write() -> None:
        if may_wait and notebook is not None:
            notebook.add(work)
        else:
            write_down(database, [work])

    @after_this_request
    def arrange(response: Response) -> Response:
        response.call_on_close(write)
        return response
