"""The search engine on Whoosh: opens the newest commit, answers searches, suggestions and relations."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from whoosh.index import FileIndex
from whoosh.reading import SegmentReader

from indexer.answers import Answerer
from indexer.batches import analyse, analysed
from indexer.commits import IndexDamaged, latest_generation, verify
from indexer.documents import CURSOR
from indexer.fold import fold
from indexer.language import Language
from indexer.lessons import Lessons
from indexer.merging import merge_if_many, merge_worthy, worth_merging
from indexer.opened import Opened
from indexer.rehearsal import rehearsed
from indexer.snapshot import Leaf, Snapshot
from indexer.store import ArrayWriter, IndexFolder
from indexer.typed import begins_with
from indexer.weights import Weights
from kb.errors import SearchUnavailable
from kb.ports import ArticleChange, EngineAnswer, EngineQuery, LexiconOverlay, Marks, Suggestion, SuggestQuery

log = logging.getLogger(__name__)
CHECK_EVERY = 0.1
# Whether anything changed at all is asked oftener, because it costs next to nothing.
GLANCE_EVERY = 0.025
SELDOM = 1.0


class WhooshEngine:
    """Answers from the newest commit of an index folder; opens nothing until the first question.

    Args:
        root: The index folder.
        language: Analysis and lexicon.
        weights: The dials of the ranking.
        lessons: Where a changed lexicon comes from while the process runs.
    """

    def __init__(
        self,
        root: Path,
        language: Language,
        weights: Weights | None = None,
        lessons: Lessons | None = None,
    ) -> None:
        self._folder = IndexFolder(root)
        self._language = language
        self._lessons = lessons
        self._weights = weights or Weights()
        self._lock = threading.Lock()
        self._opened: Opened | None = None
        self._path: Path | None = None
        self._leaves: dict[str, Leaf] = {}
        self._trusted: frozenset[str] = frozenset()
        self._trusted_in: Path | None = None
        self._checked_at = float("-inf")
        self._is_kept_open = False

    def search(self, query: EngineQuery) -> EngineAnswer:
        """Answer a search; see ``kb.ports.SearchEngine``."""
        return Answerer(self.opened()).search(query)

    def suggest(self, query: SuggestQuery) -> Sequence[Suggestion]:
        """Return articles for a text being typed, best first."""
        return Answerer(self.opened()).suggest(query)

    def related(self, article_id: int, query: SuggestQuery) -> Sequence[Suggestion]:
        """Return articles about the same thing, best first."""
        return Answerer(self.opened()).related(article_id, query)

    def begun(self, typed: str, texts: Sequence[str]) -> Sequence[str]:
        """Return those of some texts that begin with what is typed; see ``kb.ports.SearchEngine``."""
        return [text for text in texts if begins_with(text, typed)] if typed else []

    def mark(self, query_text: str, text: str) -> Marks:
        """Return where the words of a query stand in a text."""
        return Answerer(self.opened()).mark(query_text, text)

    def tokens(self, text: str) -> Sequence[str]:
        """Return the words into which a text is cut."""
        return self._language.analyzer.words(fold(text))

    def trial(self, overlay: LexiconOverlay) -> "WhooshEngine":
        """Return an engine over the same commit with other entries over the shipped lists."""
        opened, language = self.opened(), Language(self._language.folder, overlay)
        tried = WhooshEngine(self._folder.root, language, self._weights)
        tried._opened = Opened(opened.index, opened.snapshot, language, self._weights, opened)
        tried._path, tried._leaves, tried._trusted = self._path, self._leaves, self._trusted
        tried._trusted_in = self._trusted_in
        return tried

    @contextmanager
    def rehearse(self, changes: Iterable[ArticleChange]) -> Iterator["WhooshEngine"]:
        """Open an engine that knows some changes beforehand; see ``kb.ports.SearchEngine``."""
        opened, path = self.opened(), self._path
        if path is None:
            raise SearchUnavailable("搜索索引尚未就绪，正在建立或重建。")
        with rehearsed(path, self._trusted, self._leaves, opened.language.analyzer, changes) as found:
            tried = WhooshEngine(self._folder.root, opened.language, self._weights)
            tried._opened = Opened(*found, opened.language, self._weights, opened, rehearses=True)
            # Never to be exchanged for what is in use.
            tried._checked_at = float("inf")
            yield tried

    def cursor(self) -> int:
        """Return the change number up to which the open index is complete; -1 without an index."""
        try:
            return self.opened().snapshot.cursor
        except SearchUnavailable:
            return -1

    def opened(self) -> Opened:
        """Return the newest commit, opened; it is looked for at most every tenth of a second.

        Raises:
            SearchUnavailable: if there is no index, or what there is fails its checksums.
        """
        opened = self._opened
        if opened is not None and (self._is_kept_open or time.monotonic() - self._checked_at < CHECK_EVERY):
            return opened
        return self._newest()

    def keep_open(self, stop: threading.Event) -> None:
        """Open each new commit as it comes, so that no question waits for that, until ``stop`` is set."""
        seen: object = None
        changed_at = float("-inf")
        while not stop.wait(GLANCE_EVERY):
            now, glance = time.monotonic(), self._folder.glance(self._path)
            if glance != seen:
                seen, changed_at = glance, now
            # Times of files are coarse: soon after a change the same times may hide another one.
            elif now - self._checked_at < (CHECK_EVERY if now - changed_at < 3 * CHECK_EVERY else SELDOM):
                continue
            self._checked_at = float("-inf")
            try:
                self._newest()
                self._is_kept_open = True
            except Exception:
                # Questions look for themselves again, and are told what is wrong.
                self._is_kept_open = False
                log.debug("no index to keep open", exc_info=True)
        self._is_kept_open = False

    def _newest(self) -> Opened:
        opened = self._opened
        # While somebody else opens a new commit, the one before still answers: nobody waits for that.
        if not self._lock.acquire(blocking=opened is None) and opened is not None:
            return opened
        try:
            if time.monotonic() - self._checked_at >= CHECK_EVERY:
                try:
                    self._learn()
                    self._reopen()
                finally:
                    self._checked_at = time.monotonic()
            if self._opened is None:
                raise SearchUnavailable("搜索索引尚未就绪，正在建立或重建。")
            return self._opened
        finally:
            self._lock.release()

    def _learn(self) -> None:
        language = self._lessons.learned() if self._lessons is not None else None
        if language is None:
            return
        self._language, opened = language, self._opened
        if opened is not None:
            # The same commit, understood with the new words; the old vocabulary serves a moment longer.
            self._opened = Opened(opened.index, opened.snapshot, language, self._weights, opened)

    def _reopen(self) -> None:
        problem: Exception | None = None
        for _attempt in range(5):
            path = self._folder.current()
            if path is None:
                return
            try:
                if self._opened is not None and path == self._path:
                    if latest_generation(path) == self._opened.snapshot.generation:
                        return
                elif path != self._trusted_in:
                    self._leaves, self._trusted, self._trusted_in = {}, frozenset(), path
                index, snapshot = self._open(path)
            except Exception as error:
                # A commit may replace files between looking and opening: look again. What is wrong
                # with a damaged file shows in any exception at all.
                problem = error
                time.sleep(0.01)
                continue
            known = self._opened if path == self._path else None
            opened = Opened(index, snapshot, self._language, self._weights, known)
            if known is not None:
                # Worked out before it is in use: until then the commit before answers.
                opened.scorer.statistics  # noqa: B018
            self._opened, self._path = opened, path
            return
        log.warning("index is not readable: %r", problem)

    def _open(self, path: Path) -> tuple[FileIndex, Snapshot]:
        if not self._folder.is_legible(path):
            raise IndexDamaged("built by a version of the product that stored other records")
        if self._folder.fingerprint(path) != self._language.fingerprint and self._opened is None:
            log.warning("index was built with another dictionary or library version")
        generation, self._trusted = verify(path, self._trusted)
        index = self._folder.open(path)
        # Never reader(reuse=...) or refresh(): only a fresh reader forgets what was withdrawn.
        snapshot = Snapshot(index, self._leaves, self._opened.snapshot if self._opened else None)
        if snapshot.generation != generation:
            raise IndexDamaged("a commit came between checking and opening")
        self._leaves = snapshot.by_segment
        return index, snapshot


class WhooshUpdater:
    """Keeps one index folder up to date; exactly one process may hold it.

    Args:
        root: The index folder.
        language: Analysis and lexicon.
        lessons: Where a changed lexicon comes from; new words then ask for a new index.
    """

    def __init__(self, root: Path, language: Language, lessons: Lessons | None = None) -> None:
        self._folder = IndexFolder(root)
        self._language = language
        self._lessons = lessons
        self._committed: tuple[Path, int, int] | None = None
        self._tidied: tuple[Path, int] | None = None
        self._trusted: frozenset[str] = frozenset()
        self._readers: dict[str, SegmentReader] = {}

    def cursor(self) -> int:
        """Return the change number of the last commit; -1 if the index must be rebuilt."""
        self._language = (self._lessons.learned() if self._lessons is not None else None) or self._language
        path = self._folder.current()
        if path is None or self._folder.fingerprint(path) != self._language.fingerprint:
            return -1
        if not self._folder.is_legible(path):
            return -1
        generation = latest_generation(path)
        if self._committed is not None and self._committed[:2] == (path, generation):
            return self._committed[2]
        try:
            generation, self._trusted = verify(path)
            found = Snapshot(self._folder.open(path), {}).cursor
            self._committed = (path, generation, found)
            return found
        except Exception as error:
            log.warning("index is damaged and will be rebuilt: %r", error)
            return -1

    def apply(self, changes: Iterable[ArticleChange], cursor: int) -> list[int]:
        """Replace the documents of changed articles and commit the cursor with them.

        Raises:
            SearchUnavailable: if there is no index yet.
            IndexDamaged: if its files are not what was written; ``cursor`` is -1 from then on.
        """
        path = self._folder.current()
        if path is None:
            raise SearchUnavailable("搜索索引尚未建立。")
        listed = list(changes)
        try:
            return self._write(path, listed, cursor)
        except (ValueError, TypeError):
            # The writer refused something: never go on with it, find the culprit one by one.
            log.exception("a batch of %d articles was refused", len(listed))
        failed = []
        for change in listed:
            try:
                failed += self._write(path, [change], self.cursor())
            except (ValueError, TypeError):
                failed.append(change.article_id)
        return failed + self._write(path, [ArticleChange(number, ()) for number in failed], cursor)

    def _write(self, path: Path, changes: Sequence[ArticleChange], cursor: int) -> list[int]:
        writer = self._writer(path)
        try:
            for change in changes:
                writer.delete_by_term("article", str(change.article_id))
                writer.delete_by_term("part_of", str(change.article_id))
            failed = self._add(writer, changes)
            self._set_cursor(writer, cursor)
            writer.commit(mergetype=merge_if_many)
        except BaseException:
            _abandon(writer)
            raise
        self._committed = (path, latest_generation(path), cursor)
        return failed

    def tidy(self) -> bool:
        """Merge segments if it is worth it; to be called when nothing waits. Return whether any were."""
        cursor, path = self.cursor(), self._folder.current()
        if path is None or cursor < 0 or self._tidied == (path, latest_generation(path)):
            return False
        writer = self._writer(path)
        worthy = worth_merging(writer.segments)
        try:
            if worthy:
                writer.commit(mergetype=merge_worthy)
                self._committed = (path, latest_generation(path), cursor)
        finally:
            _abandon(writer)
        if not worthy:
            self._tidied = (path, latest_generation(path))
        return bool(worthy)

    def _writer(self, path: Path) -> ArrayWriter:
        # The writer unpickles the table of contents as well, so it is checked before every batch.
        try:
            _generation, self._trusted = verify(path, self._trusted)
        except IndexDamaged:
            self._committed = None
            raise
        writer = ArrayWriter(self._folder.open(path), path, self._readers)
        present = {segment.segid for segment in writer.segments}
        for gone in self._readers.keys() - present:
            del self._readers[gone]
        return writer

    def _add(self, writer: ArrayWriter, changes: Sequence[ArticleChange]) -> list[int]:
        batch = analyse(changes, self._language.analyzer)
        writer.add_batch(batch)
        return batch.failed

    def _set_cursor(self, writer: ArrayWriter, cursor: int) -> None:
        writer.delete_by_term("article", CURSOR)
        writer.add_document(article=CURSOR, label=str(cursor).encode())

    def rebuild(
        self, changes: Iterable[ArticleChange], cursor: int, progress: Callable[[int], None]
    ) -> list[int]:
        """Build a new index beside the old one and switch to it."""
        folder, index = self._folder.create(self._language.fingerprint)
        writer = ArrayWriter(index, folder)
        failed: list[int] = []
        try:
            done = 0
            for batch in analysed(changes, self._language.analyzer, self._language.make_analyzer()):
                writer.add_batch(batch)
                failed += batch.failed
                for _article in range(batch.articles):
                    done += 1
                    progress(done)
            self._set_cursor(writer, cursor)
            writer.commit(merge=False)
        except BaseException:
            _abandon(writer)
            raise
        self._folder.switch(folder)
        return failed


def _abandon(writer: ArrayWriter) -> None:
    if not writer.is_closed:
        writer.cancel()
