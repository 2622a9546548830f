"""What has to be the same for a list of results to be the same: numbers of changes, and the last switch of the clock."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.models import ChangeCounter, DateLock, LexiconVersion, Revision
from kb.structure import structure_version


def state_of_lists(session: Session, actor: Actor, moment: datetime) -> tuple[object, ...]:
    """Return values that differ as soon as what a person finds may differ, in one question.

    They are the numbers of the last change of an article, of the lexicon and of the structure, which
    holds the audiences; the last instants at which a text began or ceased to be shown; and when the
    person locked a time range. How often an article was read is not among them.
    """
    began = select(func.max(Revision.shown_from)).where(Revision.shown_from <= moment)
    ceased = select(func.max(Revision.shown_to)).where(Revision.shown_to <= moment)
    locked = select(DateLock.locked_at).where(DateLock.person_id == actor.person_id)
    row = session.execute(
        select(
            select(ChangeCounter.value).where(ChangeCounter.id == 1).scalar_subquery(),
            select(LexiconVersion.value).where(LexiconVersion.id == 1).scalar_subquery(),
            began.scalar_subquery(),
            ceased.scalar_subquery(),
            locked.scalar_subquery(),
        )
    ).one()
    return (structure_version(session), *row)
