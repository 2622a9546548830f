"""A snapshot made ready for questions: scorer, planner, and a vocabulary that follows behind."""

import threading
from functools import cached_property

from whoosh.index import FileIndex

from indexer.language import Language
from indexer.planner import Planner
from indexer.scoring import Scorer, Weights
from indexer.snapshot import Snapshot
from indexer.vocabulary import Vocabulary, folded_titles

SMALL = 3_000


class Opened:
    """One commit with everything that answering needs.

    Args:
        index: Where the snapshot was read from.
        snapshot: The arrays of the commit.
        language: Analysis and lexicon.
        weights: The dials of the ranking.
        previous: The vocabulary of an earlier commit, used until the new one is ready.
    """

    def __init__(
        self,
        index: FileIndex,
        snapshot: Snapshot,
        language: Language,
        weights: Weights,
        previous: Vocabulary | None = None,
    ) -> None:
        self.index = index
        self.snapshot = snapshot
        self.language = language
        self.scorer = Scorer(snapshot, weights)
        if previous is None or snapshot.size <= SMALL:
            self.vocabulary = self._build()
        else:
            # Cutting and spelling all titles takes a moment: a publish must not wait for it.
            self.vocabulary = previous
            threading.Thread(target=self._replace, name="vocabulary", daemon=True).start()

    def _build(self) -> Vocabulary:
        titles = [self.snapshot.title(int(head)) for head in self.snapshot.alive.nonzero()[0]]
        return Vocabulary(folded_titles(titles), self.language.lexicon, self.language.analyzer)

    def _replace(self) -> None:
        self.vocabulary = self._build()

    @property
    def planner(self) -> Planner:
        """A planner over the present vocabulary."""
        matcher = self.scorer.matcher
        language = self.language
        return Planner(language.analyzer, language.lexicon, self.vocabulary, matcher.articles, matcher.is_run)

    @cached_property
    def is_empty(self) -> bool:
        """Whether the commit holds no article."""
        return not self.snapshot.alive.any()
