"""What any search engine must find: strings that users of other products complained of, slips, places."""

import pytest

from indexer.fold import fold, is_word_character
from kb.ports import EngineHit, Scope, SearchEngine
from tests.contract.conftest import EngineOf
from tests.indexer.world import document, file, ids, query

REGRESSIONS = (
    document(1, "入门", "这是一个测试文档，请忽略。"),
    document(2, "我爱祖国的语言文字", "正文。"),
    document(3, "如何製作form 1a/form 1c?", "正文。"),
    document(4, "取扱店のご案内", "お近くの販売店がHGST製品を取り扱っています。"),
    document(5, "北大领导力培训班招生简章", "正文。"),
    document(6, "控件安装失败", "缺少MSVCR110.dll，请安装运行库。"),
    document(7, "见面吧!在最美的时光", "正文。"),
    document(8, "特殊业务", "应根据客户的具体情况分别处理。"),
    document(9, "环境风险", "银行应认真评估自然环境与企业本身的风险。"),
    document(10, "利率说明", "年利率为1.5%，版本号a.b。"),
    document(11, "卡", "正文。"),
    document(12, "通知", "各用户请注意查收。"),
    document(13, "大信公司开户", "正文。"),
    document(14, "营销活动", "Driver To Buy（简称D2B）活动细则。"),
    document(15, "昵称", "她自称萌妹子。"),
)


@pytest.fixture(scope="module")
def regressions(engine_of: EngineOf) -> SearchEngine:
    return engine_of(*REGRESSIONS)


@pytest.mark.parametrize(
    ("asked", "article"),
    [
        pytest.param("测试", 1, id="a word in the middle of a sentence"),
        pytest.param("祖国", 2, id="the first word of two in a title"),
        pytest.param("语言", 2, id="the second word of two in a title"),
        pytest.param("製作", 3, id="a traditional word glued to Latin"),
        pytest.param("制作", 3, id="the simplified form of a traditional word"),
        pytest.param("form 1a", 3, id="Latin with a number behind Chinese"),
        pytest.param("HGST", 4, id="Latin between Japanese"),
        pytest.param("hgst", 4, id="Latin in lower case"),
        pytest.param("販売店", 4, id="Japanese with kanji"),
        pytest.param("北大领导力", 5, id="a long query without blanks"),
        pytest.param("北大 领导力", 5, id="the same with a blank"),
        pytest.param("MSVCR11", 6, id="the beginning of a code"),
        pytest.param("MSVCR110", 6, id="a whole code"),
        pytest.param("msvcr110.dll", 6, id="a file name"),
        pytest.param("时光", 7, id="the end of a title"),
        pytest.param("具体情况", 8, id="a phrase of common words"),
        pytest.param("自然环境与企业本身", 9, id="a long phrase"),
        pytest.param("认", 9, id="one character within a word"),
        pytest.param("1.5", 10, id="a number with a point"),
        pytest.param("1.5%", 10, id="a rate"),
        pytest.param("a.b", 10, id="letters with a point"),
        pytest.param("卡", 11, id="one character that is a whole title"),
        pytest.param("用户", 12, id="two characters"),
        pytest.param("大  信", 13, id="two blanks between characters"),
        pytest.param("大　信", 13, id="a full-width blank between characters"),
        pytest.param("D2B", 14, id="an abbreviation"),
        pytest.param("Driver To Buy", 14, id="the words of an abbreviation"),
        pytest.param("driver buy", 14, id="some of its words"),
        pytest.param("萌妹", 15, id="a word without its suffix"),
        pytest.param("萌妹子", 15, id="the word with its suffix"),
        pytest.param("ＨＧＳＴ", 4, id="full-width Latin"),
        pytest.param("环境企业", 9, id="two words that stand apart"),
    ],
)
def test_a_string_that_users_missed_elsewhere_is_found_first(
    regressions: SearchEngine, asked: str, article: int
) -> None:
    assert ids(regressions.search(query(asked)))[:1] == [article]


@pytest.mark.parametrize(("asked", "marked"), [("认", "认"), ("自然环境与企业本身", "自然环境与企业本身")])
def test_marks_stand_exactly_on_the_words(regressions: SearchEngine, asked: str, marked: str) -> None:
    [hit] = [hit for hit in regressions.search(query(asked)).hits if hit.article_id == 9]
    assert hit.snippet is not None
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == [marked]


