"""Turns one shown revision into the head and passages that the index stores."""

import json
from collections.abc import Iterator
from typing import Any

from indexer.analyzer import Analyzer, document_numbers
from indexer.fold import fold
from indexer.passages import passages
from indexer.schema import pack_head, pack_place, seconds
from kb.ports import IndexDocument, IndexedFile

EVERYONE = "everyone"
CURSOR = "#cursor"
PART_TARGET = 260


def access_term(key: str) -> str:
    """Return the index term of an access key."""
    return key or EVERYONE


def index_rows(document: IndexDocument, analyzer: Analyzer) -> Iterator[dict[str, Any]]:
    """Yield the Whoosh documents of one revision: its head first, then every passage."""
    yield _head(document, analyzer)
    for row in _passage_rows(document, analyzer):
        row["part_of"] = str(document.article_id)
        yield row


def _passage_rows(document: IndexDocument, analyzer: Analyzer) -> Iterator[dict[str, Any]]:
    extras = " ".join(filter(None, (document.document_number, document.tags)))
    for kind, text in (("summary", document.summary), ("tags", extras), ("notes", document.notes)):
        yield from _text_rows(kind, text, analyzer)
    for text in document.wording:
        yield from _text_rows("wording", text, analyzer)
    yield from _text_rows("body", document.body, analyzer)
    for file in document.files:
        yield from _file_rows(file, analyzer)


def _head(document: IndexDocument, analyzer: Analyzer) -> dict[str, Any]:
    terms = analyzer.terms(document.title)
    # A document number identifies the article as a whole, however it is written in the query.
    terms.update(term for term, _start, _end in document_numbers(fold(document.document_number)))
    record = (
        document.article_id,
        document.revision_id,
        document.node_id,
        document.department_id,
        seconds(document.shown_from),
        seconds(document.shown_to),
        seconds(document.previous_from, float("-inf")),
        seconds(document.next_from),
        seconds(document.published_at),
        seconds(document.updated_at),
        seconds(document.effective_at),
        len(document.title),
    )
    return {
        "article": str(document.article_id),
        "access": access_term(document.access_key),
        "title": terms,
        "head": pack_head(record),
        "text": _encode(document.title),
        "external": _encode(document.external_id),
    }


def _text_rows(kind: str, text: str, analyzer: Analyzer) -> Iterator[dict[str, Any]]:
    for passage in passages(text):
        yield {
            "body": analyzer.terms(passage.text),
            "place": pack_place(kind, 0, passage.offset, passage.own),
            "text": _encode(passage.text),
        }


def _file_rows(file: IndexedFile, analyzer: Analyzer) -> Iterator[dict[str, Any]]:
    name_label = json.dumps([file.name, "name", 0, ""], ensure_ascii=False).encode()
    yield {
        "file": analyzer.terms(file.name),
        "place": pack_place("file", file.attachment_id, 0, len(file.name)),
        "text": _encode(file.name),
        "label": name_label,
    }
    for part in file.parts:
        label = json.dumps([file.name, part.kind, part.number, part.label], ensure_ascii=False).encode()
        for passage in passages(part.text):
            yield {
                "file": analyzer.terms(passage.text),
                "place": pack_place("file", file.attachment_id, passage.offset, passage.own),
                "text": _encode(passage.text),
                "label": label,
            }


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")
