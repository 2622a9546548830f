"""What has to be the same for a list of results to be the same: numbers of changes, and the last switch of the clock."""

from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.models import ChangeCounter, DateLock, LexiconVersion, Revision
from kb.prepared import ask
from kb.structure import structure_version

_SHOWN = Revision.__table__.c
_LOCKED = DateLock.__table__.c
_STATE = select(
    select(ChangeCounter.__table__.c.value).where(ChangeCounter.__table__.c.id == 1).scalar_subquery(),
    select(LexiconVersion.__table__.c.value).where(LexiconVersion.__table__.c.id == 1).scalar_subquery(),
    select(func.max(_SHOWN.shown_from)).where(_SHOWN.shown_from <= bindparam("moment")).scalar_subquery(),
    select(func.max(_SHOWN.shown_to)).where(_SHOWN.shown_to <= bindparam("moment")).scalar_subquery(),
    select(_LOCKED.locked_at).where(_LOCKED.person_id == bindparam("person")).scalar_subquery(),
)


def state_of_lists(session: Session, actor: Actor, moment: datetime) -> tuple[object, ...]:
    """Return values that differ as soon as what a person finds may differ, in one question.

    They are the numbers of the last change of an article, of the lexicon and of the structure, which
    holds the audiences; the last instants at which a text began or ceased to be shown; and when the
    person locked a time range. How often an article was read is not among them.
    """
    row = ask(session, _STATE, moment=moment, person=actor.person_id).one()
    return (structure_version(session), *row)
