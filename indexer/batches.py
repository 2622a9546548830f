"""Analyses changed articles into batches that a writer takes whole, here or in processes beside it."""

import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from indexer.analyzer import Analyzer, grams
from indexer.columns import IntArray, Values
from indexer.documents import Row, index_rows
from indexer.fold import fold
from indexer.grams import DOC_SHIFT, KEY_SHIFT, count_grams, counted, gram_key, is_plain
from indexer.posting_pool import FieldPostings
from indexer.segmenter import apart, pieces
from kb.ports import ArticleChange

log = logging.getLogger(__name__)
BATCH = 64
# Starting a process costs about as much as analysing this many articles.
WORTH_PROCESSES = 1_500
MOST_PROCESSES = 4


@dataclass
class Batch:
    """Index documents of some articles, analysed; ``failed`` could not be and are left out.

    ``rows`` is how many documents there are; they count from zero in postings and columns. ``lengths``
    has the number of terms of every document for the fields in which it matters.
    """

    articles: int
    rows: int = 0
    postings: dict[str, FieldPostings] = field(default_factory=dict)
    lengths: dict[str, IntArray] = field(default_factory=dict)
    columns: dict[str, Values] = field(default_factory=dict)
    failed: list[int] = field(default_factory=list)


def analyse(changes: Sequence[ArticleChange], analyzer: Analyzer) -> Batch:
    """Return the index documents of some articles."""
    try:
        return _analyse(changes, analyzer)
    except Exception as error:
        log.warning("one of %d articles cannot be indexed: %r", len(changes), error)
    # Which one shows when each is analysed alone; the others go in without it.
    failed = [change.article_id for change in changes if not _is_sound(change, analyzer)]
    batch = _analyse([change for change in changes if change.article_id not in failed], analyzer)
    return replace(batch, articles=len(changes), failed=failed)


def _is_sound(change: ArticleChange, analyzer: Analyzer) -> bool:
    try:
        _analyse([change], analyzer)
    except Exception:
        log.exception("article %d cannot be indexed", change.article_id)
        return False
    return True


def _analyse(changes: Sequence[ArticleChange], analyzer: Analyzer) -> Batch:
    rows = [row for change in changes for document in change.documents for row in index_rows(document)]
    batch = Batch(len(changes), len(rows))
    for name in dict.fromkeys(row.name for row in rows):
        numbers = [number for number, row in enumerate(rows) if row.name == name]
        batch.postings[name], sizes = analysed_texts(
            analyzer, [rows[number].text for number in numbers], numbers, [rows[n].terms for n in numbers]
        )
        batch.lengths[name] = np.zeros(len(rows), np.int64)
        batch.lengths[name][numbers] = sizes
    for name in sorted({name for row in rows for name in row.keys}):
        batch.postings[name] = _keys(name, rows)
    for name in sorted({name for row in rows for name in row.columns}):
        batch.columns[name] = _column(name, rows)
    return batch


def analysed_texts(
    analyzer: Analyzer, texts: Sequence[str], rows: Sequence[int], more: Sequence[Sequence[str]]
) -> tuple[FieldPostings, IntArray]:
    """Analyse texts of one field; the same terms as ``Analyzer.terms`` finds, for many texts at once.

    Args:
        rows: The document of each text.
        more: Further terms of each text.

    Returns:
        The postings, and how many terms each text has.
    """
    folded = [fold(text) for text in texts]
    listed: list[str] = []
    ends: list[int] = []
    plain = is_plain(folded)
    lines = apart(folded) if plain else ["\n".join(pieces(text)) for text in folded]
    packed, sizes = count_grams(folded if plain else [], np.array(rows if plain else [], np.int64))
    for text, line, further in zip(folded, lines, more, strict=True):
        listed += analyzer.longer_terms(text, line)
        listed += further
        if not plain:
            listed += grams(text).elements()
        ends.append(len(listed))
    counts: IntArray = np.diff(np.array([0, *ends], np.int64)).astype(np.int64)
    others = _postings(listed, np.repeat(np.array(rows, np.int64), counts))
    if plain:
        others.grams = packed if not len(others.grams) else np.concatenate([packed, others.grams])
        counts = counts + sizes
    return others, counts


def _keys(name: str, rows: Sequence[Row]) -> FieldPostings:
    pairs = [(row.keys[name], number) for number, row in enumerate(rows) if name in row.keys]
    return _postings([key for key, _number in pairs], np.array([number for _key, number in pairs], np.int64))


def _postings(listed: Sequence[str], rows: IntArray) -> FieldPostings:
    """Return the postings of terms that are listed as often as they occur, with the document of each."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(listed))}
    texts = list(numbers)
    keys = [gram_key(text) for text in texts]
    places = np.fromiter(map(numbers.__getitem__, listed), np.int64, len(listed))
    gram = np.array([-1 if key is None else key for key in keys], np.int64)
    of = rows.astype(np.uint64) << DOC_SHIFT
    short = gram[places] >= 0 if len(places) else np.empty(0, np.bool_)
    grams_found = counted(gram[places[short]].astype(np.uint64) << KEY_SHIFT | of[short])
    words = counted(places[~short].astype(np.uint64) << KEY_SHIFT | of[~short])
    return FieldPostings(grams_found, words, texts)


def _column(name: str, rows: Sequence[Row]) -> Values:
    found = [(number, row.columns[name]) for number, row in enumerate(rows) if row.columns.get(name)]
    docs = np.array([number for number, _value in found], np.int64)
    sizes = np.array([len(value) for _number, value in found], np.int64)
    shared = [rows[number].shared if name == "text" else 0 for number, _value in found]
    own = [value[: len(value) - less] for (_number, value), less in zip(found, shared, strict=True)]
    lengths = np.fromiter(map(len, own), np.int64, len(own))
    return Values(docs, np.cumsum(lengths) - lengths, sizes, b"".join(own))


def in_batches(changes: Iterable[ArticleChange]) -> Iterator[list[ArticleChange]]:
    """Yield lists of a few dozen articles."""
    remaining = iter(changes)
    while listed := list(islice(remaining, BATCH)):
        yield listed


def analysed(
    changes: Iterable[ArticleChange], analyzer: Analyzer, make_analyzer: Callable[[], Analyzer]
) -> Iterator[Batch]:
    """Yield the batches of many articles in order, analysed on all cores once it is worth starting them.

    Args:
        analyzer: The analysis of this process.
        make_analyzer: Makes the same analysis in another process; must be picklable.
    """
    batches = in_batches(changes)
    for listed in islice(batches, WORTH_PROCESSES // BATCH):
        yield analyse(listed, analyzer)
    first = next(batches, None)
    processes = min(MOST_PROCESSES, os.cpu_count() or 1)
    if first is None:
        return
    if processes < 2:
        yield analyse(first, analyzer)
        yield from (analyse(listed, analyzer) for listed in batches)
        return
    # Never forked: a child must not inherit the lock of the writer.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _prepare, (make_analyzer,)) as pool:
        waiting: deque[Future[Batch]] = deque([pool.submit(_analyse_there, first)])
        for listed in batches:
            waiting.append(pool.submit(_analyse_there, listed))
            # Enough to keep every process busy, few enough to stay small in memory.
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_there: list[Analyzer] = []


def _prepare(make_analyzer: Callable[[], Analyzer]) -> None:
    _there[:] = [make_analyzer()]


def _analyse_there(changes: list[ArticleChange]) -> Batch:
    return analyse(changes, _there[0])
