"""The loop that keeps an index in step with the database: reads changes after its cursor, commits both."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from kb.attachments import next_waiting, store_text
from kb.database import Database
from kb.indexing import all_article_ids, changed_articles, changes_of, latest_change
from kb.noticing import Watch
from kb.ports import ArticleChange, Clock, IndexUpdater, TextExtractor

log = logging.getLogger(__name__)
BATCH = 64
# Whether anything changed is asked so often; everything else that could be to do is looked for more seldom.
GLANCE = timedelta(milliseconds=40)
POLL = timedelta(seconds=1)
RETRY = timedelta(seconds=2)


class Follower:
    """Follows one database into one index; exactly one runs for each index.

    Args:
        database: The truth.
        updater: The write side of the index.
        extractor: Reads attached files.
        clock: Stamps extracted texts.
    """

    def __init__(
        self, database: Database, updater: IndexUpdater, extractor: TextExtractor, clock: Clock
    ) -> None:
        self._database = database
        self._updater = updater
        self._extractor = extractor
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Follow until ``stop`` is set; an error is logged and tried again, never fatal."""
        watch = Watch(self._database)
        try:
            while not stop.is_set():
                try:
                    worked = self.step()
                    if not worked:
                        _wait(stop, watch)
                except Exception:
                    log.exception("following failed, will try again")
                    watch.close()
                    stop.wait(RETRY.total_seconds())
        finally:
            watch.close()

    def catch_up(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Bring the index up to date, attachments included, and return how many articles were written.

        Args:
            progress: Called with (done, total) while a rebuild or a long catch-up runs.
        """
        written = self.rebuild(progress) if self._updater.cursor() < 0 else 0
        while self._extract_one():
            pass
        while count := self._apply_batch():
            written += count
            if progress is not None:
                progress(written, written)
        while self._updater.tidy():
            pass
        return written

    def step(self) -> bool:
        """Do one piece of work: a rebuild, a batch of changes, one file, or tidying; false if there was none."""
        cursor = self._updater.cursor()
        if cursor < 0:
            self.rebuild(None)
            return True
        return self._apply_batch() > 0 or self._extract_one() or self._updater.tidy()

    def rebuild(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Build a new index beside the old one, switch to it, and return the number of articles."""
        with self._database.read() as session:
            # The cursor is taken first: what changes during the build is simply done again after it.
            cursor = latest_change(session)
            article_ids = all_article_ids(session)

        def tell(done: int) -> None:
            if progress is not None:
                progress(done, len(article_ids))

        failed = self._updater.rebuild(self._all_changes(article_ids), cursor, tell)
        if failed:
            log.error("%d articles could not be indexed: %s", len(failed), failed[:20])
        return len(article_ids)

    def _all_changes(self, article_ids: list[int]) -> Iterator[ArticleChange]:
        for start in range(0, len(article_ids), BATCH):
            with self._database.read() as session:
                yield from changes_of(session, article_ids[start : start + BATCH])

    def _apply_batch(self) -> int:
        cursor = self._updater.cursor()
        with self._database.read() as session:
            if cursor < 0 or cursor > latest_change(session):
                # There is no sound index, or the database was restored to an earlier state: an index
                # cannot be ahead of the truth.
                article_ids = None
            else:
                changed = changed_articles(session, cursor, BATCH)
                article_ids = [article_id for _seq, article_id in changed]
                changes = list(changes_of(session, article_ids)) if changed else []
        if article_ids is None:
            return self.rebuild(None)
        if not changed:
            return 0
        failed = self._updater.apply(changes, changed[-1][0])
        if failed:
            log.error("articles that could not be indexed: %s", failed)
        return len(changed)

    def _extract_one(self) -> bool:
        with self._database.read() as session:
            waiting = next_waiting(session)
        if waiting is None:
            return False
        file_text_id, name, data = waiting
        extraction = self._extractor.extract(name, data)
        with self._database.write() as session:
            store_text(session, file_text_id, extraction, self._clock)
        return True


def _wait(stop: threading.Event, watch: Watch) -> None:
    """Wait until there is something new, but not for ever: not everything shows in the database."""
    until = time.monotonic() + POLL.total_seconds()
    while time.monotonic() < until and not watch.has_work():
        if stop.wait(GLANCE.total_seconds()):
            return
