"""Comparisons: exact to the character, aligned by lines, bounded for any size."""

import time

from hypothesis import given
from hypothesis import strategies as st

from kb.diffs import Comparison, Kind, Piece, characters, compare, folded

TEXT = st.text(st.sampled_from("挂失补卡工本费十五元/张，。|\n 15"), max_size=80) | st.text(max_size=40)


def side(comparison: Comparison, which: str) -> str:
    sides = [getattr(row, which) for row in comparison.rows]
    return "\n".join("".join(piece.text for piece in pieces) for pieces in sides if pieces is not None)


@given(TEXT, TEXT)
def test_either_text_can_be_rebuilt_from_the_characters(old: str, new: str) -> None:
    pieces = characters(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind is not Kind.INSERT) == old
    assert "".join(piece.text for piece in pieces if piece.kind is not Kind.DELETE) == new


@given(TEXT, TEXT)
def test_either_text_can_be_rebuilt_from_the_lines(old: str, new: str) -> None:
    comparison = compare(old, new)
    assert side(comparison, "old") == old
    assert side(comparison, "new") == new
    assert comparison.is_equal == (old == new)


@given(TEXT, TEXT)
def test_the_inline_form_holds_all_that_went_and_all_that_came(old: str, new: str) -> None:
    for row in compare(old, new).rows:
        kept = [piece.text for piece in row.inline if piece.kind is not Kind.INSERT]
        came = [piece.text for piece in row.inline if piece.kind is not Kind.DELETE]
        if row.old is not None:
            assert "".join(kept) == "".join(piece.text for piece in row.old)
        if row.new is not None:
            assert "".join(came) == "".join(piece.text for piece in row.new)


def test_a_changed_price_is_shown_as_the_price_alone() -> None:
    comparison = compare("口头挂失免费。\n工本费 15 元/张。", "口头挂失免费。\n工本费 10 元/张。")
    assert [row.kind for row in comparison.rows] == [Kind.EQUAL, Kind.CHANGE]
    assert Piece(Kind.DELETE, "5") in comparison.rows[1].inline
    assert Piece(Kind.INSERT, "0") in comparison.rows[1].inline
    assert comparison.changes == 1


def test_a_line_between_two_others_is_an_insertion_and_changes_nothing_else() -> None:
    comparison = compare("甲\n丙", "甲\n乙乙乙\n丙")
    assert [row.kind for row in comparison.rows] == [Kind.EQUAL, Kind.INSERT, Kind.EQUAL]
    assert [(row.old_number, row.new_number) for row in comparison.rows] == [(1, 1), (None, 2), (2, 3)]


def test_alike_lines_stand_beside_each_other_even_if_others_came_between() -> None:
    comparison = compare(
        "正式挂失 10 元每笔\n补卡 15 元", "新增一行全然不同的说明\n正式挂失 12 元每笔\n补卡 15 元"
    )
    assert [row.kind for row in comparison.rows] == [Kind.INSERT, Kind.CHANGE, Kind.EQUAL]


def test_unchanged_lines_far_from_any_change_are_folded() -> None:
    old = "\n".join(f"第{number}行" for number in range(30))
    rows = folded(compare(old, old.replace("第15行", "第十五行")))
    assert rows[0] is None
    assert rows[-1] is None
    assert len(rows) == 7


def test_two_hundred_thousand_characters_are_compared_in_a_few_seconds() -> None:
    old = "\n".join(f"第 {number} 条　持卡人应当在到期还款日前足额还款。" for number in range(8_000))
    new = old.replace("到期还款日", "约定还款日")
    started = time.monotonic()
    comparison = compare(old, new)
    # Bounded by the deadlines of the comparison itself, with room for a busy machine.
    assert time.monotonic() - started < 30
    assert side(comparison, "old") == old
    assert side(comparison, "new") == new


def test_one_endless_line_is_compared_as_well() -> None:
    old, new = "挂失" * 60_000, "补卡" * 60_000
    comparison = compare(old, new)
    assert side(comparison, "old") == old
    assert side(comparison, "new") == new
