"""Conditions of a search: status at an instant, dates, node and department, order and pages."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kb.ports import DateField, DateRange, Scope, SearchEngine, Sort, StatusFilter
from tests.contract.conftest import EngineOf
from tests.indexer.world import LONG_AGO, NOW, document, ids, query, succession

DAY = timedelta(days=1)
ENDED, RUNNING, COMING = NOW - 30 * DAY, NOW - 10 * DAY, NOW + 10 * DAY


@pytest.fixture(scope="module")
def ages(engine_of: EngineOf) -> SearchEngine:
    return engine_of(
        document(1, "年费一直有效"),
        document(2, "年费已经失效", shown_to=ENDED),
        document(3, "年费尚未生效", shown_from=COMING, effective_at=COMING),
        *succession(4, "年费三个版本", LONG_AGO, RUNNING, COMING),
    )


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (StatusFilter.CURRENT, {1: "current", 4: "current"}),
        (StatusFilter.PREFER, {1: "current", 4: "current", 2: "ended"}),
        (StatusFilter.ALL, {1: "current", 4: "current", 2: "ended", 3: "scheduled"}),
    ],
)
@pytest.mark.parametrize("text", ["年费", ""])
def test_a_status_filter_admits_exactly_these(
    ages: SearchEngine, status: StatusFilter, found: dict[int, str], text: str
) -> None:
    answer = ages.search(query(text, status=status))
    assert {hit.article_id for hit in answer.hits} == set(found)
    assert all(hit.status == found[hit.article_id] for hit in answer.hits if hit.article_id != 4)
    assert answer.total == len(answer.hits) == len(found)


@pytest.mark.parametrize(
    "text",
    [
        "年费",
        "",
    ],
)
def test_the_revision_in_force_speaks_before_one_to_come(ages: SearchEngine, text: str) -> None:
    hits = ages.search(query(text, status=StatusFilter.ALL)).hits
    assert [hit.status for hit in hits if hit.article_id == 4] == ["current"]


@pytest.mark.parametrize("text", ["年费", ""])
def test_what_is_in_force_stands_before_what_has_ended(ages: SearchEngine, text: str) -> None:
    assert ids(ages.search(query(text)))[-1] == 2


@pytest.mark.parametrize(
    ("instant", "revision"),
    [
        (LONG_AGO, 400),
        (RUNNING - timedelta(seconds=1), 400),
        (RUNNING, 401),
        (NOW, 401),
        (COMING - timedelta(seconds=1), 401),
        (COMING, 402),
        (COMING + 99 * DAY, 402),
    ],
)
@pytest.mark.parametrize("status", list(StatusFilter))
def test_the_revision_of_the_instant_speaks_for_its_article(
    ages: SearchEngine, instant: datetime, revision: int, status: StatusFilter
) -> None:
    hits = ages.search(query("三个版本", instant=instant, status=status, verbatim=True)).hits
    assert [(hit.revision_id, hit.status) for hit in hits if hit.article_id == 4] == [(revision, "current")]


def test_a_superseded_revision_is_never_found_by_its_old_words(engine_of: EngineOf) -> None:
    old, new = succession(1, "年费", LONG_AGO, RUNNING)
    engine = engine_of(document(2, "其他"), replace(old, body="旧口径免收。"), new)
    for status in StatusFilter:
        assert engine.search(query("旧口径", status=status, verbatim=True)).total == 0
    assert ids(engine.search(query("旧口径", instant=RUNNING - DAY, verbatim=True))) == [1]


def test_before_anything_was_shown_nothing_is_in_force(ages: SearchEngine) -> None:
    answer = ages.search(query("年费", instant=LONG_AGO - DAY, status=StatusFilter.CURRENT))
    assert (answer.total, answer.hidden.by_status) == (0, 4)


def test_what_the_status_hides_is_counted(ages: SearchEngine) -> None:
    assert ages.search(query("年费", status=StatusFilter.CURRENT)).hidden.by_status == 2


@pytest.fixture(scope="module")
def dated(engine_of: EngineOf) -> SearchEngine:
    return engine_of(
        *(
            document(
                number,
                f"年费第{number}篇",
                published_at=NOW - number * DAY,
                updated_at=NOW - (10 + number) * DAY,
                effective_at=NOW - (20 + number) * DAY,
                node_id=number % 3,
                department_id=number % 2,
            )
            for number in range(1, 10)
        )
    )


@pytest.mark.parametrize(
    ("field", "offset"), [(DateField.PUBLISHED, 0), (DateField.UPDATED, 10), (DateField.EFFECTIVE, 20)]
)
def test_a_range_includes_its_start_and_excludes_its_end(
    dated: SearchEngine, field: DateField, offset: int
) -> None:
    inside = DateRange(field, NOW - (offset + 5) * DAY, NOW - (offset + 2) * DAY)
    answer = dated.search(query("年费", date_range=inside))
    assert set(ids(answer)) == {3, 4, 5}
    assert answer.hidden.by_time == 6


@pytest.mark.parametrize(
    ("start", "end", "count"), [(None, None, 9), (NOW - 4 * DAY, None, 4), (None, NOW - 4 * DAY, 5)]
)
def test_a_range_may_be_open(
    dated: SearchEngine, start: datetime | None, end: datetime | None, count: int
) -> None:
    assert dated.search(query("年费", date_range=DateRange(DateField.PUBLISHED, start, end))).total == count


def test_a_node_filter_admits_its_nodes_and_counts_the_rest(dated: SearchEngine) -> None:
    answer = dated.search(query("年费", node_ids=frozenset({1, 2})))
    assert {number % 3 for number in ids(answer)} == {1, 2}
    assert (answer.total, answer.hidden.by_node, answer.nodes) == (6, 3, {1: 3, 2: 3})


def test_a_department_filter_admits_its_department_and_counts_the_rest(dated: SearchEngine) -> None:
    answer = dated.search(query("年费", department_id=1))
    assert (set(ids(answer)), answer.hidden.by_department) == ({1, 3, 5, 7, 9}, 4)
    assert answer.departments == {1: 5}


def test_an_empty_text_browses_the_newest_first(dated: SearchEngine) -> None:
    answer = dated.search(query("  　"))
    assert ids(answer) == list(range(1, 10))
    assert answer.total == 9


def test_newest_sorts_by_the_date_of_the_revision(dated: SearchEngine) -> None:
    assert ids(dated.search(query("年费", sort=Sort.NEWEST))) == list(range(1, 10))


@pytest.mark.parametrize("text", ["年费", ""])
def test_hottest_sorts_by_heat(dated: SearchEngine, text: str) -> None:
    heat = {7: 9.0, 3: 4.0, 8: 2.5}
    assert ids(dated.search(query(text, sort=Sort.HOTTEST, heat=heat)))[:3] == [7, 3, 8]


@pytest.fixture(scope="module")
def many(engine_of: EngineOf) -> SearchEngine:
    return engine_of(
        *(
            document(
                number,
                "年费" + "说明" * (number % 7),
                "信用卡年费。" * (number % 5),
                updated_at=NOW - number * DAY,
            )
            for number in range(1, 258)
        )
    )


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("text", ["年费", "信用卡年费", ""])
def test_pages_joined_are_the_whole_list_without_repeats(many: SearchEngine, sort: Sort, text: str) -> None:
    heat = {number: float(number % 9) for number in range(300)}
    whole = many.search(query(text, sort=sort, heat=heat, limit=1000))
    pages: list[int] = []
    for offset in range(0, 320, 20):
        page = many.search(query(text, sort=sort, heat=heat, offset=offset, limit=20))
        assert page.total == whole.total == len(whole.hits)
        pages += ids(page)
    assert pages == ids(whole)
    assert len(set(pages)) == len(pages)


def test_a_page_behind_the_last_is_empty_and_still_counts(many: SearchEngine) -> None:
    answer = many.search(query("年费", offset=10_000))
    assert (answer.hits, answer.total) == ((), 257)


@pytest.mark.parametrize("scope", list(Scope))
def test_nothing_found_is_an_empty_answer(dated: SearchEngine, scope: Scope) -> None:
    answer = dated.search(query("龘靐齉", scope=scope))
    assert (answer.total, answer.hits, answer.nodes, answer.full) == (0, (), {}, 0)


def test_an_empty_index_answers_everything_with_nothing(engine_of: EngineOf) -> None:
    engine = engine_of()
    assert engine.search(query("年费")).total == engine.search(query("")).total == 0
    assert engine.cursor() == 1


def test_chosen_articles_are_the_only_ones_that_answer_and_the_others_are_not_counted(
    ages: SearchEngine,
) -> None:
    answer = ages.search(query("年费", article_ids=frozenset({4})))
    assert ids(answer) == [4]
    assert (answer.total, answer.hidden.by_status) == (1, 0)
    assert ids(ages.search(query("年费", article_ids=frozenset()))) == []
    assert ids(ages.search(query("", article_ids=frozenset({1, 987})))) == [1]
