"""An answer is given a second time only where the first would be given again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from small_bank import NOON, World

import indexer.whoosh_engine as engine_module
from indexer.language import Language
from indexer.remembering import RememberingEngine
from kb.articles import add_revision, approve
from kb.database import Database
from kb.models import Article
from kb.ports import EngineQuery, Scope, StatusFilter, SuggestQuery
from kb.revision_text import RevisionText
from web.settings import Settings

ASKED = EngineQuery("年费", NOON, frozenset({""}))


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[EngineQuery]:
    """The questions that were really worked out."""
    found: list[EngineQuery] = []

    class Watched(engine_module.Answerer):
        def search(self, query):
            found.append(query)
            return super().search(query)

    monkeypatch.setattr(engine_module, "Answerer", Watched)
    return found


@pytest.fixture
def engine(settings: Settings, language: Language) -> RememberingEngine:
    return RememberingEngine(settings.index_directory, language)


def test_the_same_question_is_worked_out_once_however_the_clock_moves_between_two_switches(
    engine: RememberingEngine, worked_out: list[EngineQuery]
) -> None:
    first = engine.search(ASKED)
    assert first.hits
    assert engine.search(replace(ASKED, instant=NOON + timedelta(seconds=1))) is first
    assert len(worked_out) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"access_keys": None},
        {"access_keys": frozenset({"", "1"})},
        {"text": "年 费 减免"},
        {"scope": Scope.TITLE},
        {"status": StatusFilter.ALL},
        {"offset": 20},
        {"limit": 5},
        {"verbatim": True},
        {"node_ids": frozenset({1})},
        {"article_ids": frozenset({2})},
        {"department_id": 2},
        {"instant": NOON - timedelta(days=500)},
        {"instant": NOON + timedelta(days=500)},
        {"heat": {1: 2.0}},
    ],
)
def test_another_condition_is_another_question(
    engine: RememberingEngine, worked_out: list[EngineQuery], change: dict[str, object]
) -> None:
    engine.search(ASKED)
    other = replace(ASKED, **change)
    assert engine.search(other) == engine_module.Answerer(engine.opened()).search(other)
    assert worked_out[:2] == [ASKED, other]


def test_a_commit_is_answered_anew(
    engine: RememberingEngine, database: Database, world: World, catch_up: Callable[[], object]
) -> None:
    before = engine.search(ASKED)
    with database.write() as session:
        article = session.get_one(Article, world.articles["annual-fee"])
        approve(session, add_revision(session, article, RevisionText("年费新规", "新的年费。"), NOON), NOON)
    catch_up()
    engine._checked_at = float("-inf")
    after = engine.search(ASKED)
    assert "年费新规" in [hit.title for hit in after.hits]
    assert after != before


def test_related_articles_are_remembered_within_the_rights_and_the_time(engine: RememberingEngine) -> None:
    asked = SuggestQuery("信用卡年费减免", NOON, frozenset({""}), limit=6)
    first = engine.related(2, asked)
    assert engine.related(2, replace(asked, instant=NOON + timedelta(seconds=1))) is first
    for other in (
        replace(asked, access_keys=frozenset({"99"})),
        replace(asked, instant=NOON - timedelta(days=500)),
    ):
        found = engine.related(2, other)
        assert found == engine_module.Answerer(engine.opened()).related(2, other)
        assert not found


def test_suggestions_are_remembered_within_the_rights_and_the_time(engine: RememberingEngine) -> None:
    asked = SuggestQuery("年费", NOON, frozenset({""}), limit=5)
    first = engine.suggest(asked)
    assert first
    assert engine.suggest(replace(asked, instant=NOON + timedelta(seconds=1))) is first
    for other in (
        replace(asked, access_keys=frozenset({"99"})),
        replace(asked, instant=NOON - timedelta(days=500)),
        replace(asked, text="挂失"),
        replace(asked, limit=1),
    ):
        assert engine.suggest(other) == engine_module.Answerer(engine.opened()).suggest(other)


@pytest.mark.parametrize("query", ["年费", "信用卡年费 减免", "nianfei", "没有的词", ""])
def test_words_are_marked_as_without_a_memory(engine: RememberingEngine, query: str) -> None:
    texts = ("信用卡年费减免办法", "持卡人可申请免除年费。", "挂失", "")
    for _time in range(2):
        for text in texts:
            assert engine.mark(query, text) == engine_module.Answerer(engine.opened()).mark(query, text)
