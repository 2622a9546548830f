"""An engine tells what a change would do, and answers afterwards as if nobody had asked."""

import pytest

from kb.ports import ArticleChange, SearchEngine
from tests.contract.conftest import EngineOf
from tests.indexer.world import document, ids, query


@pytest.fixture
def engine(engine_of: EngineOf) -> SearchEngine:
    return engine_of(
        document(1, "借记卡挂失", "电话核验后办理挂失。"),
        document(2, "信用卡挂失", "致电热线办理挂失。"),
        document(3, "存折挂失", "到网点办理挂失。"),
    )


def test_a_rehearsed_text_is_found_and_the_former_one_is_not(engine: SearchEngine) -> None:
    change = ArticleChange(1, (document(1, "借记卡口头停用", "电话核验后停用，称为冻结。"),))
    with engine.rehearse([change]) as changed:
        assert ids(changed.search(query("借记卡停用"))) == [1]
        assert ids(changed.search(query("冻结"))) == [1]
        assert 1 not in ids(changed.search(query("办理挂失")))
        assert changed.cursor() == engine.cursor()


def test_a_rehearsed_article_can_be_new_and_another_can_go(engine: SearchEngine) -> None:
    changes = [ArticleChange(4, (document(4, "存单挂失", "存单与存折一样办理。"),)), ArticleChange(3, ())]
    with engine.rehearse(changes) as changed:
        assert ids(changed.search(query("存单挂失")))[0] == 4
        assert 3 not in ids(changed.search(query("存折挂失")))


def test_nothing_of_a_rehearsal_is_left(engine: SearchEngine) -> None:
    asked = ("挂失", "借记卡", "冻结", "存折挂失")
    before = [engine.search(query(text)) for text in asked]
    with engine.rehearse([ArticleChange(1, (document(1, "冻结", "冻结。"),)), ArticleChange(3, ())]):
        pass
    assert [engine.search(query(text)) for text in asked] == before


def test_a_rehearsal_without_changes_answers_the_same(engine: SearchEngine) -> None:
    with engine.rehearse([]) as same:
        for text in ("挂失", "信用卡", "网点办理"):
            assert same.search(query(text)) == engine.search(query(text))
