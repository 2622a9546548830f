"""Whoosh as its tutorials set it up for Chinese: jieba's analyzer, stored fields, its query classes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jieba.analyse import ChineseAnalyzer
from whoosh import fields, index, query

from tests.bench.corpora import Made
from tests.bench.engines.asked import PAGE, Question

BATCH = 10_000


class StockWhoosh:
    """Whoosh's own codec, matchers and BM25F over title and body."""

    name = "Whoosh"

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "whoosh"

    def build(self, articles: Iterable[Made]) -> None:
        """Index with one writer, as tutorials do."""
        self._folder.mkdir()
        analyzer = ChineseAnalyzer()
        schema = fields.Schema(
            number=fields.STORED,
            title=fields.TEXT(stored=True, analyzer=analyzer),
            body=fields.TEXT(stored=True, analyzer=analyzer),
            published=fields.NUMERIC(int, bits=64, sortable=True),
            shown_to=fields.NUMERIC(int, bits=64, sortable=True),
        )
        writer = index.create_in(str(self._folder), schema).writer(limitmb=512)
        for made in articles:
            writer.add_document(
                number=made.number,
                title=made.title,
                body=made.body,
                published=made.published,
                shown_to=made.shown_to,
            )
        writer.commit()

    def open(self) -> None:
        """Open a searcher and keep it."""
        self._searcher = index.open_dir(str(self._folder)).searcher()

    def ask(self, question: Question) -> Sequence[int] | None:
        """Ask with Whoosh's query classes; never through its parser."""
        wanted, condition = _query(question), _condition(question)
        if question.offset:
            hits = self._searcher.search_page(wanted, question.offset // PAGE + 1, PAGE)
        else:
            hits = self._searcher.search(wanted, limit=PAGE, filter=condition)
        return [hit["number"] for hit in hits]


def _query(question: Question) -> Any:
    names = ("title",) if question.kind == "title only" else ("title", "body")

    def either(make: Any) -> Any:
        return query.Or([make(name) for name in names])

    words = question.words
    if question.kind == "phrase":
        return either(lambda name: query.Phrase(name, list(words)))
    if question.kind == "fuzzy":
        return either(lambda name: query.FuzzyTerm(name, words[0], maxdist=1, prefixlength=0))
    if question.kind == "prefix":
        return either(lambda name: query.Prefix(name, words[0]))
    parts = [either(lambda name, word=word: query.Term(name, word)) for word in words]
    return query.And(parts) if question.kind == "several words, all" else query.Or(parts)


def _condition(question: Question) -> Any:
    if question.last:
        return query.NumericRange("published", question.first, question.last, endexcl=True)
    if question.kind == "as of a day":
        return query.And(
            [
                query.NumericRange("published", None, question.instant),
                query.NumericRange("shown_to", question.instant, None, startexcl=True),
            ]
        )
    return None
