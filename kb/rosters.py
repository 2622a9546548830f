"""Rosters: who confirmed a required announcement, who has not yet, and who is late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import READS_EVERYTHING, Actor
from kb.announcement_versions import Chain, chain_of
from kb.announcements import may_manage
from kb.errors import Forbidden
from kb.models import Acknowledgement, Announcement
from kb.recipients import Addressing, Recipient, access_keys, led_departments


class State(StrEnum):
    """How a person stands with a required announcement."""

    CONFIRMED = "confirmed"
    OUTSTANDING = "outstanding"
    OVERDUE = "overdue"


@dataclass(frozen=True)
class RosterLine:
    """One person: the version they confirmed last and when; zero and ``None`` if they never did."""

    recipient: Recipient
    state: State
    number: int
    confirmed_at: datetime | None


@dataclass(frozen=True)
class Roster:
    """Everybody of the viewer's departments who is asked, by department and staff number."""

    chain: Chain
    lines: tuple[RosterLine, ...]

    def count(self, state: State) -> int:
        """Return how many people stand so."""
        return sum(line.state is state for line in self.lines)

    def departments(self) -> list[tuple[str, int, int]]:
        """Return (department, confirmed, all) in the order of the lines."""
        totals: dict[str, list[int]] = {}
        for line in self.lines:
            row = totals.setdefault(line.recipient.department, [0, 0])
            row[0] += line.state is State.CONFIRMED
            row[1] += 1
        return [(name, confirmed, everybody) for name, (confirmed, everybody) in totals.items()]


def may_call_the_roll(session: Session, actor: Actor, announcement: Announcement) -> bool:
    """Return whether the actor may see who confirmed, at least of some people."""
    return _whole_bank(actor, announcement) or bool(led_departments(session, actor))


def roster(session: Session, actor: Actor, announcement: Announcement, now: datetime) -> Roster:
    """Return who confirmed: of everybody for its publishers, managers and administrators; of their own
    departments and those below for leads.

    Raises:
        Forbidden: for everybody else.
    """
    under = None if _whole_bank(actor, announcement) else led_departments(session, actor)
    if under is not None and not under:
        raise Forbidden("只有部门主管、发布部门和知识管理可以查看确认名单。")
    chain = chain_of(session, announcement, now)
    key = access_keys(session, [announcement]).get(announcement.article_id or 0, "")
    people = Addressing(session, under).recipients(announcement, key)
    confirmed = _confirmations(session, announcement)
    return Roster(chain, tuple(_line(chain, person, confirmed, now) for person in people))


def outstanding(chain: Chain, people: Sequence[Recipient], confirmed: dict[int, set[int]]) -> list[Recipient]:
    """Return those of the people who still have to confirm, given the confirmed versions by person."""
    return [person for person in people if not chain.is_satisfied(confirmed.get(person.person_id, ()))]


def _whole_bank(actor: Actor, announcement: Announcement) -> bool:
    return bool(actor.roles & READS_EVERYTHING) or may_manage(actor, announcement)


def _confirmations(session: Session, announcement: Announcement) -> dict[int, dict[int, datetime]]:
    rows = session.execute(
        select(
            Acknowledgement.person_id,
            func.coalesce(Acknowledgement.revision_id, Acknowledgement.text_id),
            Acknowledgement.acknowledged_at,
        ).where(Acknowledgement.announcement_id == announcement.id)
    )
    found: dict[int, dict[int, datetime]] = {}
    for person_id, version_id, at in rows:
        found.setdefault(person_id, {})[version_id] = at
    return found


def _line(
    chain: Chain, person: Recipient, confirmed: dict[int, dict[int, datetime]], now: datetime
) -> RosterLine:
    mine = confirmed.get(person.person_id, {})
    last = chain.last_confirmed(mine)
    if chain.is_satisfied(mine):
        state = State.CONFIRMED
    else:
        late = chain.due_at is not None and chain.due_at <= now
        state = State.OVERDUE if late else State.OUTSTANDING
    return RosterLine(person, state, last.number if last else 0, mine[last.id] if last else None)
