"""The measures of a run over judged queries are those of the textbook."""

import math

import pytest

from indexer.evaluation import (
    SHOWN_LETTERS,
    JudgedQuery,
    Passages,
    evaluate,
    mean,
    measure,
    passages_shown,
    percentile,
    shows,
)


def test_the_reciprocal_rank_is_that_of_the_first_wanted_article() -> None:
    assert measure(["a", "b", "c"], {"c": 1, "b": 1}).mrr == 0.5


def test_an_article_behind_the_tenth_place_does_not_count() -> None:
    ranked = [str(number) for number in range(10)] + ["wanted"]
    assert measure(ranked, {"wanted": 1}).mrr == 0
    assert measure(ranked, {"wanted": 1}).recall_10 == 0


def test_recall_is_the_share_of_what_could_be_found_at_that_depth() -> None:
    found = measure(["a", "x", "b"], {"a": 1, "b": 1, "c": 1})
    assert (found.recall_1, round(found.recall_5, 4)) == (1.0, 0.6667)


def test_gain_is_graded_and_discounted_by_place() -> None:
    found = measure(["near", "best"], {"best": 2, "near": 1})
    ideal = 2 / math.log2(2) + 1 / math.log2(3)
    assert found.ndcg == pytest.approx((1 / math.log2(2) + 2 / math.log2(3)) / ideal)


def test_an_empty_answer_counts_as_zero_result() -> None:
    assert measure([], {"a": 1}).zero == 1
    assert measure(["b"], {"a": 1}).zero == 0


def test_a_query_without_a_wanted_article_cannot_be_measured() -> None:
    with pytest.raises(ValueError, match="judged"):
        measure(["a"], {"a": 0})


def test_the_macro_average_gives_every_kind_the_same_weight() -> None:
    queries = [JudgedQuery(str(number), "many", "q", {"a": 1}) for number in range(3)]
    queries.append(JudgedQuery("9", "few", "q", {"a": 1}))
    run = evaluate(queries, [["a"], ["a"], ["a"], ["x"]], [0.001, 0.002, 0.003, 0.1])
    assert run.overall.mrr == 0.75
    assert run.macro.mrr == 0.5
    assert run.kinds["many"][0] == 3
    assert (run.latency.p50, run.latency.p99) == (2.0, 100.0)


def test_nothing_measured_is_zero_and_not_an_error() -> None:
    assert mean([]).mrr == 0
    assert percentile([], 0.5) == 0


def test_a_snippet_shows_a_sentence_if_most_of_it_is_there() -> None:
    sentence = "挂失后七天内可以到任一网点补卡"
    assert shows("提示：挂失后，七天内可以到任一网点补卡。", sentence)
    assert not shows("挂失后七天内", sentence)
    assert not shows("甲" * SHOWN_LETTERS + sentence, sentence)


def test_passages_are_counted_by_kind_and_for_all_kinds_alike() -> None:
    asked = [
        JudgedQuery("1", "one", "挂失", {"a": 1}, "挂失后七天内可以补卡"),
        JudgedQuery("2", "one", "挂失", {"a": 1}, "挂失后七天内可以补卡"),
        JudgedQuery("3", "two", "挂失", {"a": 1}, "挂失后七天内可以补卡"),
        JudgedQuery("4", "two", "没有原句", {"a": 1}),
    ]
    right = "挂失后七天内可以补卡"
    found = passages_shown(asked, [[right], ["别的", right], ["别的"], []])
    assert found["one"] == Passages(2, 0.5, 1.0)
    assert found["two"] == Passages(1, 0.0, 0.0)
    assert found[""] == Passages(3, 0.25, 0.5)
