"""Turns one shown revision into the head and passages that the index stores."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from indexer.analyzer import document_numbers
from indexer.fold import fold
from indexer.passages import Passage, passages
from indexer.schema import pack_head, pack_place, seconds
from kb.ports import IndexDocument, IndexedFile

EVERYONE = "everyone"
CURSOR = "#cursor"
PART_TARGET = 260


@dataclass
class Row:
    """One document of the index before analysis.

    ``name`` is the field that ``text`` is analysed for and ``terms`` go into besides; ``keys`` are whole
    terms by field, ``columns`` bytes by column. The last ``shared`` bytes of the column ``text`` open that
    of the next row as well.
    """

    name: str
    text: str
    columns: dict[str, bytes]
    terms: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    shared: int = 0


def access_term(key: str) -> str:
    """Return the index term of an access key."""
    return key or EVERYONE


def index_rows(document: IndexDocument) -> Iterator[Row]:
    """Yield the documents of one revision: its head first, then every passage."""
    yield _head(document)
    for row in _passage_rows(document):
        row.keys["part_of"] = str(document.article_id)
        yield row


def _passage_rows(document: IndexDocument) -> Iterator[Row]:
    extras = " ".join(filter(None, (document.document_number, document.tags)))
    for kind, text in (("summary", document.summary), ("tags", extras), ("notes", document.notes)):
        yield from _text_rows(kind, text)
    for text in document.wording:
        yield from _text_rows("wording", text)
    yield from _text_rows("body", document.body)
    for file in document.files:
        yield from _file_rows(file)


def _head(document: IndexDocument) -> Row:
    record: tuple[Any, ...] = (
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
    return Row(
        "title",
        document.title,
        {
            "head": pack_head(record),
            "text": _encode(document.title),
            "external": _encode(document.external_id),
        },
        # A document number identifies the article as a whole, however it is written in the query.
        [term for term, _start, _end in document_numbers(fold(document.document_number))],
        {"article": str(document.article_id), "access": access_term(document.access_key)},
    )


def _text_rows(kind: str, text: str) -> Iterator[Row]:
    for passage in passages(text):
        place = pack_place(kind, 0, passage.offset, passage.own)
        yield _passage_row("body", passage, {"place": place})


def _file_rows(file: IndexedFile) -> Iterator[Row]:
    name_label = json.dumps([file.name, "name", 0, ""], ensure_ascii=False).encode()
    place = pack_place("file", file.attachment_id, 0, len(file.name))
    yield Row("file", file.name, {"place": place, "text": _encode(file.name), "label": name_label})
    for part in file.parts:
        label = json.dumps([file.name, part.kind, part.number, part.label], ensure_ascii=False).encode()
        for passage in passages(part.text):
            place = pack_place("file", file.attachment_id, passage.offset, passage.own)
            yield _passage_row("file", passage, {"place": place, "label": label})


def _passage_row(name: str, passage: Passage, columns: dict[str, bytes]) -> Row:
    shared = len(_encode(passage.text[passage.own :]))
    return Row(name, passage.text, {**columns, "text": _encode(passage.text)}, shared=shared)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")
