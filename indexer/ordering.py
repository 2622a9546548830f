"""The order of everything that was found: the refined few first, all others by their first score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.codec import IntArray
from indexer.filters import Masks
from indexer.plan import Rung
from indexer.ranking import Ranked
from indexer.scoring import Scores
from indexer.snapshot import BoolArray, Snapshot
from kb.ports import EngineQuery, Sort, StatusFilter


@dataclass(frozen=True)
class Order:
    """Heads in the order of the answer, one for each article.

    ``refined`` holds what the second stage said of the few that it looked at.
    """

    heads: IntArray
    found: Scores
    refined: Mapping[int, Ranked]

    def __len__(self) -> int:
        return len(self.heads)

    def page(self, offset: int, limit: int) -> list[Ranked]:
        """Return the hits of a page."""
        return [self._ranked(int(head)) for head in self.heads[offset : offset + limit]]

    def _ranked(self, head: int) -> Ranked:
        known = self.refined.get(head)
        if known is not None:
            return known
        rung = Rung(int(self.found.rung[head]))
        return Ranked(head, float(self.found.combined[head]), rung, verbatim=False, passage=-1)

    def rungs(self) -> dict[Rung, int]:
        """Return how many articles needed each rung."""
        counts = np.bincount(self.found.rung[self.heads], minlength=len(Rung))
        return {rung: int(counts[rung]) for rung in Rung if counts[rung]}

    def verbatim(self) -> int:
        """Return how many articles hold the query as typed."""
        listed = set(self.heads.tolist()) if self.refined else set()
        return sum(
            1
            for head, item in self.refined.items()
            if item.verbatim and item.rung is Rung.EXACT and head in listed
        )


def ordered(
    snapshot: Snapshot,
    query: EngineQuery,
    found: Scores,
    refined: Sequence[Ranked],
    allowed: BoolArray,
    full: BoolArray,
    conditions: Masks,
) -> Order:
    """Return the order of all allowed heads.

    Args:
        refined: The best, in the order of the second stage.
        allowed: Everything found that meets the conditions.
        full: What holds the whole query; it comes first under any order but by relevance.
    """
    best = np.array([item.head for item in refined], np.int64)
    others = allowed.copy()
    others[best] = False
    rest = np.flatnonzero(others)
    rest = rest[np.argsort(-found.combined[rest], kind="stable")]
    heads = resorted(snapshot, query, np.concatenate([best, rest]), full)
    by_head = {item.head: item for item in refined}
    return Order(_in_force_first(snapshot, query, heads, conditions), found, by_head)


def resorted(snapshot: Snapshot, query: EngineQuery, heads: IntArray, full: BoolArray) -> IntArray:
    """Return heads by date or by heat if that is asked for, those that hold the whole query first."""
    if query.sort is Sort.RELEVANCE:
        return heads
    if query.sort is Sort.NEWEST:
        values = snapshot.heads["updated"][heads]
    else:
        articles = snapshot.heads["article"][heads].tolist()
        values = np.array([query.heat.get(article, 0.0) for article in articles], np.float64)
    sorted_heads: IntArray = heads[np.lexsort((-values, ~full[heads]))]
    return sorted_heads


def browsed(
    snapshot: Snapshot, query: EngineQuery, found: Scores, allowed: BoolArray, conditions: Masks
) -> Order:
    """Return the order of a search for nothing in particular: the newest first unless heat is asked for."""
    heads = np.flatnonzero(allowed)
    heads = heads[np.argsort(-snapshot.heads["updated"][heads], kind="stable")]
    if query.sort is Sort.HOTTEST:
        heads = resorted(snapshot, query, heads, allowed)
    return Order(_in_force_first(snapshot, query, heads, conditions), found, {})


def _in_force_first(snapshot: Snapshot, query: EngineQuery, heads: IntArray, conditions: Masks) -> IntArray:
    if query.status is StatusFilter.PREFER:
        heads = heads[np.argsort(~conditions.current[heads], kind="stable")]
    return _folded(snapshot, heads, conditions)


def _folded(snapshot: Snapshot, heads: IntArray, conditions: Masks) -> IntArray:
    """Keep one revision of each article, the one in force if it is there, at its best place."""
    articles, firsts = np.unique(snapshot.heads["article"][heads], return_index=True)
    if len(articles) == len(heads):
        return heads
    chosen = heads[firsts]
    in_force = heads[conditions.current[heads]]
    chosen[np.searchsorted(articles, snapshot.heads["article"][in_force])] = in_force
    return chosen[np.argsort(firsts, kind="stable")]
