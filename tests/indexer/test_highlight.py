"""Marks: true places of the words in the text as it was written."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.fold import fold, is_word_character
from indexer.highlight import clip, marks, merge, window

TEXT = st.text("信用卡挂失掛 a,。Ａ１1.½㍿\u0301\n😀", max_size=60) | st.text(max_size=60)
WANTED = st.lists(st.text("信用卡挂失a1", min_size=1, max_size=3), max_size=4)


def compact(text: str) -> str:
    return "".join(filter(is_word_character, fold(text)))


def pieces(text: str, *wanted: str) -> list[str]:
    return [text[start:end] for start, end in marks(text, list(wanted))]


@given(TEXT, WANTED)
def test_ranges_are_sorted_apart_and_inside_the_text(text: str, wanted: list[str]) -> None:
    end = -1
    for start, stop in marks(text, wanted):
        assert end < start < stop <= len(text)
        end = stop


@given(TEXT, WANTED)
@example("1½½", ["1"])
def test_marked_text_is_made_of_the_wanted_words(text: str, wanted: list[str]) -> None:
    for piece in pieces(text, *wanted):
        shown = compact(piece)
        covered = set()
        for word in wanted:
            place = shown.find(word)
            while place >= 0:
                covered.update(range(place, place + len(word)))
                place = shown.find(word, place + 1)
        # A character of the text may fold to more than a word needs, but none is marked for nothing.
        ends = [len(compact(piece[:length])) for length in range(len(piece) + 1)]
        assert all(covered & set(range(*span)) for span in itertools.pairwise(ends) if span[0] < span[1])
        assert covered


@given(TEXT, WANTED)
def test_every_occurrence_is_marked(text: str, wanted: list[str]) -> None:
    outside = text
    for start, end in reversed(marks(text, wanted)):
        outside = outside[:start] + "\uffff" + outside[end:]
    assert not any(word in part for part in map(compact, outside.split("\uffff")) for word in wanted)


def test_a_repeated_word_is_marked_every_time() -> None:
    text = "挂失后不能解除挂失，除非挂失人到场"
    assert marks(text, ["挂失"]) == ((0, 2), (7, 9), (12, 14))


def test_overlapping_occurrences_are_all_marked() -> None:
    assert marks("哈哈哈哈", ["哈哈"]) == ((0, 4),)


def test_adjacent_hits_become_one() -> None:
    assert pieces("信用卡挂失流程", "信用卡", "挂失") == ["信用卡挂失"]


def test_hits_apart_stay_apart() -> None:
    assert pieces("信用卡的挂失流程", "信用卡", "挂失") == ["信用卡", "挂失"]


def test_full_width_text_is_marked_where_it_stands() -> None:
    assert pieces("请到ＡＴＭ机办理", "atm") == ["ＡＴＭ"]


def test_traditional_text_is_marked_where_it_stands() -> None:
    assert pieces("如何辦理掛失與密碼重設？", "挂失", "密码") == ["掛失", "密碼"]


def test_a_character_that_folds_to_several_keeps_later_marks_in_place() -> None:
    assert pieces("㍿与½和Ⅻ之后的挂失", "挂失") == ["挂失"]


def test_the_end_of_the_text_can_be_marked() -> None:
    text = "自然环境与企业本身"
    assert marks(text, ["企业本身"]) == ((5, 9),)


def test_a_number_with_a_point_is_marked_whole() -> None:
    assert pieces("利率为1.5%，不是15", "1.5") == ["1.5", "15"]


def test_blanks_inside_an_occurrence_do_not_matter() -> None:
    assert pieces("客户 大  信 公司", "大信") == ["大  信"]


def test_parts_are_marked_only_where_no_whole_word_is() -> None:
    assert marks("信用记录", ["信用卡"], ["信用", "用卡"]) == ((0, 2),)
    assert marks("信用卡和信用", ["信用卡"], ["信用", "用卡"]) == ((0, 3),)


def test_words_without_meaning_mark_nothing() -> None:
    assert marks("挂失，补卡。", ["，", ""]) == ()


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=12))
def test_merging_keeps_exactly_the_covered_places(ranges: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in ranges]
    covered = {place for start, end in spans for place in range(start, end)}
    merged = merge(spans)
    assert {place for start, end in merged for place in range(start, end)} == covered
    assert all(first[1] < second[0] for first, second in itertools.pairwise(merged))


@given(st.text("ab", max_size=400), st.lists(st.integers(0, 399), max_size=5), st.integers(1, 200))
def test_a_window_is_inside_the_text_and_not_wider_than_asked(text: str, at: list[int], width: int) -> None:
    found = merge([(place, min(len(text), place + 3)) for place in at if place < len(text)])
    start, end = window(text, found, width)
    assert 0 <= start <= end <= len(text)
    assert end - start == min(width, len(text))


def test_a_window_shows_most_different_words() -> None:
    text = "挂失" + "，" * 300 + "信用卡挂失" + "。" * 300
    start, end = window(text, marks(text, ["挂失", "信用卡"]))
    assert "信用卡挂失" in text[start:end]


def test_a_window_begins_with_the_sentence_and_shows_where_the_words_stand_closest() -> None:
    text = (
        "挂失。"
        + "甲" * 300
        + "乙。"
        + "补卡要先去柜台挂失，再办理信用卡"
        + "，丙" * 150
        + "。信用卡"
        + "丁" * 60
    )
    start, end = window(text, marks(text, ["挂失", "信用卡"]))
    assert text[start:end].startswith("补卡要先去柜台挂失，再办理信用卡")


@given(st.text("挂失x", max_size=300), st.integers(0, 300), st.integers(1, 100))
def test_clipped_marks_mark_the_same_text(text: str, start: int, width: int) -> None:
    start = min(start, len(text))
    end = min(len(text), start + width)
    shown = text[start:end]
    covered = {place for low, high in marks(text, ["挂失"]) for place in range(low, high)}
    clipped = {
        place + start for low, high in clip(marks(text, ["挂失"]), start, end) for place in range(low, high)
    }
    assert clipped == {place for place in covered if start <= place < end}
    assert all(0 <= low < high <= len(shown) for low, high in clip(marks(text, ["挂失"]), start, end))


@pytest.mark.parametrize("size", [100_000])
def test_a_long_text_is_marked_quickly(size: int) -> None:
    assert len(marks("挂失," * size, ["挂失", "失挂"])) == 1
