"""Conditions of a search as masks over heads: rights, status at an instant, time, node, department."""

from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def all(self) -> BoolArray:
        """Which heads meet every condition."""
        return self.readable & self.status & self.time & self.node & self.department & self.chosen


def masks(snapshot: Snapshot, query: EngineQuery) -> Masks:
    """Work out every condition of a query."""
    state = snapshot.states(query.instant.timestamp())
    status = state.current
    if query.status is not StatusFilter.CURRENT:
        status = status | state.ended
    if query.status is StatusFilter.ALL:
        status = status | state.scheduled
    everything = np.ones(snapshot.size, np.bool_)
    node = everything if query.node_ids is None else np.isin(snapshot.column("node"), list(query.node_ids))
    department = (
        everything if query.department_id is None else snapshot.column("department") == query.department_id
    )
    return Masks(
        readable=readable(snapshot, query.access_keys),
        current=state.current,
        ended=state.ended,
        scheduled=state.scheduled,
        status=status,
        time=_in_range(snapshot, query.date_range),
        node=node,
        department=department,
        chosen=_chosen(snapshot, query),
    )


def readable(snapshot: Snapshot, access_keys: frozenset[str] | None) -> BoolArray:
    """Return which living heads a viewer with these access keys may read; ``None`` reads everything."""
    if access_keys is None:
        return snapshot.alive
    return snapshot.readable(access_term(key) for key in access_keys)


def _chosen(snapshot: Snapshot, query: EngineQuery) -> BoolArray:
    # A chosen set is where the search takes place: what lies outside is not counted as hidden either.
    if query.article_ids is None:
        return np.ones(snapshot.size, np.bool_)
    return np.isin(snapshot.column("article"), list(query.article_ids))


def _in_range(snapshot: Snapshot, wanted: DateRange | None) -> BoolArray:
    inside = np.ones(snapshot.size, np.bool_)
    if wanted is None:
        return inside
    column = snapshot.column(_DATE_COLUMNS[wanted.field])
    if wanted.start is not None:
        inside &= column >= wanted.start.timestamp()
    if wanted.end is not None:
        inside &= column < wanted.end.timestamp()
    return inside
