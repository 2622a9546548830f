"""When each revision is shown, and its status at any instant."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import object_session

from kb.models import Article, ReviewCheck, Revision, RevisionState


class Status(StrEnum):
    """What a revision is at an instant; computed, never stored."""

    SCHEDULED = "scheduled"
    CURRENT = "current"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class Shown(Protocol):
    """Anything with a time on screen."""

    @property
    def shown_from(self) -> datetime | None:
        """When it begins to be shown."""

    @property
    def shown_to(self) -> datetime | None:
        """When it ceases to be shown; ``None`` is open."""


class Timed(Shown, Protocol):
    """A revision, or what a list holds of one."""

    @property
    def effective_to(self) -> datetime | None:
        """When its author wants it to end."""

    @property
    def withdrawn_at(self) -> datetime | None:
        """When it was withdrawn."""


class Withdrawable(Protocol):
    """An article, or what a list holds of one."""

    @property
    def withdrawn_at(self) -> datetime | None:
        """When it was withdrawn."""


class Numbered(Shown, Protocol):
    """A revision, or what is read of one, by its number."""

    @property
    def number(self) -> int:
        """The place among the revisions of its article, from 1."""


ShownThing = TypeVar("ShownThing", bound=Shown)
NumberedThing = TypeVar("NumberedThing", bound=Numbered)


@dataclass(frozen=True)
class Interval:
    """A revision's time on screen: from ``start`` inclusive to ``end`` exclusive (``None`` is open)."""

    revision: Revision
    start: datetime
    end: datetime | None


def shown_intervals(revisions: Iterable[Revision]) -> list[Interval]:
    """Return the intervals of the approved revisions in order of their start.

    A revision is shown from the later of approval and effective start until the first of its
    effective end, the next revision's start and its withdrawal; empty intervals are left out. One that
    was withdrawn before its start never took over from the one before it.
    """
    starts = sorted(
        (
            (start, revision.number, revision)
            for revision in revisions
            if (start := _start(revision)) is not None
            and (revision.withdrawn_at is None or revision.withdrawn_at > start)
        ),
        key=lambda entry: entry[:2],
    )
    intervals = []
    for position, (start, _number, revision) in enumerate(starts):
        following = starts[position + 1][0] if position + 1 < len(starts) else None
        ends = [end for end in (revision.effective_to, following, revision.withdrawn_at) if end is not None]
        end = min(ends) if ends else None
        if end is None or end > start:
            intervals.append(Interval(revision, start, end))
    return intervals


def _start(revision: Revision) -> datetime | None:
    # A late approval never publishes into the past.
    if revision.state != RevisionState.APPROVED or revision.approved_at is None:
        return None
    return max(revision.approved_at, revision.effective_from or revision.approved_at)


def settle(article: Article) -> None:
    """Write the shown interval of every revision after anything that determines it changed."""
    for revision in article.revisions:
        _end_by_withdrawal(revision, article.withdrawn_at)
        revision.shown_from = None
        revision.shown_to = None
    for interval in shown_intervals(article.revisions):
        interval.revision.shown_from = interval.start
        interval.revision.shown_to = interval.end
    article.review_due_at = next_review(article)


def next_review(article: Article) -> datetime | None:
    """Return when an article has to be looked at again: its interval after the last approval or check."""
    if article.review_interval_days is None:
        return None
    looked: list[datetime | None] = [item.approved_at for item in article.revisions if item.shown_from]
    session = object_session(article)
    if session is not None and article.id is not None:
        with session.no_autoflush:
            looked.append(
                session.scalar(
                    select(func.max(ReviewCheck.checked_at)).where(ReviewCheck.article_id == article.id)
                )
            )
    known = [moment for moment in looked if moment is not None]
    return max(known) + timedelta(days=article.review_interval_days) if known else None


def _end_by_withdrawal(revision: Revision, withdrawn_at: datetime | None) -> None:
    # Kept with the revision, so that an article that comes back with a new revision still shows
    # nothing for the time in between.
    if withdrawn_at is None or revision.withdrawn_at is not None or revision.approved_at is None:
        return
    if revision.approved_at <= withdrawn_at:
        revision.withdrawn_at = withdrawn_at


def is_shown_at(instant: datetime) -> ColumnElement[bool]:
    """Return the SQL condition on ``Revision``: shown at the instant."""
    return and_(Revision.shown_from <= instant, or_(Revision.shown_to.is_(None), Revision.shown_to > instant))


def status_at(revision: Timed, article: Withdrawable, instant: datetime) -> Status:
    """Return what an approved revision is at an instant."""
    if revision.shown_from is not None and revision.shown_from > instant:
        return Status.SCHEDULED
    if article.withdrawn_at is not None and article.withdrawn_at <= instant:
        return Status.WITHDRAWN
    if revision.shown_from is not None and (revision.shown_to is None or revision.shown_to > instant):
        return Status.CURRENT
    if revision.withdrawn_at is not None and revision.withdrawn_at == revision.shown_to:
        return Status.WITHDRAWN
    if revision.shown_from is None or revision.shown_to is None:
        return Status.SUPERSEDED if revision.withdrawn_at is None else Status.WITHDRAWN
    if revision.effective_to is not None and revision.effective_to <= revision.shown_to:
        return Status.EXPIRED
    return Status.SUPERSEDED


def shown_at(revisions: Iterable[ShownThing], instant: datetime) -> ShownThing | None:
    """Return the revision that was, or will be, on screen at an instant, if there is one."""
    for revision in revisions:
        start, end = revision.shown_from, revision.shown_to
        if start is not None and start <= instant and (end is None or end > instant):
            return revision
    return None


def revision_at(revisions: Sequence[NumberedThing], instant: datetime) -> NumberedThing | None:
    """Return the revision that speaks for an article at an instant.

    The one shown then; failing that the last one that had been shown; failing that the next to come.
    """
    shown = [revision for revision in revisions if revision.shown_from is not None]
    past = [revision for revision in shown if revision.shown_from and revision.shown_from <= instant]
    if past:
        return max(past, key=lambda revision: (revision.shown_from, revision.number))
    return min(shown, key=lambda revision: (revision.shown_from, revision.number), default=None)
