"""Gives an answer that was worked out before, for as long as it would be worked out the same again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from indexer.language import Language
from indexer.lessons import Lessons
from indexer.opened import Opened
from indexer.weights import Weights
from indexer.whoosh_engine import WhooshEngine
from kb.ports import EngineAnswer, EngineQuery, Suggestion, SuggestQuery

MOST_REMEMBERED = 1_000
Made = TypeVar("Made")
Answers = OrderedDict[object, Any]
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
        self._answers: tuple[Opened | None, Answers] = (None, OrderedDict())

    def search(self, query: EngineQuery) -> EngineAnswer:
        """Answer a search; see ``kb.ports.SearchEngine``."""
        if query.heat:
            return super().search(query)
        key = ("search", *(getattr(query, name) for name in _EVERYTHING))
        return self._remembered(key, query.instant, lambda: super(RememberingEngine, self).search(query))

    def related(self, article_id: int, query: SuggestQuery) -> Sequence[Suggestion]:
        """Return articles about the same thing, best first."""
        key = ("related", article_id, query.text, query.access_keys, query.limit)
        return self._remembered(
            key, query.instant, lambda: super(RememberingEngine, self).related(article_id, query)
        )

    def _remembered(self, key: tuple[object, ...], instant: datetime, make: Callable[[], Made]) -> Made:
        opened = self.opened()
        key = (opened.snapshot.states(instant.timestamp()).since, *key)
        answers = self._of(opened)
        with self._remembering:
            if key in answers:
                answers.move_to_end(key)
                known: Made = answers[key]
                return known
        # Not kept if a commit came in between: it may be newer than its key says.
        made = make()
        if self.opened() is opened:
            with self._remembering:
                answers[key] = made
                if len(answers) > MOST_REMEMBERED:
                    answers.popitem(last=False)
        return made

    def _of(self, opened: Opened) -> Answers:
        with self._remembering:
            if self._answers[0] is not opened:
                self._answers = (opened, OrderedDict())
            return self._answers[1]
