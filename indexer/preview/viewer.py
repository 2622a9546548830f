"""Shows files in place by drawing them in limited children, a few at a time, and keeping what they drew."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from indexer.extract.formats import SUPPORTED_SUFFIXES
from indexer.extract.guard import MAX_FILE_BYTES, check_claim
from indexer.extract.limits import MIB, Limits
from indexer.extract.outcome import Outcome, Refused
from indexer.extract.process import run_child
from indexer.preview.answer import Shown, decode
from indexer.preview.bounds import IMAGE_SUFFIXES, SHEET_SUFFIXES
from indexer.preview.kept import Kept
from kb.viewing import FileKey, Load, Outline, Picture, Shape, Sheet

BUSY = "busy"
KEPT_BYTES = 2048 * MIB
MAX_ANSWER_BYTES = 48 * MIB
# A reader scrolls on: starting a child costs more than drawing the next pages with it.
PAGES_AT_ONCE = 4
# So many readers at most wait for pictures, so that everybody else keeps being served.
SEATS = 3
_DEATHS = (Outcome.BROKEN, Outcome.BOMB, Outcome.TIMEOUT)


class SandboxedViewer:
    """A ``kb.viewing.FileViewer`` that draws in limited children; safe to use from threads.

    Args:
        folder: Where drawn pages are kept.
        limits: What one child may use; somebody is waiting for it.
        max_bytes: How much is kept.
        seats: How many callers may be waiting at once; the others are told that it is busy.
    """

    def __init__(
        self, folder: Path, limits: Limits | None = None, max_bytes: int = KEPT_BYTES, seats: int = SEATS
    ) -> None:
        self._kept = Kept(folder, max_bytes)
        self._limits = limits or Limits(cpu_seconds=10, wall_seconds=20.0)
        self._seats = threading.BoundedSemaphore(seats)
        # One child at a time and process: two cores have searches to answer as well.
        self._drawing = threading.Lock()

    def shape(self, suffix: str) -> Shape:
        """Return as what files with this extension are shown."""
        if suffix in SHEET_SUFFIXES:
            return Shape.SHEETS
        return Shape.PAGES if suffix == "pdf" or suffix in IMAGE_SUFFIXES else Shape.NOTHING

    def outline(self, key: FileKey, load: Load) -> Outline:
        """Return what a file has to show, drawing its first pages if nobody looked before."""
        if self.shape(key.suffix) is Shape.NOTHING:
            return Outline(Outcome.UNKNOWN_FORMAT.status)
        known = self._kept.outline(key)
        if known is not None:
            return known
        with self._seat() as is_free:
            if not is_free:
                return Outline(BUSY)
            with self._drawing:
                known = self._kept.outline(key)
                return known or self._first_look(key, load)

    def picture(self, key: FileKey, number: int, load: Load) -> Picture:
        """Return the page ``number``, from 1, as a picture, drawing the next ones with it."""
        outline = self.outline(key, load)
        if outline.status != "ok":
            return Picture(outline.status)
        if not 0 < number <= len(outline.sizes):
            return Picture(Outcome.EMPTY.status)
        known = self._kept.picture(key, number)
        if known is None:
            with self._seat() as is_free:
                if not is_free:
                    return Picture(BUSY)
                with self._drawing:
                    known = self._kept.picture(key, number)
                    if known is None:
                        return self._draw(key, number, load)
        return Picture("ok", known) if known else Picture(Outcome.BROKEN.status)

    def sheet(self, key: FileKey, number: int, load: Load) -> Sheet | None:
        """Return the table ``number``, from 1, or ``None`` if there is none to show."""
        if number > len(self.outline(key, load).sheets):
            return None
        return self._kept.sheet(key, number)

    @contextmanager
    def _seat(self) -> Iterator[bool]:
        is_free = self._seats.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                self._seats.release()

    def _first_look(self, key: FileKey, load: Load) -> Outline:
        data = load()
        shown = self._ask(key, data, 1, PAGES_AT_ONCE)
        if shown.outcome in _DEATHS and self.shape(key.suffix) is Shape.PAGES:
            # A page that cannot be drawn shall not take the others with it.
            sizes_only = self._ask(key, data, 1, 0)
            shown = sizes_only if sizes_only.outcome is Outcome.OK else shown
        # The machine may have been busy; another day the same file may be fast enough.
        if shown.outcome is Outcome.TIMEOUT:
            return Outline(shown.outcome.status)
        self._kept.keep(key, shown)
        names = tuple(sheet.name for sheet in shown.sheets)
        return Outline(shown.outcome.status, shown.sizes, names, shown.is_cut)

    def _draw(self, key: FileKey, number: int, load: Load) -> Picture:
        data = load()
        shown = self._ask(key, data, number, PAGES_AT_ONCE)
        if shown.outcome is not Outcome.OK:
            # One of the pages kills the child; the others shall not suffer for it.
            shown = self._ask(key, data, number, 1)
        drawn = dict(shown.pictures).get(number)
        if drawn is not None:
            self._kept.keep(key, shown)
            return Picture("ok", drawn)
        if shown.outcome is not Outcome.TIMEOUT:
            self._kept.mark_undrawable(key, number)
        return Picture(shown.outcome.status if shown.outcome is not Outcome.OK else Outcome.BROKEN.status)

    def _ask(self, key: FileKey, data: bytes, first: int, count: int) -> Shown:
        try:
            # Pictures have no text and so no claim to be checked; their own reader knows six formats only.
            if key.suffix in SUPPORTED_SUFFIXES:
                check_claim(key.suffix, data, MAX_FILE_BYTES)
        except Refused as refusal:
            return Shown(refusal.outcome)
        limits = asdict(self._limits)
        request = json.dumps({"suffix": key.suffix, "first": first, "count": count, "limits": limits})
        seconds = self._limits.wall_seconds
        answered = run_child("indexer.preview.child", request, data, seconds, MAX_ANSWER_BYTES)
        if answered.raw is None:
            return Shown(Outcome.TIMEOUT)
        try:
            return decode(answered.raw)
        except ValueError:
            return Shown(answered.cause_of_death)
