"""The briefcase: keeping, folders, marks since added, packs by rights, and the place to search in."""

from datetime import timedelta

import pytest
from small_bank import NOON, World
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.articles import add_revision, approve
from kb.briefcase import Thing, follow_successor, keep, kept_article_ids, last_folder_id, move_item
from kb.briefcase_folders import (
    create_folder,
    delete_folder,
    move_folder,
    own_folders,
    rename_folder,
    share_folder,
    shift_folder,
)
from kb.briefcase_list import KeptRow, items_of, kept_rows, matching
from kb.database import Database
from kb.errors import Conflict, Invalid, NotFound
from kb.models import Article, Person
from kb.packs import import_pack, shared_pack, shared_packs
from kb.revision_text import RevisionText
from kb.revisions import settle
from tests.pages import statements


def actor(session: Session, world: World, role: str) -> Actor:
    return Actor.of(session.get_one(Person, world.people[role]))


def rows(session: Session, who: Actor, now=NOON) -> list[KeptRow]:
    return kept_rows(session, items_of(session, who.person_id), audience_scope(session, who), now)


def test_adding_again_moves_and_keeps_one_item(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        folder = create_folder(session, agent, "常用", None, NOON)
        keep(session, agent, Thing(world.articles["loss"]), None, NOON, "先核验")
        keep(session, agent, Thing(world.articles["loss"]), folder.id, NOON)
        [row] = rows(session, agent)
        assert (row.item.folder_id, row.item.note) == (folder.id, "先核验")
        assert last_folder_id(session, agent) == folder.id


def test_what_may_not_be_read_cannot_be_kept(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        for thing in (Thing(world.articles["restricted"]), Thing(987654), Thing(None, 987654)):
            with pytest.raises(NotFound):
                keep(session, agent, thing, None, NOON)


def test_folders_stand_three_deep_and_not_in_themselves(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        top = create_folder(session, agent, "一", None, NOON)
        middle = create_folder(session, agent, "二", top.id, NOON)
        lowest = create_folder(session, agent, "三", middle.id, NOON)
        other = create_folder(session, agent, "别的", None, NOON)
        with pytest.raises(Invalid, match="三层"):
            create_folder(session, agent, "四", lowest.id, NOON)
        with pytest.raises(Invalid, match="三层"):
            move_folder(session, agent, top.id, other.id)
        with pytest.raises(Invalid, match="自己"):
            move_folder(session, agent, top.id, middle.id)
        with pytest.raises(Invalid, match="同名"):
            rename_folder(session, agent, other.id, " 一 ")
        move_folder(session, agent, middle.id, other.id)
        assert middle.parent_id == other.id


def test_folders_change_places(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        for name in ("甲", "乙", "丙"):
            create_folder(session, agent, name, None, NOON)
        shift_folder(session, agent, own_folders(session, agent)[2].id, -1)
        session.flush()
        assert [folder.name for folder in own_folders(session, agent)] == ["甲", "丙", "乙"]


def test_a_deleted_folder_leaves_its_things_behind(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        top = create_folder(session, agent, "一", None, NOON)
        inner = create_folder(session, agent, "二", top.id, NOON)
        keep(session, agent, Thing(world.articles["loss"]), inner.id, NOON)
        delete_folder(session, agent, top.id, NOON)
        session.expire_all()
        assert own_folders(session, agent) == []
        assert [row.item.folder_id for row in rows(session, agent)] == [None]


def test_nobody_touches_the_briefcase_of_another(database: Database, world: World) -> None:
    with database.write() as session:
        agent, publisher = actor(session, world, "agent"), actor(session, world, "publisher")
        folder = create_folder(session, agent, "一", None, NOON)
        item = keep(session, agent, Thing(world.articles["loss"]), folder.id, NOON)
        with pytest.raises(NotFound):
            move_item(session, publisher, item.id, None)
        with pytest.raises(NotFound):
            rename_folder(session, publisher, folder.id, "二")
        with pytest.raises(NotFound):
            keep(session, publisher, Thing(world.articles["loss"]), folder.id, NOON)


def test_a_new_revision_and_a_new_article_in_a_category_are_marked(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        keep(session, agent, Thing(world.articles["annual-fee"]), None, NOON)
        keep(session, agent, Thing(None, world.nodes["card"]), None, NOON)
        article = session.get_one(Article, world.articles["annual-fee"])
        revision = add_revision(session, article, RevisionText("信用卡年费新规", "免收年费。"), NOON)
        approve(session, revision, NOON + timedelta(hours=1), world.people["reviewer"])
        assert {row.changes for row in rows(session, agent, NOON)} == {0}
        later = rows(session, agent, NOON + timedelta(hours=2))
        assert {row.title: row.changes for row in later} == {"信用卡年费新规": 1, "信用卡": 1}


def test_a_superseded_article_offers_its_successor_and_turns_into_it(
    database: Database, world: World
) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        item = keep(session, agent, Thing(world.articles["loss"]), None, NOON, "备注")
        retire(session, world.articles["loss"], world.articles["today"])
        [row] = rows(session, agent, NOON + timedelta(hours=1))
        assert row.successor is not None
        assert row.successor.article_id == world.articles["today"]
        follow_successor(session, agent, item.id, world.articles["today"], NOON + timedelta(hours=1))
        [row] = rows(session, agent, NOON + timedelta(hours=1))
        assert (row.title, row.item.note, row.successor) == ("大额存单转让操作指引", "备注", None)


def test_a_successor_kept_from_the_reader_is_not_offered(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        keep(session, agent, Thing(world.articles["loss"]), None, NOON)
        retire(session, world.articles["loss"], world.articles["restricted"])
        assert [row.successor for row in rows(session, agent, NOON + timedelta(hours=1))] == [None]


def retire(session: Session, article_id: int, successor_id: int) -> None:
    article = session.get_one(Article, article_id)
    article.withdrawn_at, article.successor_id = NOON + timedelta(minutes=1), successor_id
    settle(article)
    session.flush()


def test_a_pack_shows_and_gives_only_what_its_reader_may_read(database: Database, world: World) -> None:
    with database.write() as session:
        manager, agent = actor(session, world, "manager"), actor(session, world, "agent")
        pack = create_folder(session, manager, "新人包", None, NOON)
        inner = create_folder(session, manager, "挂失", pack.id, NOON)
        keep(session, manager, Thing(world.articles["restricted"]), pack.id, NOON)
        keep(session, manager, Thing(world.articles["loss"]), inner.id, NOON)
        assert shared_packs(session, agent) == []
        share_folder(session, manager, pack.id, world.departments["service"], None, NOON)
        assert [item.name for item in shared_packs(session, agent)] == ["新人包"]
        seen = items_of(session, manager.person_id, [pack.id, inner.id])
        visible = kept_rows(session, seen, audience_scope(session, agent), NOON)
        assert [row.item.article_id for row in visible] == [world.articles["loss"]]
        assert import_pack(session, agent, pack.id, NOON) == 1
        assert import_pack(session, agent, pack.id, NOON) == 0
        assert [folder.name for folder in own_folders(session, agent)] == ["新人包", "挂失"]
        [row] = rows(session, agent)
        assert row.item.article_id == world.articles["loss"]


def test_a_pack_of_another_department_is_not_there(database: Database, world: World) -> None:
    with database.write() as session:
        manager, agent = actor(session, world, "manager"), actor(session, world, "agent")
        pack = create_folder(session, manager, "零售包", None, NOON)
        inner = create_folder(session, manager, "里层", pack.id, NOON)
        share_folder(session, manager, pack.id, world.departments["retail"], None, NOON)
        with pytest.raises(NotFound):
            shared_pack(session, agent, pack.id)
        with pytest.raises(Conflict):
            share_folder(session, manager, inner.id, world.departments["service"], None, NOON)


def test_the_place_to_search_holds_articles_and_whole_categories(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        assert kept_article_ids(session, agent) == frozenset()
        keep(session, agent, Thing(world.articles["today"]), None, NOON)
        keep(session, agent, Thing(None, world.nodes["card"]), None, NOON)
        names = ("today", "annual-fee", "expired")
        assert kept_article_ids(session, agent) == {world.articles[name] for name in names}


def test_words_are_found_in_titles_notes_and_wording(database: Database, world: World) -> None:
    with database.write() as session:
        agent = actor(session, world, "agent")
        keep(session, agent, Thing(world.articles["loss"]), None, NOON, "老客户常问")
        keep(session, agent, Thing(world.articles["annual-fee"]), None, NOON)
        found = {
            text: len(matching(rows(session, agent), text)) for text in ("常问", "六笔", "挂失 五天", "无")
        }
        assert found == {"常问": 1, "六笔": 1, "挂失 五天": 1, "无": 0}


def test_the_list_takes_the_same_number_of_queries_for_any_number_of_things(
    database: Database, world: World
) -> None:
    counts = []
    for names in (["loss"], ["loss", "annual-fee", "today", "ending", "expired"]):
        with database.write() as session:
            agent = actor(session, world, "agent")
            for name in names:
                keep(session, agent, Thing(world.articles[name]), None, NOON)
            keep(session, agent, Thing(None, world.nodes["card"]), None, NOON)
        with database.read() as session:
            # What is kept in memory between questions is read once.
            rows(session, agent)
        with statements(database) as asked, database.read() as session:
            rows(session, agent)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 9, counts
