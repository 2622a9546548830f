"""Titles are cut once, and read side by side as if one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.cut_titles import CutTitles
from indexer.fold import squeeze
from indexer.language import Language
from indexer.vocabulary import folded_titles

TITLES = ["信用卡 挂失（大学生版）", "个人存款业务", "KPI 考核：个人存款", "", "大学生贷款"]


@pytest.fixture
def cut(language: Language) -> CutTitles:
    return CutTitles(language.analyzer, language.lexicon)


def text_of(cut: CutTitles, number: int) -> str:
    codes = cut.arrays.codes[cut.arrays.begins[number] : cut.arrays.begins[number + 1]]
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def test_a_title_has_one_number_however_often_it_comes(cut: CutTitles) -> None:
    first = cut.number(folded_titles(TITLES))
    again = cut.number(folded_titles(TITLES[::-1]))
    assert first.tolist() == again[::-1].tolist() == [0, 1, 2, 3, 4]


def test_arrays_that_were_handed_out_stay_as_they_are(cut: CutTitles) -> None:
    cut.number(folded_titles(TITLES[:2]))
    before = cut.arrays
    kept = before.codes.copy(), before.words.copy(), before.begins.copy()
    cut.number(folded_titles([f"第 {number} 号公告" for number in range(500)]))
    assert len(cut.arrays.begins) == 503
    for known, now in zip(kept, (before.codes, before.words, before.begins), strict=True):
        assert np.array_equal(known, now)


def test_a_word_is_known_by_itself_and_inside_a_compound(cut: CutTitles, language: Language) -> None:
    cut.number(folded_titles(TITLES))
    named = {word: {cut.words[number] for number in cut.holding(word)} for word in ("存款", "生", "挂失")}
    assert named["挂失"] == {"挂失"}
    assert named["存款"] >= {word for word in cut.words if word == "存款"}
    # No part of a compound is a single character.
    assert named["生"] <= {"生"}


@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_words_stand_where_the_arrays_say(language: Language, texts: list[str]) -> None:
    cut = CutTitles(language.analyzer, language.lexicon)
    titles = folded_titles(texts)
    for title, number in zip(titles, cut.number(titles).tolist(), strict=True):
        text = text_of(cut, number)
        assert text == squeeze(title) + "\n"
        assert cut.cut(number) == language.analyzer.words(title)
        arrays = cut.arrays
        for place in range(int(arrays.firsts[number]), int(arrays.firsts[number + 1])):
            start, end = int(arrays.starts[place]), int(arrays.ends[place])
            assert text[start:end] in ("", squeeze(cut.words[int(arrays.words[place])]))
