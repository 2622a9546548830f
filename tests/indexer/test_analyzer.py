"""Analysis: what terms a text becomes, and that both segmenters cut alike."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analyzer import Analyzer, chinese_number
from indexer.fold import fold
from indexer.segmenter import JiebaSegmenter, RjiebaSegmenter, Segmenter
from tests.indexer.world import SAMPLE, language

# Words of several kinds that general dictionaries do not have; the shipped list comes on top.
ADDED = (
    "掌上银行",
    "口头挂失",
    "u盾",
    "柜面通",
    "额度调整费",
    "大额存单转让",
    "睡眠户",
    "他行卡",
    "一类户",
    "etc记账卡",
)


@pytest.fixture(scope="module")
def words() -> list[str]:
    return sorted({*ADDED, *language().lexicon.words})


@pytest.fixture(scope="module")
def jieba(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    return JiebaSegmenter(words, tmp_path_factory.mktemp("jieba"))


@pytest.fixture(scope="module")
def rjieba(words: list[str]) -> Segmenter:
    return RjiebaSegmenter(words)


@pytest.fixture(scope="module")
def analyzer(rjieba: Segmenter) -> Analyzer:
    return Analyzer(rjieba)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("卡", {"卡": 1}),
        ("挂失", {"挂": 1, "失": 1, "挂失": 1}),
        ("挂 失！", {"挂": 1, "失": 1, "挂失": 1}),
        ("信用卡", {"信": 1, "用": 1, "卡": 1, "信用": 1, "用卡": 1, "信用卡": 1}),
        ("1.5%", {"1": 1, "5": 1, "15": 1, "1.5": 1}),
        ("db", {"d": 1, "b": 1, "db": 1}),
        (
            "银发〔2016〕302号",
            {"银": 1, "发": 1, "号": 1, "2": 2, "0": 2, "1": 1, "6": 1, "3": 1, "银发": 1, "发2": 1}
            | {
                "20": 1,
                "01": 1,
                "16": 1,
                "63": 1,
                "30": 1,
                "02": 1,
                "2号": 1,
                "2016": 1,
                "302": 1,
                "#2016-302": 1,
            },
        ),
        (
            "第十五条",
            {"第": 1, "十": 1, "五": 1, "条": 1, "第十": 1, "十五": 1, "五条": 1, "§15条": 1, "第十五条": 1},
        ),
        ("", {}),
        ("，。！", {}),
    ],
)
def test_a_text_becomes_exactly_these_terms(analyzer: Analyzer, text: str, expected: dict[str, int]) -> None:
    assert dict(analyzer.terms(text)) == expected


def test_a_repeated_word_is_counted(analyzer: Analyzer) -> None:
    assert analyzer.terms("挂失、挂失、再挂失")["挂失"] == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [("信用卡", "信用卡"), ("掛失", "挂失"), ("ＡＴＭ", "atm"), ("第15条", "第十五条"), ("帐户", "账户")],
)
def test_two_ways_of_writing_share_their_terms(analyzer: Analyzer, one: str, other: str) -> None:
    assert set(analyzer.terms(one)) & set(analyzer.terms(other))


def test_latin_glued_to_chinese_is_a_term_of_its_own(analyzer: Analyzer) -> None:
    assert "hgst" in analyzer.terms("販売店がHGST製品を取り扱う")


def test_a_number_with_points_is_one_term(analyzer: Analyzer) -> None:
    assert analyzer.terms("版本 5.12.3 以上")["5.12.3"] == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [("十五", 15), ("二十", 20), ("一百零三", 103), ("〇七", 7), ("15", 15), ("二〇一六", 2016)],
)
def test_a_chinese_number_has_its_value(text: str, value: int) -> None:
    assert chinese_number(text) == value


@given(st.text(max_size=40))
def test_every_word_character_and_pair_of_neighbours_is_a_term(text: str) -> None:
    terms = language().analyzer.terms(text)
    compact = [character for character in fold(text) if character.isalnum()]
    assert all(character in terms for character in compact)


def sample_texts() -> list[Path]:
    suffixes = {".md", ".toml", ".txt", ".csv", ".html"}
    return sorted(path for path in SAMPLE.rglob("*") if path.suffix in suffixes)


def test_both_segmenters_cut_all_of_the_sample_alike(jieba: Segmenter, rjieba: Segmenter) -> None:
    different = []
    for path in sample_texts():
        for line in fold(path.read_text("utf-8", "replace")).splitlines():
            if list(jieba.cut(line)) != list(rjieba.cut(line)):
                different.append((path.name, line))
    assert different == []
    assert len(sample_texts()) > 150


def test_both_segmenters_cut_every_added_word_alike(
    words: list[str], jieba: Segmenter, rjieba: Segmenter
) -> None:
    different = [
        (word, list(jieba.cut(text)), list(rjieba.cut(text)))
        for word in words
        for text in (word, f"怎么办理{word}", f"{word}的手续费")
        if list(jieba.cut(text)) != list(rjieba.cut(text))
    ]
    assert different == []


@pytest.mark.parametrize("word", [word for word in ADDED if word.isalpha() and not word[0].isascii()])
def test_an_added_word_is_cut_as_one(rjieba: Segmenter, word: str) -> None:
    assert word in list(rjieba.cut(f"客户咨询{word}怎么办"))


LATIN = st.text("ab1.%+#-/ 卡费", max_size=20)


@given(text=LATIN)
def test_both_segmenters_treat_latin_and_points_alike(jieba: Segmenter, rjieba: Segmenter, text: str) -> None:
    assert list(jieba.cut(text)) == list(rjieba.cut(text))


@pytest.mark.parametrize("bomb", ["中" * 100_000, "a" * 100_000, "信用卡" * 30_000, "1." * 50_000])
def test_text_without_punctuation_is_cut_in_time_that_grows_with_it(rjieba: Segmenter, bomb: str) -> None:
    started = time.process_time()
    assert sum(map(len, rjieba.cut(bomb)))
    assert time.process_time() - started < 5


def test_the_reference_segmenter_survives_text_without_punctuation(jieba: Segmenter) -> None:
    started = time.process_time()
    assert "".join(jieba.cut("中" * 20_000)) == "中" * 20_000
    assert time.process_time() - started < 10


def test_the_reference_segmenter_leaves_nothing_in_the_shared_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    JiebaSegmenter(["掌上银行"])
    assert list(tmp_path.iterdir()) == []
