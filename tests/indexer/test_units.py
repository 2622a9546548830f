"""What the units of a plan mean together, and words that mix letters and characters."""

from indexer.plan import Alternative, Rung, Unit
from indexer.stretches import mixed_words
from indexer.units import as_meant, best_of, both, core, meant

LOAN = Unit("款贷", 2, 4, (Alternative("贷款", 0.85, Rung.SLIP),), mended=True)


def exact(text: str, start: int, emphasis: float = 1.0) -> Unit:
    return Unit(text, start, start + len(text), (Alternative(text, 1.0, Rung.EXACT),), emphasis)


def test_a_slip_is_read_as_the_word_that_was_meant() -> None:
    units = [exact("学生", 0), LOAN, exact("平台", 4)]
    assert as_meant(LOAN) == "贷款"
    assert meant("学生款贷平台", units, 0, 6) == "学生贷款平台"


def test_a_query_without_slips_means_what_it_says() -> None:
    assert meant("学生贷款", [exact("学生", 0), exact("贷款", 2)], 0, 4) == ""


def test_two_words_with_swapped_ends_become_both_words() -> None:
    first, second = both(
        "开临通时", 3, (Alternative("开通", 0.85, Rung.SLIP), Alternative("临时", 0.85, Rung.SLIP))
    )
    assert (first.start, first.end, as_meant(first)) == (3, 5, "开通")
    assert (second.start, second.end, as_meant(second)) == (5, 7, "临时")


def test_padding_around_a_query_is_not_part_of_it() -> None:
    assert core("请问年费", [exact("请问", 0, 0.1), exact("年费", 2)]) == (2, 4)


def test_an_alternative_is_kept_once_at_its_best() -> None:
    kept = best_of(
        [
            Alternative("贷款", 0.5, Rung.SOUND),
            Alternative("贷款", 0.8, Rung.SLIP),
            Alternative("贷宽", 0.0, Rung.SLIP),
        ]
    )
    assert [(item.text, item.factor) for item in kept] == [("贷款", 0.8)]


def test_words_of_two_scripts_are_found_whole_and_never_inside_a_longer_run() -> None:
    words = frozenset({"手机app", "k宝", "app"})
    assert list(mixed_words("手机app注册", words)) == [("手机app", 0, 5)]
    assert list(mixed_words("农行k宝", words)) == [("k宝", 2, 4)]
    assert list(mixed_words("手机apps", words)) == []
    assert list(mixed_words("mk宝", words)) == []
