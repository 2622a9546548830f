"""Conditions of a search as masks over heads: rights, status at an instant, time, node, department."""

from dataclasses import dataclass

import numpy as np

from indexer.documents import access_term
from indexer.snapshot import BoolArray, Snapshot
from kb.ports import DateField, DateRange, EngineQuery, StatusFilter

_DATE_COLUMNS = {
    DateField.PUBLISHED: "published",
    DateField.UPDATED: "updated",
    DateField.EFFECTIVE: "effective",
}


@dataclass(frozen=True)
class Masks:
    """One mask for each condition; ``readable`` is never lifted, the others may be, to count what they hide."""

    readable: BoolArray
    current: BoolArray
    ended: BoolArray
    scheduled: BoolArray
    status: BoolArray
    time: BoolArray
    node: BoolArray
    department: BoolArray
    chosen: BoolArray

    @property
    def all(self) -> BoolArray:
        """Which heads meet every condition."""
        return self.readable & self.status & self.time & self.node & self.department & self.chosen


def masks(snapshot: Snapshot, query: EngineQuery) -> Masks:
    """Work out every condition of a query."""
    heads, instant = snapshot.heads, query.instant.timestamp()
    started = heads["shown_from"] <= instant
    over = heads["shown_to"] <= instant
    current = started & ~over
    # The last revision that had been shown speaks for an ended article, the next for a coming one.
    ended = started & over & (heads["next_from"] > instant)
    scheduled = ~started & (heads["previous_from"] <= instant)
    status = current.copy()
    if query.status is not StatusFilter.CURRENT:
        status |= ended
    if query.status is StatusFilter.ALL:
        status |= scheduled
    everything = np.ones(snapshot.size, np.bool_)
    node = everything if query.node_ids is None else np.isin(heads["node"], list(query.node_ids))
    department = everything if query.department_id is None else heads["department"] == query.department_id
    return Masks(
        readable=snapshot.alive & readable(snapshot, query.access_keys),
        current=current,
        ended=ended,
        scheduled=scheduled,
        status=status,
        time=_in_range(snapshot, query.date_range),
        node=node,
        department=department,
        chosen=_chosen(snapshot, query),
    )


def readable(snapshot: Snapshot, access_keys: frozenset[str] | None) -> BoolArray:
    """Return which heads a viewer with these access keys may read; ``None`` reads everything."""
    if access_keys is None:
        return np.ones(snapshot.size, np.bool_)
    return snapshot.readable(access_term(key) for key in access_keys)


def _chosen(snapshot: Snapshot, query: EngineQuery) -> BoolArray:
    # A chosen set is where the search takes place: what lies outside is not counted as hidden either.
    if query.article_ids is None:
        return np.ones(snapshot.size, np.bool_)
    return np.isin(snapshot.heads["article"], list(query.article_ids))


def _in_range(snapshot: Snapshot, wanted: DateRange | None) -> BoolArray:
    inside = np.ones(snapshot.size, np.bool_)
    if wanted is None:
        return inside
    column = snapshot.heads[_DATE_COLUMNS[wanted.field]]
    if wanted.start is not None:
        inside &= column >= wanted.start.timestamp()
    if wanted.end is not None:
        inside &= column < wanted.end.timestamp()
    return inside
