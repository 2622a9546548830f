"""The product's own engine, asked through its port: rights, time, coverage, facets and snippets included."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.ports import (
    ArticleChange,
    DateField,
    DateRange,
    EngineQuery,
    IndexDocument,
    Scope,
    StatusFilter,
)
from tests.bench.corpora import NEVER, Made
from tests.bench.engines.asked import PAGE, Question
from web.wiring import lexicon_folder

NODES = 40
DEPARTMENTS = 12
READER = frozenset({"", "1", "2"})


class Product:
    """The engine of this repository, as a person with ordinary rights uses it."""

    name = "product"

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "product"

    def build(self, articles: Iterable[Made]) -> None:
        """Index the articles as the follower does in a rebuild."""
        updater = WhooshUpdater(self._folder, Language(lexicon_folder()))
        updater.rebuild(changes(articles), 1, lambda _done: None)

    def open(self) -> None:
        """Open the index."""
        self.engine = WhooshEngine(self._folder, Language(lexicon_folder()))
        self.engine.opened()

    def ask(self, question: Question) -> Sequence[int] | None:
        """Ask as the search page does."""
        return [hit.article_id for hit in self.engine.search(query_of(question)).hits]


def query_of(question: Question) -> EngineQuery:
    """Return the product's query for a question."""
    together = question.kind in ("one word", "phrase", "fuzzy", "prefix")
    wanted = None
    if question.last:
        wanted = DateRange(DateField.PUBLISHED, _instant(question.first), _instant(question.last))
    return EngineQuery(
        ("" if together else " ").join(question.words)[:200],
        _instant(question.instant),
        READER,
        scope=Scope.TITLE if question.kind == "title only" else Scope.ALL,
        status=StatusFilter.CURRENT,
        date_range=wanted,
        offset=question.offset,
        limit=PAGE,
    )


def changes(articles: Iterable[Made]) -> Iterator[ArticleChange]:
    """Yield made articles as the database would hand them to the index."""
    for made in articles:
        start = _instant(made.published)
        yield ArticleChange(
            made.number,
            (
                IndexDocument(
                    article_id=made.number,
                    revision_id=made.number,
                    external_id="",
                    title=made.title,
                    document_number="",
                    tags="",
                    summary="",
                    wording=(),
                    body=made.body,
                    notes="",
                    files=(),
                    node_id=made.number % NODES + 1,
                    department_id=made.number % DEPARTMENTS + 1,
                    access_key=("", "", "", "1", "9")[made.number % 5],
                    shown_from=start,
                    shown_to=None if made.shown_to == NEVER else _instant(made.shown_to),
                    previous_from=None,
                    next_from=None,
                    published_at=start,
                    updated_at=start,
                    effective_at=start,
                ),
            ),
        )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
