"""Finds the articles whose text, wording or attachments hold what is being typed, or its document number."""

import numpy as np

from indexer.analyzer import document_numbers
from indexer.fold import squeeze
from indexer.plan import Plan
from indexer.scoring import Scorer
from indexer.snapshot import BoolArray

LONG_ENOUGH = 4
MOST_READ = 40
FIELDS = ("body", "file")


def holding(scorer: Scorer, plan: Plan, allowed: BoolArray, limit: int) -> list[int]:
    """Return up to ``limit`` heads that hold a text, in the order of the index.

    Args:
        scorer: Knows where terms stand.
        plan: The text as planned; a document number in any bracket style counts for itself.
        allowed: The heads that may be named.
        limit: How many are wanted.
    """
    numbers = [term for term, _start, _end in document_numbers(plan.folded)]
    if not numbers and len(plan.compact) < LONG_ENOUGH:
        return []
    found: dict[int, None] = {}
    left = MOST_READ
    for name in FIELDS:
        for term in numbers or [plan.compact]:
            rows = scorer.matcher.rows(name, term)
            heads = scorer.snapshot.head_of[rows]
            for place in np.flatnonzero(allowed[heads]).tolist():
                head = int(heads[place])
                if head in found:
                    continue
                if len(found) >= limit or not left:
                    return list(found)
                left -= 1
                # Pairs of characters may stand apart: only the text itself tells.
                if numbers or plan.compact in squeeze(scorer.snapshot.passage(int(rows[place]))):
                    found[head] = None
    return list(found)
