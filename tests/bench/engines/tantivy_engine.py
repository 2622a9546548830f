"""Tantivy over words cut by jieba, with its own BM25."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import tantivy

from tests.bench.corpora import Made
from tests.bench.engines.asked import PAGE, Question
from tests.bench.engines.cut import spaced


class Tantivy:
    """Title and body cut at blanks, dates as fast fields."""

    name = "Tantivy"

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tantivy"

    def _schema(self) -> Any:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("title", tokenizer_name="whitespace", index_option="position")
        builder.add_text_field("body", tokenizer_name="whitespace", index_option="position")
        builder.add_integer_field("number", stored=True, indexed=True, fast=True)
        builder.add_integer_field("published", indexed=True, fast=True)
        builder.add_integer_field("shown_to", indexed=True, fast=True)
        return builder.build()

    def build(self, articles: Iterable[Made]) -> None:
        """Index with one thread and merge to the end."""
        self._folder.mkdir()
        index = tantivy.Index(self._schema(), path=str(self._folder))
        writer = index.writer(heap_size=256_000_000, num_threads=1)
        for made in articles:
            writer.add_document(
                tantivy.Document(
                    title=spaced(made.title),
                    body=spaced(made.body),
                    number=made.number,
                    published=made.published,
                    shown_to=made.shown_to,
                )
            )
        writer.commit()
        writer.wait_merging_threads()

    def open(self) -> None:
        """Open a searcher and keep it."""
        self._index = tantivy.Index(self._schema(), path=str(self._folder))
        self._index.reload()
        self._searcher = self._index.searcher()

    def postings(self, question: Question) -> int:
        """Return how many postings the words of a question have in the fields it asks."""
        names = ("title",) if question.kind == "title only" else ("title", "body")
        return sum(self._searcher.doc_freq(name, word) for name in names for word in set(question.words))

    def ask(self, question: Question) -> Sequence[int] | None:
        """Ask with Tantivy's query classes."""
        schema = self._index.schema
        names = ("title",) if question.kind == "title only" else ("title", "body")
        must, should = tantivy.Occur.Must, tantivy.Occur.Should

        def either(make: Any) -> Any:
            return tantivy.Query.boolean_query([(should, make(name)) for name in names])

        words = question.words
        if question.kind == "phrase":
            wanted = either(lambda name: tantivy.Query.phrase_query(schema, name, list(words)))
        elif question.kind == "fuzzy":
            wanted = either(lambda name: tantivy.Query.fuzzy_term_query(schema, name, words[0], distance=1))
        elif question.kind == "prefix":
            wanted = either(lambda name: tantivy.Query.regex_query(schema, name, words[0] + ".*"))
        else:
            occur = must if question.kind == "several words, all" else should
            parts = [
                (occur, either(lambda name, word=word: tantivy.Query.term_query(schema, name, word)))
                for word in words
            ]
            wanted = tantivy.Query.boolean_query(parts)
        for name, low, high in _ranges(question):
            span = tantivy.Query.range_query(schema, name, tantivy.FieldType.Integer, low, high)
            wanted = tantivy.Query.boolean_query([(must, wanted), (must, span)])
        found = self._searcher.search(wanted, limit=PAGE, offset=question.offset, count=False)
        return [self._searcher.doc(address)["number"][0] for _score, address in found.hits]


def _ranges(question: Question) -> list[tuple[str, int, int]]:
    far = 1 << 40
    if question.last:
        return [("published", question.first, question.last - 1)]
    if question.kind == "as of a day":
        return [("published", 0, question.instant), ("shown_to", question.instant + 1, far)]
    return []
