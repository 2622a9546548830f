"""Folding: one form for every way of writing a text, with the way back to the original's places."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.fold import Bare, fold, fold_with_places, is_word_character, squeeze, word_places

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("信用卡ＡＴＭ１２３", "信用卡atm123"),
        ("信用卡掛失與密碼重設", "信用卡挂失与密码重设"),
        ("製作", "制作"),
        ("帐户", "账户"),
        ("帳戶", "账户"),
        ("Visa 金卡", "visa 金卡"),
        ("第②条", "第2条"),
        ("㎡", "m2"),
        ("ｶﾞｲﾄﾞ", "ガイド".replace("ガ", "カ\u3099").replace("ド", "ト\u3099")),
        ("《通知》（2019）", "《通知》(2019)"),
    ],
)
def test_a_way_of_writing_folds_to_the_shared_form(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_a_null_and_a_lone_surrogate_become_blanks() -> None:
    assert fold("卡\x00号\ud800码") == "卡 号 码"


@given(ANY_TEXT)
def test_folding_and_folding_with_places_agree(text: str) -> None:
    folded, places = fold_with_places(text)
    assert folded == fold(text)
    assert len(places) == len(folded)


@given(ANY_TEXT)
def test_places_ascend_and_point_into_the_text(text: str) -> None:
    _folded, places = fold_with_places(text)
    assert list(places) == sorted(places)
    assert all(0 <= place < len(text) for place in places)


@given(ANY_TEXT)
def test_every_folded_character_comes_from_the_character_at_its_place(text: str) -> None:
    folded, places = fold_with_places(text)
    by_place: dict[int, str] = {}
    for character, place in zip(folded, places, strict=True):
        by_place[place] = by_place.get(place, "") + character
    assert all(fold(text[place]) == piece for place, piece in by_place.items())


@given(ANY_TEXT, ANY_TEXT)
def test_folding_goes_character_by_character(first: str, second: str) -> None:
    assert fold(first + second) == fold(first) + fold(second)


@given(ANY_TEXT)
def test_folded_text_is_encodable_and_stays_as_it_is(text: str) -> None:
    folded = fold(text)
    folded.encode("utf-8")
    assert fold(folded) == folded


@pytest.mark.parametrize("character", ["卡", "a", "7", "〇", "𠮷", "は"])
def test_letters_digits_and_ideographs_carry_meaning(character: str) -> None:
    assert is_word_character(character)


@pytest.mark.parametrize("character", [" ", "，", "。", ".", "%", "《", "\n", "—", "·", "😀"])
def test_punctuation_and_blanks_carry_none(character: str) -> None:
    assert not is_word_character(character)


@given(ANY_TEXT)
def test_a_squeezed_text_keeps_exactly_the_characters_that_carry_meaning(text: str) -> None:
    folded = fold(text)
    kept = [place for place, character in enumerate(folded) if is_word_character(character)]
    assert squeeze(text) == "".join(folded[place] for place in kept)
    assert word_places(folded) == kept


def test_no_character_folds_to_nothing() -> None:
    # Three quarters of the code points are nobody's: the first of each block of 256 stands for them.
    codes = [
        code
        for code in range(sys.maxunicode + 1)
        if code % 256 == 0 or unicodedata.category(chr(code)) not in ("Cn", "Co")
    ]
    assert len(codes) > 150_000
    assert [code for code in codes if not fold(chr(code))] == []


@given(ANY_TEXT, ANY_TEXT)
def test_a_bare_text_is_the_squeezed_one_and_knows_where_its_characters_come_from(
    first: str, second: str
) -> None:
    # Long texts are worked through in another way than short ones.
    for text in (first, first + "，卡Ａ。" + second, (first + "，卡½Ａ。" + second) * 60):
        bare = Bare(text)
        folded, places = fold_with_places(text)
        assert bare.text == squeeze(text)
        origins = [places[place] for place in word_places(folded)]
        assert [bare.origin(place) for place in range(len(bare.text))] == origins
