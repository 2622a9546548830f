"""Passages: nothing is lost between two of them, and short stretches lie whole in one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.passages import LONGEST, OVERLAP, passages

PIECES = st.sampled_from(["信用卡", "。", "\n", "挂失后", "！」", "abc ", "；", "一" * 37, "x" * 113, "？）"])
SOURCES = st.lists(PIECES, max_size=60).map("".join)


@given(SOURCES)
def test_every_character_belongs_to_exactly_one_passage(source: str) -> None:
    own = [source[each.offset : each.offset + each.own] for each in passages(source)]
    assert "".join(own) == source


@given(SOURCES)
def test_passages_follow_each_other_without_gap_or_overlap(source: str) -> None:
    end = 0
    for each in passages(source):
        assert each.offset == end
        assert each.own > 0
        end = each.offset + each.own
    assert end == len(source)


@given(SOURCES)
def test_a_passage_shows_the_source_from_its_offset(source: str) -> None:
    for each in passages(source):
        assert source.startswith(each.text, each.offset)
        assert each.own <= len(each.text) <= each.own + OVERLAP


@given(SOURCES, st.integers(min_value=0), st.integers(min_value=1, max_value=OVERLAP))
def test_a_short_stretch_lies_whole_in_one_passage(source: str, place: int, length: int) -> None:
    if not source:
        return
    start = place % len(source)
    end = min(start + length, len(source))
    assert any(each.offset <= start and end <= each.offset + len(each.text) for each in passages(source))


@given(SOURCES)
def test_no_passage_is_longer_than_the_limit(source: str) -> None:
    assert all(each.own <= LONGEST for each in passages(source))


def test_a_passage_ends_behind_a_sentence() -> None:
    source = "挂失后七天内可以补办新卡。" * 40
    found = list(passages(source))
    assert len(found) > 1
    assert all(source[: each.offset].endswith("。") for each in found[1:])


def test_closing_quotes_stay_with_their_sentence() -> None:
    sentence = "请客户念“确认本人办理。”"
    source = sentence * 30
    assert all(not each.text.startswith("”") for each in passages(source))


def test_text_without_punctuation_is_still_cut() -> None:
    assert len(list(passages("中" * 100_000))) > 300


@pytest.mark.parametrize("source", ["", "短。"])
def test_a_short_text_is_one_passage_and_an_empty_one_none(source: str) -> None:
    assert [each.text for each in passages(source)] == ([source] if source else [])
