"""While typing, wording and document numbers lead to the article that holds them, within rights and time."""

from kb.ports import SuggestQuery
from tests.contract.conftest import EngineOf
from tests.indexer.world import NOW, document

NUMBER = "依据银发〔2016〕302号文件办理。"


def suggested(engine_of: EngineOf, typed: str) -> list[int]:
    engine = engine_of(
        document(1, "个人账户管理口径", f"一人一行一个全功能账户。{NUMBER}"),
        document(2, "柜面答复口径", "请您先在手机银行里临时冻结这张卡。"),
        document(3, "手机银行冻结说明", "其他内容。"),
    )
    return [each.article_id for each in engine.suggest(SuggestQuery(typed, NOW, None))]


def test_wording_typed_leads_to_the_article_that_holds_it(engine_of: EngineOf) -> None:
    assert suggested(engine_of, "先在手机银行里临时冻结")[0] == 2


def test_a_document_number_leads_to_the_article_that_cites_it_in_any_brackets(engine_of: EngineOf) -> None:
    assert suggested(engine_of, "银发[2016]302号")[0] == 1
    assert suggested(engine_of, "银发2016年第302号")[0] == 1


def test_characters_that_stand_apart_in_a_text_are_not_taken_for_the_wording(engine_of: EngineOf) -> None:
    engine = engine_of(
        document(1, "甲", "临时冻结的卡，由客户冻结卡片。"), document(2, "乙", "请做时冻结卡片登记。")
    )
    assert engine.suggest(SuggestQuery("时冻结卡片", NOW, None))[0].article_id == 2


def test_wording_of_an_article_that_may_not_be_read_is_not_suggested(engine_of: EngineOf) -> None:
    engine = engine_of(document(1, "甲", "这是内部口径原句。", access_key="secret"))
    assert not engine.suggest(SuggestQuery("内部口径原句", NOW, frozenset({""})))
