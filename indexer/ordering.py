"""The order of everything that was found: the refined few first, all others by their first score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.codec import IntArray
from indexer.filters import Masks
from indexer.lookup import marked
from indexer.plan import Rung
from indexer.ranking import Ranked
from indexer.scoring import Scores, nothing_scored
from indexer.snapshot import BoolArray, Snapshot
from indexer.sums import Reals
from kb.ports import EngineQuery, Sort, StatusFilter


@dataclass(frozen=True)
class Order:
    """Heads in the order of the answer, one for each article; ``at`` are their places among the scored ones.

    ``refined`` holds what the second stage said of the few that it looked at.
    """

    at: IntArray
    found: Scores
    refined: Mapping[int, Ranked]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def heads(self) -> IntArray:
        """The heads themselves."""
        return self.found.heads[self.at]

    def page(self, offset: int, limit: int) -> list[tuple[int, Ranked]]:
        """Return the hits of a page, each with its place among the scored heads."""
        return [(at, self._ranked(at)) for at in self.at[offset : offset + limit].tolist()]

    def _ranked(self, at: int) -> Ranked:
        head = int(self.found.heads[at])
        known = self.refined.get(head)
        if known is not None:
            return known
        rung = Rung(int(self.found.rung[at]))
        return Ranked(head, float(self.found.combined[at]), rung, verbatim=False, passage=-1)

    def rungs(self) -> dict[Rung, int]:
        """Return how many articles needed each rung."""
        counts = np.bincount(self.found.rung[self.at], minlength=len(Rung))
        return {rung: int(counts[rung]) for rung in Rung if counts[rung]}

    def verbatim(self) -> int:
        """Return how many articles hold the query as typed."""
        wanted = [head for head, item in self.refined.items() if item.verbatim and item.rung is Rung.EXACT]
        return int(np.count_nonzero(np.isin(wanted, self.heads))) if wanted else 0


def settled(query: EngineQuery) -> int | None:
    """Return how many of the best must stand in their final order, ``None`` for all that are refined.

    Where revisions that are not in force are folded among the others, more may be needed than the page has hits.
    """
    by_relevance = query.sort is Sort.RELEVANCE and query.status is not StatusFilter.ALL
    return query.offset + query.limit if by_relevance else None


def ordered(
    snapshot: Snapshot,
    query: EngineQuery,
    found: Scores,
    refined: Sequence[Ranked],
    allowed: IntArray,
    full: IntArray,
    conditions: Masks,
) -> Order:
    """Return the order of all allowed heads; by relevance, what lies behind the page is in any order.

    Args:
        refined: The best, in the order of the second stage.
        allowed: Everything found that meets the conditions, by place among the scored heads.
        full: The heads that hold the whole query; they come first under any order but by relevance.
    """
    best = found.at(np.array([item.head for item in refined], np.int64))
    rest = np.setdiff1d(allowed, best, assume_unique=True) if len(best) else allowed
    wanted = settled(query)
    late = np.zeros(len(rest), np.bool_)
    if query.status is StatusFilter.PREFER:
        late = ~conditions.current[found.heads[rest]]
    parts = [part[_best_first(found.combined[part], wanted)] for part in (rest[~late], rest[late])]
    at = np.concatenate([best, *parts])
    if query.sort is not Sort.RELEVANCE:
        at = at[_resorted(snapshot, query, found.heads[at], marked(full, snapshot.size))]
    return Order(
        _in_force_first(snapshot, query, found.heads, at, conditions),
        found,
        {item.head: item for item in refined},
    )


def _best_first(values: Reals, most: int | None) -> IntArray:
    """Return the places of values in descending order, at least ``most`` of them if given; ties as they come."""
    if most is None or len(values) <= most:
        return np.argsort(-values, kind="stable")
    least = np.partition(values, len(values) - most - 1)[len(values) - most - 1]
    best = np.flatnonzero(values >= least)
    return np.concatenate([best[np.argsort(-values[best], kind="stable")], np.flatnonzero(values < least)])


def _resorted(snapshot: Snapshot, query: EngineQuery, heads: IntArray, full: BoolArray) -> IntArray:
    """Return the order of heads by date or by heat, those that hold the whole query first."""
    if query.sort is Sort.NEWEST:
        values = snapshot.column("updated")[heads]
    else:
        articles = snapshot.column("article")[heads].tolist()
        values = np.array([query.heat.get(article, 0.0) for article in articles], np.float64)
    order: IntArray = np.lexsort((-values, ~full[heads]))
    return order


def browsed(snapshot: Snapshot, query: EngineQuery, conditions: Masks) -> Order:
    """Return the order of a search for nothing in particular: the newest first unless heat is asked for."""
    heads = np.flatnonzero(conditions.all)
    at = np.argsort(-snapshot.column("updated")[heads], kind="stable")
    if query.sort is Sort.HOTTEST:
        at = at[_resorted(snapshot, query, heads[at], conditions.all)]
    return Order(_in_force_first(snapshot, query, heads, at, conditions), nothing_scored(heads), {})


def _in_force_first(
    snapshot: Snapshot, query: EngineQuery, heads: IntArray, at: IntArray, conditions: Masks
) -> IntArray:
    if query.status is StatusFilter.CURRENT:
        # At one instant an article shows one revision, so nothing has to be folded.
        return at
    if query.status is StatusFilter.PREFER:
        at = at[np.argsort(~conditions.current[heads[at]], kind="stable")]
    return at[_folded(snapshot, heads[at], conditions)]


def _folded(snapshot: Snapshot, heads: IntArray, conditions: Masks) -> IntArray:
    """Return the places of one revision of each article, the one in force if it is there, at its best place."""
    owners = snapshot.article_numbers[heads]
    everything = np.arange(len(heads))
    shown = np.zeros(int(owners.max(initial=-1)) + 1, np.int64)
    shown[owners[::-1]] = everything[::-1]
    firsts = np.flatnonzero(shown[owners] == everything)
    in_force = np.flatnonzero(conditions.current[heads])
    shown[owners[in_force]] = in_force
    return shown[owners[firsts]]
