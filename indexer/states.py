"""Which revisions are in force at an instant, worked out once for as long as nothing changes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
BOUNDS = ("shown_from", "shown_to", "next_from", "previous_from")


@dataclass(frozen=True)
class States:
    """Which heads are in force, over or still to come, at every instant from ``since`` to before ``until``."""

    since: float
    until: float
    current: BoolArray
    ended: BoolArray
    scheduled: BoolArray

    def holds_at(self, instant: float) -> bool:
        """Return whether this is so at an instant (seconds)."""
        return self.since <= instant < self.until

    def followed_by(self, kept: int, tail: "States") -> "States":
        """Return the first ``kept`` heads of this with the heads of another behind them."""
        return States(
            max(self.since, tail.since),
            min(self.until, tail.until),
            np.concatenate([self.current[:kept], tail.current]),
            np.concatenate([self.ended[:kept], tail.ended]),
            np.concatenate([self.scheduled[:kept], tail.scheduled]),
        )


def states_at(bounds: dict[str, NDArray[Any]], instant: float) -> States:
    """Return which heads are in force at an instant, from the bounds of their times (all in seconds)."""
    shown_from, shown_to = bounds["shown_from"], bounds["shown_to"]
    started, over = shown_from <= instant, shown_to <= instant
    return States(
        since=max(float(bound[bound <= instant].max(initial=-np.inf)) for bound in bounds.values()),
        until=min(float(bound[bound > instant].min(initial=np.inf)) for bound in bounds.values()),
        current=started & ~over,
        # The last revision that had been shown speaks for an ended article, the next for a coming one.
        ended=started & over & (bounds["next_from"] > instant),
        scheduled=~started & (bounds["previous_from"] <= instant),
    )
