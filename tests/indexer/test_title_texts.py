"""Titles are found in memory by any stretch of them, exactly those that a plain look would find."""

import random
from datetime import timedelta

from small_bank import NOON, World

from indexer.extract.sandbox import SandboxedExtractor
from indexer.fold import squeeze
from indexer.follower import Follower
from indexer.opened import Opened
from indexer.whoosh_engine import WhooshUpdater
from kb.articles import add_revision, approve, create_article
from kb.database import Database
from kb.models import Department, Node
from kb.ports import SuggestQuery
from kb.revision_text import RevisionText
from web.wiring import Services

PIECES = ("信用卡", "挂失", "补办", "年费", "减免", "办法", "指引", "借记卡", "转账", "限额")


def publish(services: Services, world: World, titles: list[str], updater: WhooshUpdater) -> None:
    with services.database.write() as session:
        node = session.get_one(Node, next(iter(world.nodes.values())))
        owner = session.get_one(Department, world.departments["ops"])
        for title in titles:
            article = create_article(session, node, owner, NOON)
            approve(session, add_revision(session, article, RevisionText(title, "正文"), NOON), NOON)
    Follower(services.database, updater, SandboxedExtractor(), services.clock).catch_up()


def expected(opened: Opened, text: str, limit: int) -> list[str]:
    """Look at every title, one by one."""
    snapshot = opened.snapshot
    shown = snapshot.states((NOON + timedelta(minutes=1)).timestamp()).current & snapshot.alive
    titles = [squeeze(snapshot.title(int(head))) for head in shown.nonzero()[0]]
    found = [title for title in titles if text in title]
    found.sort(key=lambda title: (not title.startswith(text), len(title)))
    enough = 1 if len(text) >= 8 else 3 if len(text) >= 4 else limit
    return found[:limit] if len(found) >= enough else []


def test_any_stretch_of_a_title_finds_what_a_plain_look_finds(
    services: Services, database: Database, world: World
) -> None:
    chance = random.Random(20261124)
    updater = WhooshUpdater(services.settings.index_directory, services.engine._language)
    made = ["".join(chance.sample(PIECES, chance.randint(2, 5))) for _number in range(120)]
    publish(services, world, made[:100], updater)
    # A second commit leaves a second segment beside the first.
    publish(services, world, made[100:], updater)
    opened = services.engine.opened()
    allowed = (
        opened.snapshot.states((NOON + timedelta(minutes=1)).timestamp()).current & opened.snapshot.alive
    )
    for _number in range(300):
        title = chance.choice(made)
        start = chance.randrange(len(title) - 1)
        text = title[start : start + chance.randint(1, 9)]
        heads = opened.title_texts.find(text, allowed, 5)
        wanted = expected(opened, text, 5)
        found = [squeeze(opened.snapshot.title(head)) for head in heads]
        shape = [(not title.startswith(text), len(title)) for title in wanted]
        assert [(not title.startswith(text), len(title)) for title in found] == shape, text
        assert len(set(heads)) == len(heads)
        assert all(text in title for title in found)


def test_what_the_time_or_the_rights_keep_back_is_not_suggested_from_memory(
    services: Services, database: Database, world: World
) -> None:
    updater = WhooshUpdater(services.settings.index_directory, services.engine._language)
    publish(services, world, [f"跨境汇款办法第{number}号" for number in range(6)], updater)

    def suggested(query: SuggestQuery) -> list[str]:
        return [hit.title for hit in services.engine.suggest(query)]

    later = NOON + timedelta(minutes=1)
    assert len(suggested(SuggestQuery("跨境汇款", later, frozenset({""}), limit=5))) == 5
    assert suggested(SuggestQuery("跨境汇款", NOON - timedelta(minutes=1), frozenset({""}), limit=5)) == []
    assert suggested(SuggestQuery("跨境汇款", later, frozenset({"99"}), limit=5)) == []


def test_letters_are_left_to_those_who_can_spell(services: Services) -> None:
    opened = services.engine.opened()
    assert opened.title_texts.find("guashi", opened.snapshot.alive, 1) == []
    assert opened.title_texts.find("", opened.snapshot.alive, 1) == []
    assert opened.title_texts.find("挂失", opened.snapshot.alive, 1)


def test_characters_that_stand_apart_in_a_title_are_not_taken_for_the_text(
    services: Services, database: Database, world: World
) -> None:
    updater = WhooshUpdater(services.settings.index_directory, services.engine._language)
    publish(services, world, ["甲乙丙和乙丙丁与丙丁戊及丁戊己说明", "甲乙丙丁戊己说明"], updater)
    opened = services.engine.opened()
    found = opened.title_texts.find("甲乙丙丁戊己说明", opened.snapshot.alive, 5)
    assert [opened.snapshot.title(head) for head in found] == ["甲乙丙丁戊己说明"]
    assert opened.title_texts.find("乙丙丁戊己及说明", opened.snapshot.alive, 5) == []


def test_letters_inside_a_text_are_taken_as_they_are_and_at_its_end_as_a_word_begun(
    services: Services, database: Database, world: World
) -> None:
    updater = WhooshUpdater(services.settings.index_directory, services.engine._language)
    publish(services, world, ["手机app转账限额说明"], updater)
    opened = services.engine.opened()
    assert len(opened.title_texts.find("手机APP转账限额", opened.snapshot.alive, 5)) == 1
    assert opened.title_texts.find("手机app", opened.snapshot.alive, 1) == []
