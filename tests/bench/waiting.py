"""Waits until an article is found as a web process would find it: commits are opened beside the questions."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from indexer.whoosh_engine import WhooshEngine
from kb.ports import EngineQuery

MOST_WAIT = 60.0


@contextmanager
def kept_open(engine: WhooshEngine) -> Iterator[None]:
    """Open new commits in a thread of their own, as every web process does."""
    stop = threading.Event()
    thread = threading.Thread(target=engine.keep_open, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_until_found(engine: WhooshEngine, query: EngineQuery, number: int, since: float) -> float:
    """Return the seconds from ``since`` until a search shows an article in the first place.

    Each commit is searched once: whoever waits must not keep those busy who ask.

    Raises:
        SystemExit: if that does not happen.
    """
    searched = None
    while time.perf_counter() - since < MOST_WAIT:
        opened = engine.opened()
        if opened is not searched:
            if [hit.article_id for hit in engine.search(query).hits[:1]] == [number]:
                return time.perf_counter() - since
            searched = opened
        time.sleep(0.002)
    raise SystemExit(f"{query.text} was not found within {MOST_WAIT:.0f} seconds")
