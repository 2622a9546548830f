"""Words that sound or look alike are not taken for one another where the word as typed has hits."""

import pytest

from kb.ports import SearchEngine, SuggestQuery
from tests.contract.conftest import EngineOf
from tests.indexer.world import NOW, document, ids, query

# Each pair sounds or looks alike, or differs in one character, and means two things.
PAIRS = (
    ("柳经理", "刘经理"),
    ("存款", "贷款"),
    ("存款利率", "贷款利率"),
    ("汇款", "回款"),
    ("结汇", "结会"),
    ("购汇", "购回"),
    ("挂失", "过失"),
    ("解付", "借付"),
    ("受益人", "收益人"),
    ("收益", "受益"),
    ("权益", "全额"),
    ("支付", "支取"),
    ("本票", "汇票"),
    ("保险", "保管"),
    ("利息", "利率"),
    ("账单", "账户"),
    ("期限", "权限"),
    ("授信", "受信"),
    ("抵押", "质押"),
    ("开户", "开户行"),
    ("冻结", "解冻"),
    ("转入", "转出"),
    ("贷记卡", "准贷记卡"),
    ("末期", "未期"),
    ("一类户", "二类户"),
)


@pytest.fixture(scope="module")
def friends(engine_of: EngineOf) -> tuple[SearchEngine, dict[str, int]]:
    """An engine with one article for each word of the pairs, and the article of each word."""
    words = list(dict.fromkeys(word for pair in PAIRS for word in pair))
    numbers = {word: number for number, word in enumerate(words, start=1)}
    documents = [
        document(number, f"{word}办理说明", f"这里说的是{word}。") for word, number in numbers.items()
    ]
    return engine_of(*documents), numbers


@pytest.mark.parametrize(("first", "second"), PAIRS + tuple(pair[::-1] for pair in PAIRS))
def test_the_word_as_typed_wins_over_its_false_friend(
    friends: tuple[SearchEngine, dict[str, int]], first: str, second: str
) -> None:
    engine, numbers = friends
    answer = engine.search(query(first, limit=100))
    found = ids(answer)
    assert answer.hits[0].tier in ("exact", "words")
    assert first in answer.hits[0].title
    if first not in second and numbers[second] in found:
        assert found.index(numbers[first]) < found.index(numbers[second])
        assert answer.hits[found.index(numbers[second])].tier not in ("exact", "words")


@pytest.mark.parametrize("word", sorted({word for pair in PAIRS for word in pair}))
def test_no_correction_is_offered_for_a_word_that_stands_somewhere(
    friends: tuple[SearchEngine, dict[str, int]], word: str
) -> None:
    assert friends[0].search(query(word)).corrections == ()


def test_a_false_friend_in_a_title_stays_below_the_word_in_a_body(engine_of: EngineOf) -> None:
    engine = engine_of(
        document(1, "贷款利率表", "贷款利率。" * 9),
        document(2, "柜面问答", "其他。" * 50 + "存款利率见公告。"),
    )
    assert ids(engine.search(query("存款利率")))[0] == 2


def test_a_surname_that_sounds_alike_is_not_suggested_before_the_one_typed(engine_of: EngineOf) -> None:
    engine = engine_of(document(1, "刘经理联系方式"), document(2, "柳经理联系方式"))
    suggested = engine.suggest(SuggestQuery("柳经理", NOW, None))
    assert suggested[0].article_id == 2
