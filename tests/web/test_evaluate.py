"""``kb evaluate`` over the small bank: by kind, as JSON, with ablation, and for bad files."""

import json
from pathlib import Path

import pytest

from indexer.ablation import INGREDIENTS
from web.cli import run

ASKED = (
    ("1", "words", "补卡工本费", "loss"),
    ("2", "words", "年费减免", "annual-fee"),
    ("3", "sound", "补咔工本费", "loss"),
    ("4", "letters", "nianfei", "annual-fee"),
)


@pytest.fixture
def judged(tmp_path: Path) -> tuple[str, str]:
    """Two files: queries and what answers them."""
    queries, qrels = tmp_path / "queries.tsv", tmp_path / "qrels.tsv"
    queries.write_text(
        "qid\tsplit\tvariant\tquery\n" + "".join(f"{q}\tdev\t{kind}\t{text}\n" for q, kind, text, _ in ASKED),
        "utf-8",
    )
    qrels.write_text("qid\tdocid\tgrade\n" + "".join(f"{q}\t{name}\t2\n" for q, _, _, name in ASKED), "utf-8")
    return str(queries), str(qrels)


def evaluated(home: Path, judged: tuple[str, str], capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert run(["evaluate", "--queries", judged[0], "--qrels", judged[1], *more]) == 0
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def _home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_HOME", str(home))


def test_every_kind_is_measured_and_found_in_the_small_bank(
    home: Path, judged: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = json.loads(evaluated(home, judged, capsys, "--json"))
    assert found["queries"] == 4
    assert {kind: values["queries"] for kind, values in found["kinds"].items()} == {
        "words": 2,
        "sound": 1,
        "letters": 1,
    }
    assert found["kinds"]["letters"]["mrr"] == 1.0
    assert found["overall"]["recall_5"] == 1.0
    assert found["overall"]["zero"] == 0
    assert found["latency_ms"]["p95"] > 0


def test_the_table_names_the_kinds_and_the_latency(
    home: Path, judged: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = evaluated(home, judged, capsys).splitlines()
    assert lines[0].split("\t")[:3] == ["类别", "查询数", "MRR@10"]
    assert [line.split("\t")[0] for line in lines[1:6]] == [
        "words",
        "sound",
        "letters",
        "各类平均",
        "全部查询",
    ]
    assert lines[6].startswith("用时（毫秒）：p50 ")


def test_the_ablation_takes_out_every_ingredient_and_shows_what_it_was_worth(
    home: Path, judged: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    run_of = json.loads(evaluated(home, judged, capsys, "--json", "--ablation"))
    assert set(run_of["ablation"]) == set(INGREDIENTS)
    assert run_of["ablation"]["letters"]["macro_mrr"] < run_of["macro"]["mrr"]


def test_the_sentences_that_should_be_shown_are_looked_for_in_the_snippets(
    home: Path, judged: tuple[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sentences = tmp_path / "passages.tsv"
    sentences.write_text(
        "qid\tsentence\n1\t补卡工本费为每张十元，六十五岁以上客户免收\n2\t这句话哪里也没有写过\n", "utf-8"
    )
    found = json.loads(evaluated(home, judged, capsys, "--json", "--passages", str(sentences)))
    assert found["passages"]["words"]["queries"] == 2
    assert found["passages"]["words"]["first"] == 0.5
    assert "摘要显示了原句" in evaluated(home, judged, capsys, "--passages", str(sentences))


def test_every_second_query_can_be_taken(
    home: Path, judged: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(evaluated(home, judged, capsys, "--json", "--every", "2"))["queries"] == 2


def test_a_split_without_queries_is_refused(
    home: Path, judged: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", "--queries", judged[0], "--qrels", judged[1], "--split", "test"]) == 1
    assert "没有可用的查询" in capsys.readouterr().err


def test_a_missing_column_is_named(
    home: Path, judged: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["evaluate", "--queries", judged[1], "--qrels", judged[1]]) == 1
    assert "query" in capsys.readouterr().err


def test_new_words_are_looked_for_by_a_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "words.txt"
    assert run(["lexicon", "grow", "--least", "3", "--output", str(target)]) == 0
    assert "已写入" in capsys.readouterr().out
    assert target.exists()
