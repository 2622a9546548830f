"""Titles that contain what is being typed, character by character."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from indexer.codec import IntArray
from indexer.fold import is_han, is_kana, squeeze
from indexer.matcher import Matcher
from indexer.plan import INSIDE
from indexer.snapshot import BoolArray, Leaf, Snapshot

# After so many titles that hold the text and may not be shown, the ranked way is the quicker one.
MOST_TRIED = 20_000
# Whoever typed so many characters that stand in a title is typing that title; so many titles are then enough.
ENOUGH = ((8, 1), (4, 3))
# So few titles are read one by one.
FEW_TITLES = 100
# More than any list of suggestions shows.
MOST_SHOWN = 20


@dataclass(frozen=True)
class TitleBlock:
    """The titles of one segment in one text, a line each, those to offer first on top.

    ``starts`` holds where each line begins in ``text`` and ``heads`` whose title it is.
    """

    text: str
    starts: IntArray
    heads: IntArray

    @classmethod
    def of(cls, leaf: Leaf) -> "TitleBlock":
        """Read, fold and order the titles of a segment: the shorter first, then the newer."""
        titles = [squeeze(bytes(leaf.texts[int(doc)]).decode("utf-8")) for doc in leaf.head_docs]
        lengths = np.array([len(title) for title in titles], np.int64)
        order = np.lexsort((-leaf.heads["shown_from"], lengths))
        starts = np.concatenate(([1], 1 + np.cumsum(lengths[order] + 1)))[:-1]
        return cls("\n" + "\n".join(titles[number] for number in order) + "\n", starts, order)

    def holding(self, text: str, *, first: bool) -> Iterator[int]:
        """Yield the heads whose title begins with a text (``first``) or has it further in, in order."""
        wanted = "\n" + text if first else text
        place = self.text.find(wanted)
        while place >= 0:
            begins = place + 1 if first else place
            if first or self.text[place - 1] != "\n":
                yield int(self.heads[int(np.searchsorted(self.starts, begins, side="right")) - 1])
            place = self.text.find(wanted, self.text.find("\n", begins))


class TitleTexts:
    """The titles of a snapshot; the blocks of its segments are kept with them over commits.

    Args:
        snapshot: The open commit.
        matcher: Knows which titles have the pairs of characters of a text.
    """

    def __init__(self, snapshot: Snapshot, matcher: Matcher) -> None:
        self._snapshot = snapshot
        self._matcher = matcher

    def read(self, most: int | None = None) -> bool:
        """Read the titles of the segments that lack them.

        Args:
            most: Leave out segments with more heads than that.

        Returns:
            Whether all of them have been read now.
        """
        for leaf in self._snapshot.leaves:
            if leaf.title_block is None and (most is None or len(leaf.heads) <= most):
                leaf.title_block = TitleBlock.of(leaf)
        return self.is_read

    @property
    def is_read(self) -> bool:
        """Whether the titles of all segments have been read."""
        return all(leaf.title_block is not None for leaf in self._snapshot.leaves)

    def find(self, typed: str, allowed: BoolArray, limit: int) -> list[int]:
        """Return up to ``limit`` heads whose titles hold what is typed, character by character, best first.

        Those that begin with it come first, then the shorter and the newer. Empty, so that titles have to
        be ranked, if there are fewer than are enough for a text of this length, if it ends in letters, which
        may spell something, or if there are many and the titles have not been read yet.
        """
        text = squeeze(typed)
        if not text or not (is_han(text[-1]) or is_kana(text[-1]) or text[-1].isdigit()):
            return []
        wanted = min(limit, _enough(len(text)))
        holding = self._matcher.standing("title", INSIDE + text if text.isascii() else text).heads
        holding = holding[allowed[holding]]
        if len(holding) < wanted:
            return []
        if len(holding) <= FEW_TITLES:
            found = self._among(holding.tolist(), text)[:limit]
        else:
            found = self._looked_for(text, allowed, limit) if self.is_read else []
        return found if len(found) >= wanted else []

    def _among(self, heads: list[int], text: str) -> list[int]:
        """Return which of some titles hold a text, best first: pairs of characters may stand apart."""
        titles = {head: squeeze(self._snapshot.title(head)) for head in heads}
        found = [head for head in heads if text in titles[head]]
        return sorted(found, key=lambda head: (not titles[head].startswith(text), self._rank(head)))

    def _looked_for(self, text: str, allowed: BoolArray, limit: int) -> list[int]:
        found: list[int] = []
        for first in (True, False):
            more = [
                head
                for number, leaf in enumerate(self._snapshot.leaves)
                for head in self._allowed(leaf, self._snapshot.base("title", number), text, allowed, first)
            ]
            found += sorted(more, key=self._rank)
            if len(found) >= limit:
                break
        return found[:limit]

    def _allowed(self, leaf: Leaf, base: int, text: str, allowed: BoolArray, first: bool) -> Iterator[int]:
        # In the block's order, which is that of ``_rank``: no later one can be among the best.
        holding = itertools.islice(leaf.title_block.holding(text, first=first), MOST_TRIED)
        return itertools.islice((base + head for head in holding if allowed[base + head]), MOST_SHOWN)

    def _rank(self, head: int) -> tuple[int, float]:
        shown_from = self._snapshot.heads["shown_from"][head]
        return len(squeeze(self._snapshot.title(head))), -float(shown_from)


def _enough(length: int) -> int:
    """Return how many titles that hold a text of some characters are enough, so that no others are ranked."""
    return next((titles for least, titles in ENOUGH if length >= least), MOST_SHOWN)
