"""The lexicon's entries: checked, versioned, audited, learnt by running engines, proposed from use."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.extract.sandbox import SandboxedExtractor
from indexer.follower import Follower
from indexer.language import Language
from indexer.lessons import Lessons
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.access import Actor
from kb.database import Database
from kb.errors import Forbidden, Invalid, NotFound
from kb.golden_queries import check as check_golden
from kb.golden_queries import ensure_golden, golden_queries
from kb.lexicon import (
    add_entry,
    checked_entry,
    entries,
    newer_overlay,
    overlay_of,
    pins_for,
    remove_entry,
    sensitive_words,
    version_of,
)
from kb.models import AuditEvent, Person, Search
from kb.ports import EngineQuery
from kb.search import SearchRequest, search
from kb.synonym_proposals import Proposal, dismiss, proposals
from web.settings import Settings
from web.wiring import Services, lexicon_folder, newer_entries

ZONE = ZoneInfo("Asia/Shanghai")
# Words that no list knows, so that only an entry can join them.
UNKNOWN, KNOWN = "貔貅证", "大额存单"


def actor(session: Session, world: World, role: str) -> Actor:
    return Actor.of(session.get_one(Person, world.people[role]))


def add(session: Session, world: World, kind: str, text: str, article_id: int | None = None) -> int:
    entry = checked_entry(session, kind, text, article_id)
    return add_entry(session, actor(session, world, "manager"), entry, NOON).id


def found(engine: WhooshEngine, text: str) -> list[int]:
    return [hit.article_id for hit in engine.search(EngineQuery(text, NOON, None)).hits]


def test_every_change_takes_a_version_and_is_audited(database: Database, world: World) -> None:
    with database.write() as session:
        assert newer_overlay(session, 0) is None
        number = add(session, world, "synonym", "大额存单，Ｄ票 大额存单")
        assert [row.text for row in entries(session)] == ["大额存单 ｄ票"]
        assert version_of(session) == 1
        overlay = newer_overlay(session, 0)
        assert overlay is not None
        assert overlay.synonyms == (("大额存单", "ｄ票"),)
        remove_entry(session, actor(session, world, "manager"), number, NOON)
        assert version_of(session) == 2
        actions = session.scalars(select(AuditEvent.action).where(AuditEvent.subject.startswith("lexicon:")))
        assert actions.all() == ["lexicon.add", "lexicon.remove"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("synonym", "独一个"), ("synonym", "同 同"), ("word", "  "), ("word", "单"), ("word", "太" * 13),
        ("word", "带#号"), ("pin", "年费"), ("nothing", "词语"), ("stopword", ""),
    ],
)  # fmt: skip
def test_an_entry_that_can_do_nothing_is_refused(
    database: Database, world: World, kind: str, text: str
) -> None:
    with database.write() as session, pytest.raises(Invalid):
        checked_entry(session, kind, text, None)


def test_only_those_who_keep_the_lexicon_change_it(database: Database, world: World) -> None:
    with database.write() as session:
        number = add(session, world, "word", "貔貅证")
        with pytest.raises(Invalid, match="已经有了"):
            checked_entry(session, "word", "貔貅证", None)
        for role in ("agent", "publisher", "reviewer", "admin"):
            who = actor(session, world, role)
            with pytest.raises(Forbidden):
                add_entry(session, who, checked_entry(session, "word", "饕餮证", None), NOON)
            with pytest.raises(Forbidden):
                remove_entry(session, who, number, NOON)
        with pytest.raises(NotFound):
            remove_entry(session, actor(session, world, "manager"), 98765, NOON)


def test_a_running_engine_learns_a_synonym_within_seconds_and_forgets_it_again(
    services: Services, world: World
) -> None:
    folder = lexicon_folder()
    lessons = Lessons(folder, newer_entries(services.database), in_background=True)
    engine = WhooshEngine(services.settings.index_directory, Language(folder), lessons=lessons)
    assert world.articles["today"] not in found(engine, UNKNOWN)
    with services.database.write() as session:
        number = add(session, world, "synonym", f"{UNKNOWN} {KNOWN}")
    wait_for(lambda: world.articles["today"] in found(engine, UNKNOWN))
    with services.database.write() as session:
        remove_entry(session, actor(session, world, "manager"), number, NOON)
    wait_for(lambda: world.articles["today"] not in found(engine, UNKNOWN))


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not what():
        assert time.monotonic() < deadline, "the engine did not learn in time"
        time.sleep(0.1)


def test_new_words_rebuild_the_index_beside_the_old_one_and_stop_words_do_not(
    services: Services, world: World
) -> None:
    folder = lexicon_folder()
    updater = WhooshUpdater(
        services.settings.index_directory,
        Language(folder),
        Lessons(folder, newer_entries(services.database), in_background=False),
    )
    follower = Follower(services.database, updater, SandboxedExtractor(), services.clock)
    assert updater.cursor() >= 0
    with services.database.write() as session:
        add(session, world, "stopword", "貔貅貔貅")
    time.sleep(1.1)
    assert updater.cursor() >= 0
    with services.database.write() as session:
        add(session, world, "word", "业务办理口径")
    time.sleep(1.1)
    assert updater.cursor() == -1
    # The engine still answers from the old index; afterwards from the new one.
    assert world.articles["loss"] in found(services.engine, "挂失")  # type: ignore[arg-type]
    follower.catch_up()
    assert updater.cursor() >= 0
    assert world.articles["loss"] in found(services.engine, "挂失")  # type: ignore[arg-type]


def test_a_trial_changes_nothing_in_the_engine_that_answers(services: Services, world: World) -> None:
    with services.database.read() as session:
        entry = checked_entry(session, "synonym", f"{UNKNOWN} {KNOWN}", None)
        tried = services.engine.trial(overlay_of(session, added=entry))
    assert world.articles["today"] in found(tried, UNKNOWN)  # type: ignore[arg-type]
    assert world.articles["today"] not in found(services.engine, UNKNOWN)  # type: ignore[arg-type]
    assert list(tried.tokens("办理貔貅证")) == ["办理", "貔貅证"]


def test_a_pin_stands_on_top_only_for_those_who_may_read_it(services: Services, world: World) -> None:
    with services.database.write() as session:
        for name in ("restricted", "annual-fee"):
            add(session, world, "pin", "挂 失", world.articles[name])
        assert pins_for(session, "挂失") == [world.articles["restricted"], world.articles["annual-fee"]]
    for role, top in (("agent", "annual-fee"), ("publisher", "restricted")):
        with services.database.read() as session:
            who = actor(session, world, role)
            result = search(session, who, services.engine, SearchRequest("挂失"), NOON, ZONE)
        ids = [row.article.id for row in result.rows]
        assert ids[0] == world.articles[top]
        assert "置顶" in result.rows[0].hit.why
        assert len(set(ids)) == len(ids)
        assert world.articles["loss"] in ids


def test_a_golden_query_counts_a_pin(services: Services, world: World) -> None:
    with services.database.write() as session:
        ensure_golden(session, "挂失", 1, world.articles["annual-fee"], None, NOON)
        pins = {"挂失": [world.articles["annual-fee"]]}
        queries = golden_queries(session)
    assert [item.holds for item in check_golden(services.engine, queries, NOON)] == [False]
    assert [item.rank for item in check_golden(services.engine, queries, NOON, pins)] == [1]


def test_a_sensitive_word_counts_at_once(database: Database, world: World) -> None:
    with database.write() as session:
        assert not sensitive_words(session).are_in("这是貔貅的承诺")
        add(session, world, "sensitive", "貔貅")
        assert sensitive_words(session).are_in("这是貔 貅的承诺")


def asked(
    session: Session, person: int, text: str, total: int, at: datetime, opened: int | None = None
) -> None:
    session.add(
        Search(
            person_id=person, text=text, folded=text, total=total, searched_at=at, opened_article_id=opened
        )
    )


def test_synonyms_are_proposed_when_two_people_went_the_same_way(database: Database, world: World) -> None:
    with database.write() as session:
        for number, role in enumerate(("agent", "publisher", "agent")):
            at = NOON - timedelta(hours=number + 1)
            asked(session, world.people[role], "丢卡", 0, at)
            asked(session, world.people[role], "挂失", 3, at + timedelta(minutes=1), world.articles["loss"])
        asked(session, world.people["manager"], "单人词", 0, NOON - timedelta(hours=5))
        asked(
            session,
            world.people["manager"],
            "年费",
            2,
            NOON - timedelta(hours=5),
            world.articles["annual-fee"],
        )
        for role in ("agent", "publisher"):
            asked(session, world.people[role], "太晚了", 0, NOON - timedelta(hours=9))
            asked(session, world.people[role], "存单", 1, NOON - timedelta(hours=8), world.articles["today"])
        session.flush()
        assert proposals(session, NOON) == [Proposal("丢卡", "挂失", 2)]
        dismiss(session, actor(session, world, "manager"), "丢卡", "挂失", NOON)
        session.flush()
        assert proposals(session, NOON) == []


def test_a_pair_that_became_synonyms_is_not_proposed_again(database: Database, world: World) -> None:
    with database.write() as session:
        for role in ("agent", "publisher"):
            asked(session, world.people[role], "丢卡", 0, NOON - timedelta(hours=2))
            asked(session, world.people[role], "挂失", 3, NOON - timedelta(hours=2), world.articles["loss"])
        add(session, world, "synonym", "丢卡 挂失")
        assert proposals(session, NOON) == []


def test_the_services_of_a_process_listen_to_the_lexicon(settings: Settings, world: World) -> None:
    from web.wiring import build_services

    services = build_services(settings)
    assert world.articles["today"] not in found(services.engine, UNKNOWN)  # type: ignore[arg-type]
    with services.database.write() as session:
        add(session, world, "synonym", f"{UNKNOWN} {KNOWN}")
    wait_for(lambda: world.articles["today"] in found(services.engine, UNKNOWN))  # type: ignore[arg-type]
    services.database.close()
