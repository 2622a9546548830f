"""Synonyms proposed from use: searched for A in vain, then for B, and opened something."""

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, Permission, require
from kb.lexicon import Kind, entries
from kb.models import DismissedProposal, Search

WINDOW = timedelta(minutes=5)
DAYS = 60
LEAST_PEOPLE = 2
LONGEST = 12


@dataclass(frozen=True)
class Proposal:
    """What was asked in vain, what was asked instead, and how many different people did so."""

    asked: str
    instead: str
    people: int


def proposals(session: Session, now: datetime, limit: int = 20) -> list[Proposal]:
    """Return pairs that several people went through, most first; a manager judges every one."""
    rows = session.execute(
        select(Search.person_id, Search.folded, Search.total, Search.opened_article_id, Search.searched_at)
        .where(Search.searched_at > now - timedelta(days=DAYS), Search.searched_at <= now)
        .order_by(Search.person_id, Search.searched_at, Search.id)
    ).all()
    found: dict[tuple[str, str], set[int]] = {}
    for vain, then in itertools.pairwise(rows):
        follows = vain.person_id == then.person_id and then.searched_at - vain.searched_at <= WINDOW
        if follows and vain.total == 0 and then.opened_article_id and _are_words(vain.folded, then.folded):
            found.setdefault((vain.folded, then.folded), set()).add(vain.person_id)
    settled = _settled(session)
    kept = [
        Proposal(asked, instead, len(people))
        for (asked, instead), people in found.items()
        if len(people) >= LEAST_PEOPLE and (asked, instead) not in settled
    ]
    return sorted(kept, key=lambda item: (-item.people, item.asked))[:limit]


def dismiss(session: Session, actor: Actor, asked: str, instead: str, at: datetime) -> None:
    """Judge that two words are no synonyms; the pair is not proposed again.

    Raises:
        Forbidden: if the actor may not change the lexicon.
    """
    require(actor, Permission.LEXICON_WRITE)
    if (asked, instead) not in _settled(session):
        session.add(
            DismissedProposal(
                asked=asked[:200], instead=instead[:200], dismissed_by_id=actor.person_id, dismissed_at=at
            )
        )


def _are_words(asked: str, instead: str) -> bool:
    # A question that goes on, or a slip repaired by one letter more, is no other word.
    both = (asked, instead)
    return (
        asked != instead
        and all(2 <= len(text) <= LONGEST for text in both)
        and asked not in instead
        and instead not in asked
    )


def _settled(session: Session) -> set[tuple[str, str]]:
    judged = {(row.asked, row.instead) for row in session.scalars(select(DismissedProposal))}
    for entry in entries(session, Kind.SYNONYM):
        words = entry.text.split()
        judged |= {(one, other) for one in words for other in words}
    return judged
