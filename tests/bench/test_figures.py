"""The figures of the comparison: read back as they were kept, with the growth they show, put into the docs."""

import pytest

from tests.bench.figures import Built, Figures, costs, exponent, growing, load, save
from tests.bench.tables import put, rows_of


def measured(ms: float, postings: int) -> Figures:
    figures = Figures(3.5, {"product": Built(1.0, 0.9, 300.0, 7.0)}, said="2 cores")
    figures.times = {"product": {"one word": [ms, ms, 9 * ms]}, "FTS5": {"one word": [2 * ms], "fuzzy": []}}
    figures.memory = {"product": (20.0, 30.0), "FTS5": (0.0, 1.0)}
    figures.postings = {"one word": [postings] * 3}
    return figures


def test_what_doubles_with_the_size_grows_by_one_and_what_stays_by_nothing():
    assert exponent({1_000: 2.0, 10_000: 20.0, 100_000: 200.0}) == pytest.approx(1)
    assert exponent({1_000: 1.0, 100_000: 10.0}) == pytest.approx(0.5)
    assert exponent({1_000: 3.0, 10_000: 3.0}) == pytest.approx(0)


def test_one_size_shows_no_growth():
    assert exponent({1_000: 2.0}) is None
    assert not [row for row in rows_of({1_000: measured(1, 10)}) if "Growth" in row]


def test_growth_is_read_off_where_postings_outweigh_fixed_costs():
    assert growing([1_000, 10_000, 100_000]) == [10_000, 100_000]
    assert growing([1_000, 10_000]) == [1_000, 10_000]


def test_figures_are_read_back_as_they_were_kept(tmp_path):
    found = {1_000: measured(1, 10), 10_000: measured(2, 100)}
    save(tmp_path / "figures.json", found)
    assert load(tmp_path / "figures.json") == found


def test_cost_by_size_is_the_percentile_of_the_questions():
    found = {10_000: measured(2, 100), 1_000: measured(1, 10)}
    assert costs(found, 0.5)["product"] == {1_000: 1, 10_000: 2}
    assert costs(found, 0.95)["product"] == {1_000: 9, 10_000: 18}


def test_the_tables_say_what_each_engine_cost_and_how_it_grows():
    rows = list(rows_of({10_000: measured(1, 10), 100_000: measured(1, 100)}))
    assert "| product | 1.0 | 0.9 | 300 | 7.0 | 2.00× | 20 / 30 |" in rows
    assert "| one word | 1.00 / 9.00 / 9.00 | 2.00 / 2.00 / 2.00 |" in rows
    assert "| postings touched | 1.00 | 1.00 | 2 |" in rows
    assert "| product | 0.00 | 0.00 | 2 |" in rows


def test_a_section_of_a_document_is_replaced_and_nothing_else(tmp_path):
    document = tmp_path / "D.md"
    document.write_text("before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n")
    put(document, "x", ["new", "rows", ""])
    assert document.read_text() == "before\n<!-- x: begin -->\nnew\nrows\n<!-- x: end -->\nafter\n"


def test_a_document_without_the_marks_stays_as_it_is(tmp_path):
    document = tmp_path / "D.md"
    document.write_text("before\n")
    with pytest.raises(ValueError, match="x: begin"):
        put(document, "x", ["new"])
    assert document.read_text() == "before\n"
