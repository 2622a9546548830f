"""Quoted passages are found again wherever the words still stand in a row, and only there."""

import time

from hypothesis import given
from hypothesis import strategies as st

from kb.quotes import Folded, Quote, find_quote

TEXT = "口头挂失\n口头挂失有效期 5 天，逾期自动解除。\n正式挂失后补卡，\n工本费 10 元/张。"


def test_white_space_does_not_keep_a_quote_from_being_found():
    place = find_quote(Quote("补卡， 工本费10元/张"), TEXT)
    assert TEXT[place.start : place.end] == "补卡，\n工本费 10 元/张"


def test_of_several_places_the_one_with_the_same_surroundings_wins():
    place = find_quote(Quote("口头挂失", prefix="\n", suffix="有效期"), TEXT)
    assert place.start == 5


def test_of_equal_places_the_nearest_wins():
    assert find_quote(Quote("ab"), "ab ab ab", near=7).start == 6


def test_words_that_are_not_there_are_not_found():
    assert find_quote(Quote("工本费 15 元"), TEXT, ["工本费为十元"]) is None
    assert find_quote(Quote("  "), TEXT) is None


def test_wording_is_searched_after_the_text():
    assert find_quote(Quote("为十元"), TEXT, ["您好", "工本费为十元"]).block == 1


@given(st.text("甲乙丙丁 \n", min_size=1, max_size=60), st.data())
def test_any_part_of_a_text_is_found_in_it(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    quote = text[start:end]
    place = find_quote(Quote(quote, text[:start], text[end:]), text)
    if quote.strip():
        assert "".join(text[place.start : place.end].split()) == "".join(quote.split())
        assert Folded(text).holds(quote)
    else:
        assert place is None


def test_a_sign_that_fills_a_long_text_does_not_take_long():
    began = time.process_time()
    assert find_quote(Quote("，，", "，" * 40, "，" * 40), "，" * 200_000) is not None
    assert time.process_time() - began < 5