BANK = (
    document(1, "信用卡挂失办理流程", "请先核对身份，再办理口头挂失。", tags="挂失 补卡"),
    document(2, "密码重置指引", "柜台或手机银行均可重置交易密码。"),
    document(3, "个人贷款提前还款", "提前还款需预约，违约金另计。"),
    document(4, "大额存单转让规则", "持有人可以在手机银行转让。"),
    document(5, "网上银行登录异常", "请检查浏览器与U盾驱动。"),
    document(6, "跨境汇款手续费标准", "手续费按汇款金额的千分之一收取。"),
    document(7, "工资代发协议", "代发协议由对公客户经理受理。"),
    document(8, "外币兑换额度", "每人每年等值五万美元。"),
)


@pytest.fixture(scope="module")
def bank(engine_of: EngineOf) -> SearchEngine:
    return engine_of(*BANK)


def first(engine: SearchEngine, asked: str, **how: object) -> EngineHit:
    hits = engine.search(query(asked, **how)).hits
    assert hits, f"nothing found for {asked}"
    return hits[0]


@pytest.mark.parametrize(
    ("asked", "article"),
    [
        ("密码重制", 2),
        ("密码重至", 2),
        ("信用卡挂矢", 1),
        ("信用卡掛失", 1),
        ("信用咔挂失", 1),
        ("大额存但转让", 4),
        ("提前还歀", 3),
        ("跨境会款", 6),
        ("跨境汇款手续肺", 6),
        ("网上银行登路异常", 5),
        ("外币对换额度", 8),
    ],
)
def test_one_wrong_character_still_finds_the_article(bank: SearchEngine, asked: str, article: int) -> None:
    assert first(bank, asked).article_id == article


@pytest.mark.parametrize(
    ("asked", "article"),
    [
        ("大额单转让", 4),
        ("手续手费标准", 6),
        ("代发发协议", 7),
        ("工资代协议", 7),
        ("提前款还", 3),
        ("外币兑额度", 8),
    ],
)
def test_a_missing_an_extra_or_two_swapped_characters_still_find_the_article(
    bank: SearchEngine, asked: str, article: int
) -> None:
    assert first(bank, asked).article_id == article


@pytest.mark.parametrize("asked", ["密码重制", "大额存但转让", "外币对换额度", "提前还歀"])
def test_a_hit_for_a_slip_is_labelled_and_says_why(bank: SearchEngine, asked: str) -> None:
    hit = first(bank, asked)
    assert hit.tier not in ("exact", "words")
    assert hit.why


@pytest.mark.parametrize("asked", ["密码重置", "信用卡挂失", "ＡＡ 提前还款", "跨境匯款"])
def test_a_hit_for_what_stands_there_is_not_labelled_as_a_slip(bank: SearchEngine, asked: str) -> None:
    assert first(bank, asked.replace("ＡＡ ", "")).tier in ("exact", "words")


@pytest.mark.parametrize(
    ("asked", "article"), [("信用卡挂", 1), ("码重置", 2), ("存单转", 4), ("代发协", 7), ("还款", 3)]
)
def test_half_a_word_finds_the_article(bank: SearchEngine, asked: str, article: int) -> None:
    assert first(bank, asked).article_id == article


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("额度调整", "额度调正"),
        ("重置密码", "重制密码"),
        ("对账单", "对帐丹"),
        ("年费减免", "年费减勉"),
    ],
)
def test_a_slip_in_a_title_never_stands_above_an_exact_hit_in_a_body(
    engine_of: EngineOf, asked: str, written: str
) -> None:
    filler = "本条说明其他业务的办理方式。" * 20
    engine = engine_of(
        document(1, f"{written}说明", f"{written}的说明。" * 5),
        document(2, "其他", filler + f"其中包括{asked}。"),
    )
    assert ids(engine.search(query(asked)))[0] == 2


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (Scope.ALL, {1, 2, 3}),
        (Scope.TITLE, {1}),
        (Scope.CONTENT, {2}),
        (Scope.TITLE_CONTENT, {1, 2}),
        (Scope.ATTACHMENT, {3}),
    ],
)
def test_a_scope_limits_where_the_words_may_stand(engine_of: EngineOf, scope: Scope, found: set[int]) -> None:
    engine = engine_of(
        document(1, "挂失标题"),
        document(2, "甲", "挂失正文。"),
        document(3, "乙", files=(file(5, "表.docx", ("text", 0, "", "挂失附件")),)),
    )
    answer = engine.search(query("挂失", scope=scope))
    assert set(ids(answer)) == found
    assert answer.hidden.by_scope == 3 - len(found)
    names = {1: "title", 2: "content", 3: "attachment"}
    assert all(hit.scope_hits == (names[hit.article_id],) for hit in answer.hits)


