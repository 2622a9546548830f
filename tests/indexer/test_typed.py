"""What is being typed is recognised by characters, pinyin, initials, and any mixture of them."""

import pytest

from indexer.pinyin import alike, rough_key
from indexer.typed import begins_with, spells


@pytest.mark.parametrize(
    "typed",
    [
        "信用卡",
        "信用卡挂",
        "xyk",
        "XYK",
        "xykgs",
        "xyk挂失",
        "信用kgs",
        "xinyongka",
        "xinyk",
        "xyongk",
        "xin yong ka gua",
        "xinyongkagu",
        "xingyongka",
        "xyk gsbk",
    ],
)
def test_a_text_is_recognised_however_its_beginning_is_typed(typed: str) -> None:
    assert begins_with("信用卡挂失补卡", typed)


@pytest.mark.parametrize("typed", ["挂失", "xykx", "xyd", "xyk挂号", "xinyongkaz", "y", "信用卡挂失补卡费"])
def test_a_text_that_goes_on_differently_is_not_recognised(typed: str) -> None:
    assert not begins_with("信用卡挂失补卡", typed)


def test_signs_and_blanks_do_not_matter() -> None:
    assert begins_with("ATM 吞卡、吞钞怎么办", "atmtktc")


def test_a_character_read_in_two_ways_is_recognised_by_both() -> None:
    assert begins_with("行号查询", "hhcx")
    assert begins_with("行号查询", "xhcx")


def test_sounds_that_speakers_confuse_are_taken_for_one_another() -> None:
    assert begins_with("账户冻结", "zanghu")
    assert begins_with("年费", "lianfei")
    assert "zhang" in alike("zan")
    assert rough_key("zhang hu") == rough_key("zan hu")


@pytest.mark.parametrize(
    ("letters", "word", "expected"),
    [
        ("xinyk", "信用卡", True),
        ("xyk", "信用卡", True),
        ("shenfz", "身份证", True),
        ("sfzheng", "身份证", True),
        ("xinykk", "信用卡", False),
        ("xiny", "信用卡", False),
    ],
)
def test_letters_spell_a_whole_word_or_not(letters: str, word: str, expected: bool) -> None:
    assert spells(letters, word) is expected


def test_a_long_text_of_letters_is_looked_at_quickly() -> None:
    assert not begins_with("中" * 10_000, "z" * 100_000)
