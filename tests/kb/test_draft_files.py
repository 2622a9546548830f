"""Files of a draft change its seal and version; those of approved versions stay."""

import pytest
from sqlalchemy import select

from kb.access import Actor
from kb.attachments import NewFile
from kb.draft_files import add_file, files_of, move_file, remove_file
from kb.drafts import DraftConflict, open_draft
from kb.errors import Forbidden, NotFound
from kb.models import Article, Attachment, Person


@pytest.fixture
def begun(database, world, clock):
    """A session with the next draft of the article on losses, which carries its file over."""
    with database.write() as session:
        author = Actor.of(session.get_one(Person, world.people["publisher"]))
        draft = open_draft(session, author, session.get_one(Article, world.articles["loss"]), clock.now())
        yield session, author, draft, clock.now()


def names(session, draft):
    return [file.name for file in files_of(session, draft.id)]


def test_each_change_counts_and_changes_the_seal(begun):
    session, author, draft, at = begun
    seen = [(draft.lock_version, draft.content_hash)]
    added = add_file(session, author, draft.id, draft.lock_version, NewFile("乙.txt", b"2"), at)
    seen.append((draft.lock_version, draft.content_hash))
    move_file(session, author, draft.id, draft.lock_version, added.id, -1, at)
    seen.append((draft.lock_version, draft.content_hash))
    assert names(session, draft) == ["乙.txt", "收费标准.csv"]
    remove_file(session, author, draft.id, draft.lock_version, added.id, at)
    seen.append((draft.lock_version, draft.content_hash))
    assert len({version for version, _seal in seen}) == 4
    assert len({seal for _version, seal in seen[:3]}) == 3
    assert seen[3][1] == seen[0][1]


def test_a_move_beyond_the_end_stays_at_the_end(begun):
    session, author, draft, at = begun
    added = add_file(session, author, draft.id, draft.lock_version, NewFile("乙.txt", b"2"), at)
    move_file(session, author, draft.id, draft.lock_version, added.id, 9, at)
    assert names(session, draft) == ["收费标准.csv", "乙.txt"]


def test_removing_a_file_leaves_the_approved_version_with_it(begun):
    session, author, draft, at = begun
    remove_file(session, author, draft.id, draft.lock_version, files_of(session, draft.id)[0].id, at)
    assert names(session, draft) == []
    assert session.scalars(select(Attachment.name)).all() == ["收费标准.csv"]


def test_a_file_of_another_revision_cannot_be_removed_through_this_one(begun):
    session, author, draft, at = begun
    foreign = session.scalars(select(Attachment.id).where(Attachment.revision_id != draft.id)).first()
    with pytest.raises(NotFound):
        remove_file(session, author, draft.id, draft.lock_version, foreign, at)


def test_who_saw_an_older_state_is_stopped(begun):
    session, author, draft, at = begun
    with pytest.raises(DraftConflict):
        add_file(session, author, draft.id, draft.lock_version + 1, NewFile("乙.txt", b"2"), at)


def test_readers_and_reviewers_add_no_files(begun, world):
    session, _author, draft, at = begun
    manager = Actor.of(session.get_one(Person, world.people["manager"]))
    with pytest.raises((NotFound, Forbidden)):
        add_file(session, manager, draft.id, draft.lock_version, NewFile("乙.txt", b"2"), at)
