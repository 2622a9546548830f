"""What the second stage asks of titles: their text, the words that stand in it, how much of it tells something."""

from dataclasses import dataclass

from indexer.fold import fold, squeeze
from indexer.language import Language
from indexer.snapshot import Snapshot

MOST_KEPT = 50_000


@dataclass(frozen=True)
class Title:
    """A title: squeezed text, its words, and the number of characters that are not mere framing."""

    text: str
    words: frozenset[str]
    telling: int


class TitleReader:
    """Reads the titles of a snapshot once each.

    Args:
        snapshot: The open index.
        language: Cuts titles into words and knows which of them only frame a question.
    """

    def __init__(self, snapshot: Snapshot, language: Language) -> None:
        self._snapshot = snapshot
        self._analyzer = language.analyzer
        self._loose = language.lexicon.frames | language.lexicon.stopwords
        self._known: dict[int, Title] = {}

    def __call__(self, head: int) -> Title:
        """Return the title of a head."""
        known = self._known.get(head)
        if known is None:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            known = self._known[head] = self._read(head)
        return known

    def _read(self, head: int) -> Title:
        folded = fold(self._snapshot.title(head))
        words = self._analyzer.words(folded)
        telling = sum(len(word) for word in words if word not in self._loose)
        return Title(squeeze(folded), frozenset(words), telling)
