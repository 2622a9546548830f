"""A snapshot made ready for questions: scorer, planner, and a vocabulary that follows behind."""

import threading
from collections.abc import Callable, Sequence

from whoosh.index import FileIndex

from indexer.language import Language
from indexer.plan import Factors
from indexer.planner import Planner
from indexer.scoring import Scorer
from indexer.snapshot import BoolArray, Leaf, Snapshot
from indexer.title_texts import TitleTexts
from indexer.titles import TitleReader
from indexer.vocabulary import Vocabulary, folded_titles
from indexer.weights import Weights

SMALL = 3_000
AT_ONCE = 500


class Words:
    """The vocabulary in use; a better one may take its place."""

    vocabulary: Vocabulary

    def replace(self, vocabulary: Vocabulary) -> None:
        """Use another one from now on."""
        self.vocabulary = vocabulary


class Opened:
    """One commit with everything that answering needs.

    Args:
        index: Where the snapshot was read from.
        snapshot: The arrays of the commit.
        language: Analysis and lexicon.
        weights: The dials of the ranking.
        known: An earlier commit, or the same one in another language: what it read is not read again.
        factors: What each kind of match is worth.
        rehearses: Whether what is new here is not to be remembered.
    """

    def __init__(
        self,
        index: FileIndex,
        snapshot: Snapshot,
        language: Language,
        weights: Weights,
        known: "Opened | None" = None,
        factors: Factors | None = None,
        rehearses: bool = False,
    ) -> None:
        self.index = index
        self.snapshot = snapshot
        self.language = language
        self.scorer: Scorer = Scorer(snapshot, weights, known.scorer if known else None)
        # Nothing in here may point back: a commit that nobody uses any more closes its files at once.
        self._words = words = Words()
        self.title_of: TitleReader = TitleReader(snapshot, language, lambda: words.vocabulary)
        self.title_texts = TitleTexts(snapshot, self.scorer.matcher)
        if not self.title_texts.read(SMALL):
            _begin(self.title_texts.read)
        self.factors = factors or Factors()
        if known is not None and rehearses:
            words.vocabulary = known.vocabulary
        elif known is None or (known.language is not language and snapshot.size <= SMALL):
            words.vocabulary = _vocabulary(snapshot, language)
        elif known.language is not language:
            # The old words serve until the new ones are cut: nobody waits for that.
            words.vocabulary = known.vocabulary
            _begin(lambda: words.replace(_vocabulary(snapshot, language)))
        else:
            words.vocabulary = known.vocabulary
            _learn(words.vocabulary, known.snapshot, snapshot)

    @property
    def vocabulary(self) -> Vocabulary:
        """The words of the commit's titles."""
        return self._words.vocabulary

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


def _vocabulary(snapshot: Snapshot, language: Language) -> Vocabulary:
    vocabulary = Vocabulary((), language.lexicon, language.analyzer)
    _teach(vocabulary, snapshot.leaves)
    return vocabulary


def _learn(vocabulary: Vocabulary, before: Snapshot, snapshot: Snapshot) -> None:
    seen = set(map(id, before.leaves))
    new = [leaf for leaf in snapshot.leaves if id(leaf) not in seen]
    if sum(len(leaf.heads) for leaf in new) <= AT_ONCE:
        _teach(vocabulary, new)
    else:
        # Segments were merged: going through their titles must not hold up the commit.
        _begin(lambda: _teach(vocabulary, new))


def _teach(vocabulary: Vocabulary, leaves: Sequence[Leaf]) -> None:
    for leaf in leaves:
        titles = folded_titles(bytes(leaf.texts[doc]).decode("utf-8") for doc in leaf.head_docs.tolist())
        vocabulary.learn(titles)
        leaf.title_numbers = (vocabulary.cut, vocabulary.cut.number(titles))


def _begin(work: Callable[[], object]) -> None:
    threading.Thread(target=work, name="vocabulary", daemon=True).start()
