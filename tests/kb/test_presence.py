"""People with the same draft open learn of each other for as long as they are there."""

from datetime import timedelta

from sqlalchemy import select

from kb.models import Person, Revision
from kb.presence import mark_editing, others_editing, stop_editing


def test_others_are_named_and_oneself_is_not(database, world, clock):
    with database.write() as session:
        revision_id = session.scalars(select(Revision.id)).first()
        me, other = world.people["publisher"], world.people["reviewer"]
        mark_editing(session, revision_id, me, clock.now())
        mark_editing(session, revision_id, other, clock.now())
        mark_editing(session, revision_id, other, clock.now())
        assert others_editing(session, revision_id, me, clock.now()) == [session.get_one(Person, other).name]


def test_who_left_is_forgotten_at_once_or_after_a_while(database, world, clock):
    with database.write() as session:
        revision_id = session.scalars(select(Revision.id)).first()
        me, other = world.people["publisher"], world.people["reviewer"]
        mark_editing(session, revision_id, other, clock.now())
        assert others_editing(session, revision_id, me, clock.now() + timedelta(minutes=2)) == []
        stop_editing(session, revision_id, other)
        assert others_editing(session, revision_id, me, clock.now()) == []
