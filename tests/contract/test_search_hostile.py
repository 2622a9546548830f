"""Hostile and odd queries: they are answered quickly, as text, and raise nothing."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.ports import Scope, SearchEngine, SuggestQuery
from tests.contract.conftest import EngineOf
from tests.indexer.world import NOW, document, query

HOSTILE = {
    "star": "*",
    "question mark": "?",
    "question marks": "???",
    "wildcards": "*款*",
    "latin wildcards": "*a*",
    "range": "[一 TO 龥]",
    "open range": "content:[TO]",
    "mixed brackets": '("*' * 2000,
    "many wildcards": "*x* " * 200,
    "many terms": " ".join(f"词{number}" for number in range(1000)),
    "nested": "(" * 5000 + ")" * 5000,
    "long phrase": '"' + "贷款 挂失 " * 1000 + '"',
    "and maybe": "a ANDMAYBE " * 500,
    "braces": "{" * 10_000,
    "square brackets": "[" * 10_000,
    "fuzzy": "银行贷款~2",
    "distant fuzzy": "abcdefgh~9",
    "regex": 'r".*"',
    "catastrophic regex": 'r"(a+)+$" ' + "a" * 60,
    "surrogate": "挂失\ud800",
    "null": "挂\x00失",
    "emoji": "😀💳" * 500,
    "boost": "挂失^nan",
    "long number": "9" * 400,
    "unknown field": "nofield:挂失",
    "one character repeated": "中" * 100_000,
    "one word repeated": "信用卡挂失" * 20_000,
    "one letter repeated": "a" * 100_000,
    "pinyin": "xian" * 25_000,
    "initials": "x" * 5000,
    "separated pinyin": "xi an " * 2000,
    "numbers with points": "1." * 50_000,
    "document numbers": "2016年302号" * 5000,
    "article numbers": "第十五条" * 5000,
    "hashes": "#2016-302 §15条",
    "combining marks": "e" + "\u0301" * 50_000,
    "right to left": "\u202e失挂",
    "ligature": "﷽" * 3000,
    "all of Han": "".join(map(chr, range(0x4E00, 0x4E00 + 20_000))),
    "blanks": " " * 100_000,
    "marks": "，。" * 50_000,
}


# Seconds of one thread, so that what else the machine does at the moment does not count.
LONGEST = 1.0


def timed(ask: Callable[[], Any]) -> tuple[Any, float]:
    """Return an answer and the seconds of computing that it took."""
    started = time.thread_time()
    answer = ask()
    return answer, time.thread_time() - started


@pytest.fixture(scope="module")
def engine(engine_of: EngineOf) -> SearchEngine:
    return engine_of(
        *(
            document(number, f"信用卡挂失第{number}篇", f"贷款利率{number}.5%，见第十五条。" * 20)
            for number in range(1, 200)
        )
    )


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_query_is_answered_quickly(engine: SearchEngine, text: str) -> None:
    answer, spent = timed(lambda: engine.search(query(text)))
    assert answer.total >= len(answer.hits)
    assert spent < LONGEST


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_suggested_for_and_marked_quickly(engine: SearchEngine, text: str) -> None:
    for ask in (
        lambda: engine.suggest(SuggestQuery(text, NOW, None)),
        lambda: engine.mark(text, "信用卡挂失"),
        lambda: engine.begun(text, ["信用卡挂失", "xinyongka"] * 100),
    ):
        assert timed(ask)[1] < LONGEST


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_longest_query_that_a_page_takes_is_answered_quickly(engine: SearchEngine, text: str) -> None:
    for start in range(0, min(len(text), 128), 64):
        assert timed(lambda start=start: engine.search(query(text[start : start + 64])))[1] < LONGEST


def test_query_syntax_means_nothing(engine: SearchEngine) -> None:
    plain = engine.search(query("信用卡挂失", limit=500))
    for text in ("信用卡*挂失", "title:信用卡挂失", "(信用卡挂失", '"信用卡挂失"'):
        assert engine.search(query(text, limit=500)).total == plain.total


@pytest.mark.parametrize("text", ["*", "?", "~", '"', "()"])
def test_a_query_of_nothing_but_marks_asks_for_nothing(engine: SearchEngine, text: str) -> None:
    assert engine.search(query(text)).total == 0


ODD = st.text('*?[]{}()~^":\\/-+&|! 信用卡挂失TO1.5a\x00\ud800#§第十条年号2016fhx', max_size=80)


@settings(max_examples=120)
@given(text=ODD | st.text(max_size=60), scope=st.sampled_from(list(Scope)), verbatim=st.booleans())
def test_any_text_is_answered(engine: SearchEngine, text: str, scope: Scope, verbatim: bool) -> None:
    answer = engine.search(query(text, scope=scope, verbatim=verbatim))
    for hit in answer.hits:
        assert all(0 <= start < end <= len(hit.title) for start, end in hit.title_marks)
        if hit.snippet is not None:
            assert all(0 <= start < end <= len(hit.snippet.text) for start, end in hit.snippet.marks)
