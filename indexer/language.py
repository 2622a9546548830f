"""The analysis that index and queries share in one process, and the fingerprint of it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from indexer.analyzer import Analyzer
from indexer.lexicon import Lexicon, with_overlay
from indexer.schema import fingerprint
from indexer.segmenter import best_segmenter
from kb.ports import LexiconOverlay


class Language:
    """What every process needs to read and write text the same way: lexicon, segmenter, fingerprint.

    Args:
        lexicon_folder: Folder of the lexicon's lists.
        overlay: Entries over those lists.
    """

    def __init__(self, lexicon_folder: Path, overlay: LexiconOverlay | None = None) -> None:
        self.folder = lexicon_folder
        self.lexicon = with_overlay(Lexicon.load(lexicon_folder), overlay or LexiconOverlay())
        self.analyzer = self.make_analyzer()()
        self.fingerprint = fingerprint(self.lexicon.digest)

    def make_analyzer(self) -> Callable[[], Analyzer]:
        """Return what makes this analysis, also in another process."""
        return partial(_analyzer, sorted(self.lexicon.words))


def _analyzer(words: list[str]) -> Analyzer:
    return Analyzer(best_segmenter(words))
