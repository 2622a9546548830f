"""Reads the passages of those candidates that may stand on the page that is asked for, and of no others.

How close together the words stand in a passage is only known by reading it; but the posting lists tell how
many of the words it can hold at all, and so how good a candidate can become at best. Candidates are read
in the order of that bound, until the page holds only candidates that have been read: none of the others can
then come before them (the threshold algorithm of Fagin, Lotem and Naor 2001, with one costly source).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from indexer.codec import IntArray
from indexer.evidence import Candidates, Evidence
from indexer.lookup import passage_fields
from indexer.nearness import Joined, is_special, numbered, occurrences, telling_units
from indexer.plan import Plan
from indexer.scoring import Scorer, Scores
from indexer.snapshot import BoolArray
from indexer.sums import Reals
from kb.ports import Scope

# So many of the best passages of a candidate are read, to show the one where the words stand together.
READ = 3
CLOSE_CALL = 0.9
AT_ONCE = 16
# Returns the order of candidates, best first.
Ordering = Callable[[Evidence], IntArray]


class Reading:
    """The passages of candidates that are worth reading, and what was read of them.

    Args:
        candidates: Whose passages.
        evidence: What speaks for them without any of it.
    """

    def __init__(
        self,
        scorer: Scorer,
        found: Scores,
        plan: Plan,
        scope: Scope,
        candidates: Candidates,
        evidence: Evidence,
    ) -> None:
        self._scorer, self._plan, self._scope = scorer, plan, scope
        self._units = telling_units(plan)
        self._covered = found.of_passages
        self._rows, self._owners, self._holds_whole = _worth_reading(found, candidates)
        self._held = found.places.of_passages(self._rows) > 0
        self._unread = np.ones(len(candidates.heads), np.bool_)
        self._evidence = replace(
            evidence,
            near=evidence.near.copy(),
            verbatim_body=evidence.verbatim_body.copy(),
            passage=evidence.passage.copy(),
        )
        self._nearest = np.maximum(evidence.near, self._bounds())

    def _bounds(self) -> Reals:
        """Return how near the words can stand at best in each candidate's passages."""
        held = self._held | np.array([[is_special(unit)] for unit in self._plan.units])
        kinds = held[[unit.emphasis >= 0.5 for unit in self._plan.units]].sum(axis=0)
        bounds = np.zeros(len(self._unread))
        np.maximum.at(bounds, self._owners, np.where(kinds > 1, kinds / max(1, len(self._units)), 0.0))
        return bounds

    def until_settled(self, ordering: Ordering, first: int) -> Evidence:
        """Return the evidence with as much read as the first places of the order need."""
        # The place of these depends on whether they hold the query as typed.
        self._read(np.flatnonzero(self._holds_whole))
        while True:
            best = ordering(
                replace(self._evidence, near=np.where(self._unread, self._nearest, self._evidence.near))
            )
            waiting = best[self._unread[best]]
            if not self._unread[best[:first]].any():
                return self._evidence
            self._read(waiting[:AT_ONCE])

    def _read(self, wanted: IntArray) -> None:
        """Read candidates: note the passage that shows most, how close the words stand, and the query as typed."""
        self._unread[wanted] = False
        asked = np.zeros(len(self._unread), np.bool_)
        asked[wanted] = True
        here = asked[self._owners]
        rows, owners = self._rows[here], self._owners[here]
        texts = [self._scorer.snapshot.squeezed_passage(row) for row in rows.tolist()]
        units = numbered(self._plan, self._held[:, here])
        found = occurrences(self._scorer.matcher, units, passage_fields(self._scope), rows, Joined.of(texts))
        density = found.density(len(self._units))
        whole = np.array([self._plan.compact in text for text in texts], np.bool_)
        worth = self._covered(rows) + 0.5 * density + 2.0 * whole
        order = np.lexsort((-worth, owners))
        best = order[np.flatnonzero(np.diff(owners[order], prepend=-1))]
        at, evidence = owners[best], self._evidence
        evidence.near[at] = np.maximum(evidence.near[at], density[best])
        evidence.passage[at], evidence.verbatim_body[at] = rows[best], whole[best]


def _worth_reading(found: Scores, candidates: Candidates) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the passages nearly as good as the best of each candidate, whose they are, and who may hold it all.

    The first passage that may hold the whole query as typed is among them.
    """
    best = candidates.best(candidates.covered)[candidates.owners]
    good = candidates.best_few(candidates.covered >= CLOSE_CALL * best, READ)
    rows, owners = candidates.rows[good], candidates.owners[good]
    whole = found.verbatim[candidates.at].astype(np.int64)
    extra = np.flatnonzero((whole >= 0) & ~np.isin(whole, rows))
    return np.concatenate([rows, whole[extra]]), np.concatenate([owners, extra]), whole >= 0
