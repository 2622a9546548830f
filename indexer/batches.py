"""Analyses changed articles into batches that a writer takes whole, here or in processes beside it."""

import logging
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.analyzer import Analyzer
from indexer.documents import index_rows
from kb.ports import ArticleChange

log = logging.getLogger(__name__)
BATCH = 64
# Starting a process costs about as much as analysing this many articles.
WORTH_PROCESSES = 1_500
MOST_PROCESSES = 4


@dataclass
class FieldTerms:
    """The terms of one field over a batch: a list of different ones, and who holds which how often.

    ``rows`` are places of documents within the batch, ``terms`` places in ``texts``; one entry for each
    posting.
    """

    texts: list[str]
    rows: NDArray[np.int64]
    terms: NDArray[np.int64]
    frequencies: NDArray[np.int64]


@dataclass
class Batch:
    """Index documents of some articles, analysed; ``failed`` could not be and are left out."""

    articles: int
    columns: list[dict[str, Any]]
    lengths: list[dict[str, int]]
    fields: dict[str, FieldTerms]
    failed: list[int]


@dataclass
class _Gathering:
    numbers: dict[str, int] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    terms: list[int] = field(default_factory=list)
    frequencies: list[int] = field(default_factory=list)

    def add(self, row: int, found: dict[str, int]) -> None:
        numbers = self.numbers
        self.terms.extend([numbers.setdefault(term, len(numbers)) for term in found])
        self.frequencies.extend(found.values())
        self.rows.append(row)
        self.sizes.append(len(found))

    def terms_of_field(self) -> FieldTerms:
        rows = np.repeat(np.array(self.rows, np.int64), np.array(self.sizes, np.int64))
        terms, frequencies = np.array(self.terms, np.int64), np.array(self.frequencies, np.int64)
        return FieldTerms(list(self.numbers), rows, terms, frequencies)


def analyse(changes: Sequence[ArticleChange], analyzer: Analyzer) -> Batch:
    """Return the index documents of some articles."""
    gathered: dict[str, _Gathering] = {}
    batch = Batch(len(changes), [], [], {}, [])
    for change in changes:
        try:
            # All of the analysis before anything is taken: a failure then leaves no half article.
            rows = [row for document in change.documents for row in index_rows(document, analyzer)]
        except Exception:
            log.exception("article %d cannot be indexed", change.article_id)
            batch.failed.append(change.article_id)
            continue
        for row in rows:
            number = len(batch.columns)
            terms = {name: value for name, value in row.items() if isinstance(value, dict)}
            for name, found in terms.items():
                gathered.setdefault(name, _Gathering()).add(number, found)
            batch.columns.append({name: value for name, value in row.items() if name not in terms})
            batch.lengths.append({name: sum(found.values()) for name, found in terms.items()})
    batch.fields = {name: found.terms_of_field() for name, found in gathered.items()}
    return batch


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
    processes = min(MOST_PROCESSES, (os.cpu_count() or 1) - 1)
    if first is None:
        return
    if processes < 1:
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
