"""Words on the sensitive list are found however they are written apart."""

from kb.sensitive import SensitiveWords, shipped_words


def test_words_are_found_with_blanks_widths_and_cases():
    words = SensitiveWords(["保本保息", "VIP内幕", ""])
    assert words.ranges("这款保 本 保 息，ｖｉｐ内幕") == [(2, 9), (10, 15)]
    assert not words.are_in("保本但不保息")


def test_the_longest_word_wins_and_ranges_do_not_overlap():
    assert SensitiveWords(["稳赚", "稳赚不赔"]).ranges("稳赚不赔") == [(0, 4)]


def test_no_words_find_nothing():
    assert SensitiveWords([]).ranges("保本") == ()


def test_the_shipped_list_is_read():
    assert shipped_words().are_in("保证这款产品保本保收益")
