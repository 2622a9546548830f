"""Learns a changed lexicon in a running process: asks for changes, builds the new language aside."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from indexer.language import Language
from kb.ports import LexiconOverlay

log = logging.getLogger(__name__)
ASK_EVERY = 1.0

# Given the version known so far, answers the entries of a newer one, or ``None``.
NewerOverlay = Callable[[int], LexiconOverlay | None]


class Lessons:
    """Hands out a new language when the entries over the shipped lists changed.

    Args:
        folder: The shipped lists.
        newer: Asked at most once a second.
        in_background: Build the language in a thread, so that no question waits; otherwise at once.
    """

    def __init__(self, folder: Path, newer: NewerOverlay, *, in_background: bool) -> None:
        self._folder = folder
        self._newer = newer
        self._in_background = in_background
        self._known = 0
        self._asked_at = float("-inf")
        self._lock = threading.Lock()
        self._ready: Language | None = None
        self._building: threading.Thread | None = None

    def learned(self) -> Language | None:
        """Return a new language once, when there is one."""
        with self._lock:
            ready, self._ready = self._ready, None
            is_due = time.monotonic() - self._asked_at >= ASK_EVERY
            if ready is not None or not is_due or (self._building and self._building.is_alive()):
                return ready
            self._asked_at = time.monotonic()
        overlay = self._newer(self._known)
        if overlay is None:
            return None
        self._known = overlay.version
        if not self._in_background:
            return Language(self._folder, overlay)
        self._building = threading.Thread(target=self._build, args=(overlay,), name="lexicon", daemon=True)
        self._building.start()
        return None

    def _build(self, overlay: LexiconOverlay) -> None:
        language = Language(self._folder, overlay)
        with self._lock:
            self._ready = language
        log.info("lexicon version %d is in use", overlay.version)
