"""Batches: the same index whether one process analyses or several do."""

from datetime import UTC, datetime

import numpy as np
import pytest

from indexer import batches
from indexer.language import Language
from kb.ports import ArticleChange, IndexDocument
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
    fields = {
        name: (found.texts, found.rows.tolist(), found.terms.tolist(), found.frequencies.tolist())
        for name, found in batch.fields.items()
    }
    return batch.articles, batch.columns, batch.lengths, fields, batch.failed


def test_other_processes_analyse_exactly_as_this_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 4)
    language = Language(lexicon_folder())
    changes = [change(number) for number in range(1, 23)]

    def everything() -> list[tuple[object, ...]]:
        return [
            contents(batch)
            for batch in batches.analysed(changes, language.analyzer, language.make_analyzer())
        ]

    here = everything()
    monkeypatch.setattr(batches, "WORTH_PROCESSES", 8)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert everything() == here
    assert sum(batch[0] for batch in here) == len(changes)  # type: ignore[misc]


def test_a_batch_holds_every_term_of_every_document_once() -> None:
    language = Language(lexicon_folder())
    batch = batches.analyse([change(1), change(2)], language.analyzer)
    body = batch.fields["body"]
    rows_with_loss = body.rows[body.terms == body.texts.index("挂失")]
    assert len(np.unique(rows_with_loss)) == len(rows_with_loss) >= 4
    assert [row["external"] for row in batch.columns if "external" in row] == [b"E1", b"E2"]
