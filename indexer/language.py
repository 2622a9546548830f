"""The analysis that index and queries share in one process, and the fingerprint of it."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from indexer.analyzer import Analyzer
from indexer.lexicon import Lexicon
from indexer.schema import fingerprint
from indexer.segmenter import best_segmenter


class Language:
    """What every process needs to read and write text the same way: lexicon, segmenter, fingerprint.

    Args:
        lexicon_folder: Folder of the lexicon's lists.
    """

    def __init__(self, lexicon_folder: Path) -> None:
        self.lexicon = Lexicon.load(lexicon_folder)
        self.analyzer = self.make_analyzer()()
        self.fingerprint = fingerprint(self.lexicon.digest)

    def make_analyzer(self) -> Callable[[], Analyzer]:
        """Return what makes this analysis, also in another process."""
        return partial(_analyzer, sorted(self.lexicon.words))


def _analyzer(words: list[str]) -> Analyzer:
    return Analyzer(best_segmenter(words))
