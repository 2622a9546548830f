"""The product's first stage alone: the same words as the other engines get, BM25 over arrays, the best ten.

What the other engines are asked for as well: no planning, no second stage, no facets, no snippets. Rights
and times are conditions as in the product.
"""

from collections.abc import Sequence

import numpy as np

from indexer.codec import IntArray
from indexer.filters import masks
from indexer.lookup import Lookup
from indexer.plan import Alternative, Plan, Rung, Unit
from tests.bench.engines.asked import PAGE, Question
from tests.bench.engines.product import Product, query_of


class FirstStage(Product):
    """Asks the index that the product built; has to be built before."""

    name = "first stage"

    def ask(self, question: Question) -> Sequence[int] | None:
        """Return the best ten by BM25 over title and body."""
        if question.kind == "prefix":
            return None
        opened = self.engine.opened()
        query = query_of(question)
        wanted = masks(opened.snapshot, query).all
        lookup = opened.scorer.look_up(self._plan(question), query.scope)
        heads = _found(lookup, every=question.kind in ("several words, all", "phrase"))
        heads = heads[wanted[heads]]
        value = opened.scorer.weigh(lookup, heads).stage1
        least = question.offset + PAGE
        if len(heads) > least:
            best = np.argpartition(-value, least)[:least]
            heads, value = heads[best], value[best]
        best = heads[np.argsort(-value, kind="stable")][question.offset : least]
        return [int(number) for number in opened.snapshot.column("article")[best]]

    def _plan(self, question: Question) -> Plan:
        words = ("".join(question.words),) if question.kind == "phrase" else question.words
        units = []
        for word in words:
            alternatives = [Alternative(word, 1.0, Rung.EXACT)]
            if question.kind == "fuzzy":
                slips = self.engine.opened().vocabulary.slips_of(word)
                alternatives += [Alternative(slip, 0.7, Rung.SLIP) for slip in slips]
            units.append(Unit(word, 0, len(word), tuple(alternatives)))
        return Plan(" ".join(words), "", False, tuple(units))


def _found(lookup: Lookup, every: bool) -> IntArray:
    if every:
        return lookup.full()
    return lookup.holding(lookup.units)