@pytest.mark.parametrize(
    "part",
    ["summary", "notes", "tags", "document_number"],
)
def test_words_in_any_part_of_the_content_are_found(engine_of: EngineOf, part: str) -> None:
    engine = engine_of(
        document(1, "甲", "正文。", **{part: "睡眠户"}), document(2, "乙", wording=("睡眠户",))
    )
    assert set(ids(engine.search(query("睡眠户", scope=Scope.CONTENT)))) == {1, 2}


@pytest.mark.parametrize(
    "asked", ["银发〔2016〕302号", "银发[2016]302号", "银发（2016）第302号", "2016年302号"]
)
def test_a_document_number_is_found_however_it_is_written(engine_of: EngineOf, asked: str) -> None:
    engine = engine_of(
        document(1, "联网核查", "2016年第3期，302室。"),
        document(2, "落实通知", document_number="银发〔2016〕302号"),
    )
    assert first(engine, asked).article_id == 2


FILES = (
    file(1, "收费标准.xlsx", ("sheet", 7, "借记卡", "补卡工本费 十元")),
    file(2, "指南.pdf", ("page", 3, "", "远期信用证的审单期限")),
    file(3, "培训.pptx", ("slide", 12, "", "刷脸登录的开通步骤")),
)


@pytest.mark.parametrize(
    ("asked", "attachment", "kind", "number", "label"),
    [
        ("补卡工本费", 1, "sheet", 7, "借记卡"),
        ("审单期限", 2, "page", 3, ""),
        ("刷脸登录", 3, "slide", 12, ""),
        ("收费标准.xlsx", 1, "name", 0, ""),
    ],
)
def test_a_hit_in_an_attachment_names_the_file_and_the_place(
    engine_of: EngineOf, asked: str, attachment: int, kind: str, number: int, label: str
) -> None:
    hit = first(engine_of(document(1, "附件", files=FILES)), asked, scope=Scope.ATTACHMENT)
    assert hit.file is not None
    assert (hit.file.attachment_id, hit.file.kind, hit.file.number, hit.file.label) == (
        attachment,
        kind,
        number,
        label,
    )
    assert hit.file.name == FILES[attachment - 1].name
    marked = "".join(hit.file.text[start:end] for start, end in hit.file.marks)
    assert "".join(filter(is_word_character, fold(marked))) == "".join(filter(is_word_character, asked))


def test_a_snippet_of_the_body_stands_where_it_says(engine_of: EngineOf) -> None:
    body = "这是无关的开头。" * 80 + "关键在于口头挂失的时限。" + "这是无关的结尾。" * 80
    hit = first(engine_of(document(1, "甲", body)), "口头挂失")
    assert hit.snippet is not None and hit.snippet.kind == "body"
    assert body[hit.snippet.offset :].startswith(hit.snippet.text)
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.marks] == ["口头挂失"]


def test_a_word_repeated_in_a_title_is_marked_every_time(engine_of: EngineOf) -> None:
    hit = first(engine_of(document(1, "挂失、解除挂失与正式挂失")), "挂失")
    assert [hit.title[start:end] for start, end in hit.title_marks] == ["挂失"] * 3


def test_any_text_is_marked_like_the_hits(bank: SearchEngine) -> None:
    text = "如需掛失，请致电；ＡＴＭ不能挂失。"
    assert [text[start:end] for start, end in bank.mark("挂失", text)] == ["掛失", "挂失"]


def test_an_expansion_by_synonym_never_stands_above_an_exact_hit(engine_of: EngineOf) -> None:
    engine = engine_of(
        document(1, "补卡", "补卡。" * 9), document(2, "其他业务", "办理换卡时需携带身份证。" + "其他。" * 50)
    )
    assert ids(engine.search(query("换卡")))[0] == 2
