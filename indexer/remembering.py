"""Gives an answer that was worked out before, for as long as it would be worked out the same again."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from indexer.highlight import marks, partial_texts, wanted_texts
from indexer.language import Language
from indexer.lessons import Lessons
from indexer.opened import Opened
from indexer.weights import Weights
from indexer.whoosh_engine import WhooshEngine
from kb.ports import EngineAnswer, EngineQuery, Marks, Suggestion, SuggestQuery

# Of each kind of question; a list of suggestions is small, and many people begin with the same words.
MOST_REMEMBERED = 1_000
MOST_SUGGESTIONS = 5_000
Made = TypeVar("Made")
Answers = defaultdict[object, OrderedDict[object, Any]]
_EVERYTHING = tuple(field.name for field in fields(EngineQuery) if field.name not in ("instant", "heat"))


class RememberingEngine(WhooshEngine):
    """The engine of a serving process, in which many people ask the same within minutes.

    An answer is remembered with the commit and the lexicon that it was made from, and thrown away with
    them; under every condition of the question, the access keys of whoever asks among them; and for the
    time between two switches of the clock. Titles and rights are checked against the database all the same.
    """

    def __init__(
        self,
        root: Path,
        language: Language,
        weights: Weights | None = None,
        lessons: Lessons | None = None,
    ) -> None:
        super().__init__(root, language, weights, lessons)
        self._remembering = threading.Lock()
        self._answers: tuple[Opened | None, Answers] = (None, defaultdict(OrderedDict))

    def search(self, query: EngineQuery) -> EngineAnswer:
        """Answer a search; see ``kb.ports.SearchEngine``."""
        if query.heat:
            return super().search(query)
        key = tuple(getattr(query, name) for name in _EVERYTHING)
        return self._remembered(
            "search", key, query.instant, lambda: super(RememberingEngine, self).search(query)
        )

    def suggest(self, query: SuggestQuery) -> Sequence[Suggestion]:
        """Return articles for a text being typed, best first."""
        if not self.opened().title_texts.is_read:
            # Until then they are found in another way, which need not find the same ones.
            return super().suggest(query)
        key = (query.text, query.access_keys, query.limit)
        return self._remembered(
            "suggest", key, query.instant, lambda: super(RememberingEngine, self).suggest(query)
        )

    def related(self, article_id: int, query: SuggestQuery) -> Sequence[Suggestion]:
        """Return articles about the same thing, best first."""
        key = (article_id, query.text, query.access_keys, query.limit)
        return self._remembered(
            "related", key, query.instant, lambda: super(RememberingEngine, self).related(article_id, query)
        )

    def mark(self, query_text: str, text: str) -> Marks:
        """Return where the words of a query stand in a text; a page asks for the same words a dozen times."""
        wanted, partial = self._remembered("mark", (query_text,), None, lambda: self._words_of(query_text))
        return marks(text, wanted, partial) if wanted else ()

    def _words_of(self, query_text: str) -> tuple[Sequence[str], Sequence[str]]:
        opened = self.opened()
        plan = opened.planner(opened.snapshot.alive).plan(query_text)
        return (wanted_texts(plan), partial_texts(plan)) if plan.units else ((), ())

    def _remembered(
        self, kind: str, key: tuple[object, ...], instant: datetime | None, make: Callable[[], Made]
    ) -> Made:
        opened = self.opened()
        since = opened.snapshot.states(instant.timestamp()).since if instant is not None else 0.0
        key = (since, *key)
        with self._remembering:
            answers = self._of(opened)[kind]
            if key in answers:
                answers.move_to_end(key)
                known: Made = answers[key]
                return known
        # Not kept if a commit came in between: it may be newer than its key says.
        made = make()
        if self.opened() is opened:
            with self._remembering:
                answers[key] = made
                if len(answers) > (MOST_SUGGESTIONS if kind == "suggest" else MOST_REMEMBERED):
                    answers.popitem(last=False)
        return made

    def _of(self, opened: Opened) -> Answers:
        if self._answers[0] is not opened:
            self._answers = (opened, defaultdict(OrderedDict))
        return self._answers[1]
