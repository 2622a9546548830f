"""What has to happen by the clock beside the follower: webhooks, reminders, dropping what is old."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from kb.activity import forget_before
from kb.database import Database
from kb.gaps import answer_published, gaps_are_due
from kb.ports import Clock
from kb.reminders import of_announcements, of_reviews, send
from kb.search_days import close_day, next_to_close
from kb.task_reminders import of_tasks
from kb.webhook_outbox import forget_old
from web.courier import Courier

log = logging.getLogger(__name__)
TICK_SECONDS = 1.0
MINUTE = 60.0
HOUR = 3600.0
# The first time after an upgrade there may be more than a year to pack; webhooks must not wait for it.
DAYS_AT_ONCE = 20


class Chores:
    """Runs every chore in its own time; one that fails is logged and tried again at its next time.

    Args:
        database: Where the chores look.
        clock: Gives the present instant.
        zone: The bank's zone, in which days begin.
        courier: Empties the outbox of webhooks.
        kept: How long searches and views are kept; ``None`` is for ever.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        zone: ZoneInfo,
        courier: Courier,
        kept: timedelta | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone
        self._courier = courier
        self._kept = kept
        self._due: dict[str, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        while not stop.is_set():
            self.step()
            stop.wait(TICK_SECONDS)

    def step(self) -> None:
        """Do what is due."""
        self._at_most_every(TICK_SECONDS, self._courier.deliver_due)
        self._at_most_every(MINUTE, self.remind)
        self._at_most_every(MINUTE, self.close_days)
        self._at_most_every(HOUR, self.forget)
        self._at_most_every(HOUR, self.purge)

    def remind(self) -> int:
        """Tell people what became due, and return how many notifications were written."""
        at = self._clock.now()
        with self._database.read() as session:
            reminders = [*of_announcements(session, at), *of_reviews(session, at), *of_tasks(session, at)]
            waits = gaps_are_due(session, at)
        if not reminders and not waits:
            return 0
        with self._database.write() as session:
            return send(session, reminders, at) + answer_published(session, at)

    def close_days(self) -> int:
        """Pack the searches of days that are over, and return how many days."""
        at = self._clock.now()
        for closed in range(DAYS_AT_ONCE):
            with self._database.read() as session:
                day = next_to_close(session, at, self._zone)
            if day is None:
                return closed
            with self._database.write() as session:
                close_day(session, *day)
        return DAYS_AT_ONCE

    def forget(self) -> int:
        """Drop messages that were settled long ago, and return how many."""
        with self._database.write() as session:
            return forget_old(session, self._clock.now())

    def purge(self) -> int:
        """Delete searches and views that have been kept long enough, and return how many."""
        if self._kept is None:
            return 0
        with self._database.write() as session:
            return sum(forget_before(session, self._clock.now() - self._kept))

    def _at_most_every(self, seconds: float, chore: Callable[[], object]) -> None:
        now = time.monotonic()
        if now < self._due.get(chore.__name__, 0.0):
            return
        self._due[chore.__name__] = now + seconds
        try:
            chore()
        except Exception:
            log.exception("the chore %s failed, will try again", chore.__name__)
