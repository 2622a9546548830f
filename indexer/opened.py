"""A snapshot made ready for questions: scorer, planner, and a vocabulary that follows behind."""

import threading

from whoosh.index import FileIndex

from indexer.language import Language
from indexer.plan import Factors
from indexer.planner import Planner
from indexer.scoring import Scorer
from indexer.snapshot import BoolArray, Snapshot
from indexer.titles import TitleReader
from indexer.vocabulary import Vocabulary, folded_titles
from indexer.weights import Weights

SMALL = 3_000


class Opened:
    """One commit with everything that answering needs.

    Args:
        index: Where the snapshot was read from.
        snapshot: The arrays of the commit.
        language: Analysis and lexicon.
        weights: The dials of the ranking.
        previous: The vocabulary of an earlier commit, used until the new one is ready.
        factors: What each kind of match is worth.
        before: The scorer of an earlier commit.
        keeps_vocabulary: Whether ``previous`` is good enough for as long as this is open.
    """

    def __init__(
        self,
        index: FileIndex,
        snapshot: Snapshot,
        language: Language,
        weights: Weights,
        previous: Vocabulary | None = None,
        factors: Factors | None = None,
        before: Scorer | None = None,
        keeps_vocabulary: bool = False,
    ) -> None:
        self.index = index
        self.snapshot = snapshot
        self.language = language
        self.scorer = Scorer(snapshot, weights, before)
        self.title_of = TitleReader(snapshot, language, lambda: self.vocabulary)
        self.factors = factors or Factors()
        if previous is not None and keeps_vocabulary:
            self.vocabulary = previous
        elif previous is None or snapshot.size <= SMALL:
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

    def planner(self, readable: BoolArray) -> Planner:
        """Return a planner over the present vocabulary for somebody who may read these heads."""
        matcher, language = self.scorer.matcher, self.language
        known: dict[str, bool] = {}

        def occurs(text: str) -> bool:
            answer = known.get(text)
            if answer is None:
                answer = known[text] = matcher.occurs(text, readable)
            return answer

        return Planner(
            language.analyzer, language.lexicon, self.vocabulary, occurs, matcher.is_run, self.factors
        )
