"""A process of its own that publishes into an index, as the follower does beside the web process."""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from indexer.language import Language
from indexer.whoosh_engine import WhooshUpdater
from tests.bench.corpora import Made
from tests.bench.engines.product import changes
from web.wiring import lexicon_folder


@dataclass(frozen=True)
class Written:
    """One publish as its writer saw it: seconds by the clock and seconds of its processor."""

    seconds: float
    processor: float


class Publisher:
    """The bench's end of the process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def begin(self, made: Made, word: str) -> float:
        """Ask for a new text with a word of its own in title and body; return the moment it was asked for."""
        self._pipe.send(replace(made, title=f"{word} {made.title}"[:100], body=f"{made.body}\n{word}"))
        return time.perf_counter()

    def written(self) -> Written:
        """Return what the writing took, once it is done."""
        answer: Written = self._pipe.recv()
        return answer


@contextmanager
def publishing(root: Path) -> Iterator[Publisher]:
    """Run a publisher over an index folder; it is ready when this yields."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(root, theirs), daemon=True)
    process.start()
    ours.recv()
    try:
        yield Publisher(ours)
    finally:
        ours.send(None)
        process.join(60)


def _work(root: Path, pipe: Connection) -> None:
    updater = WhooshUpdater(root, Language(lexicon_folder()))
    cursor = updater.cursor()
    pipe.send(cursor)
    while (made := pipe.recv()) is not None:
        cursor += 1
        started, spent = time.perf_counter(), time.process_time()
        updater.apply(changes([made]), cursor)
        pipe.send(Written(time.perf_counter() - started, time.process_time() - spent))
        # As the follower does when nothing waits.
        while not pipe.poll() and updater.tidy():
            pass
