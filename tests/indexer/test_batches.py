"""Batches: the same index whether one process analyses or several do."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import batches
from indexer.grams import KEY_SHIFT, grams_of
from indexer.language import Language
from indexer.posting_pool import FieldPostings
from kb.ports import ArticleChange, IndexDocument
from tests.indexer.world import language
from web.wiring import lexicon_folder

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)


def change(number: int) -> ArticleChange:
    return ArticleChange(
        number,
        (
            IndexDocument(
                article_id=number,
                revision_id=number,
                external_id=f"E{number}",
                title=f"第 {number} 条挂失与补卡规定",
                document_number=f"远银〔2026〕{number}号",
                tags="挂失",
                summary="",
                wording=("请尽快挂失。",),
                body="口头挂失有效期五天。" * number,
                notes="",
                files=(),
                node_id=1,
                department_id=1,
                access_key="",
                shown_from=NOON,
                shown_to=None,
                previous_from=None,
                next_from=None,
                published_at=NOON,
                updated_at=NOON,
                effective_at=NOON,
            ),
        ),
    )


def contents(batch: batches.Batch) -> tuple[object, ...]:
    postings = {
        name: (found.grams.tolist(), found.words.tolist(), list(found.texts))
        for name, found in batch.postings.items()
    }
    columns = {
        name: (values.docs.tolist(), values.starts.tolist(), values.sizes.tolist(), values.data)
        for name, values in batch.columns.items()
    }
    lengths = {name: sizes.tolist() for name, sizes in batch.lengths.items()}
    return batch.articles, batch.rows, postings, columns, lengths, batch.failed


def terms_of(found: FieldPostings) -> dict[int, dict[str, int]]:
    """Return the terms of every document and how often each occurs."""
    terms: dict[int, dict[str, int]] = {}
    keys = (found.grams >> KEY_SHIFT).astype(np.uint32), (found.words >> KEY_SHIFT).astype(np.uint32)
    texts = grams_of(keys[0]) + [found.texts[key] for key in keys[1].tolist()]
    for text, packed in zip(texts, np.concatenate([found.grams, found.words]).tolist(), strict=True):
        assert text not in terms.setdefault(packed >> 8 & 0xFFFFFF, {})
        terms[packed >> 8 & 0xFFFFFF][text] = packed & 0xFF
    return terms


def test_other_processes_analyse_exactly_as_this_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 4)
    here_and_there = Language(lexicon_folder())
    changes = [change(number) for number in range(1, 23)]

    def everything() -> list[tuple[object, ...]]:
        return [
            contents(batch)
            for batch in batches.analysed(changes, here_and_there.analyzer, here_and_there.make_analyzer())
        ]

    here = everything()
    monkeypatch.setattr(batches, "WORTH_PROCESSES", 8)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert everything() == here
    assert sum(batch[0] for batch in here) == len(changes)  # type: ignore[misc]


@given(
    st.lists(
        st.text(
            st.sampled_from("挂失补卡在第十条规定〔2026〕3号 a1.b，。…㈠ﬁ臺\n\x00") | st.characters(),
            max_size=40,
        )
    )
)
@settings(max_examples=60)
def test_many_texts_have_the_terms_that_each_has_alone(texts: list[str]) -> None:
    analyzer = language().analyzer
    found, sizes = batches.analysed_texts(analyzer, texts, range(len(texts)), [[]] * len(texts))
    terms = terms_of(found)
    for number, text in enumerate(texts):
        alone = analyzer.terms(text)
        assert terms.get(number, {}) == alone
        assert sizes[number] == alone.total()


def test_a_stretch_too_long_for_the_segmenter_is_cut_in_the_same_way() -> None:
    analyzer, text = language().analyzer, "口头挂失有效期五天" * 60
    found, _sizes = batches.analysed_texts(analyzer, [text, "补卡"], [0, 1], [[], ["#2026-3"]])
    counted = {term: min(255, times) for term, times in analyzer.terms(text).items()}
    assert terms_of(found) == {0: counted, 1: {**analyzer.terms("补卡"), "#2026-3": 1}}


def test_a_batch_holds_every_text_and_what_passages_share_once() -> None:
    batch = batches.analyse([change(40), change(2)], language().analyzer)
    assert batch.columns["external"].docs.tolist() == batch.columns["head"].docs.tolist()
    assert batch.columns["external"].data == b"E40E2"
    text = batch.columns["text"]
    values = [
        text.data[start : start + size].decode()
        for start, size in zip(text.starts.tolist(), text.sizes.tolist(), strict=True)
    ]
    bodies = [value for value in values if "有效期" in value]
    assert len(bodies) > 2
    assert len(text.data) < sum(text.sizes)
    assert text.data.decode().count("口头挂失有效期五天。") == 42
