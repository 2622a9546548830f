"""Merging: seldom, among segments of one size, and never at the cost of anything that was indexed."""

import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.merging import FEW, LARGEST, MOST, WORTH_SAVING, worth_merging
from indexer.store import ArrayWriter, IndexFolder
from kb.ports import ArticleChange
from tests.indexer.world import built, changes_of, document, everything, fresh, ids, query


@dataclass(eq=False)
class Segment:
    docs: int
    gone: int = 0

    def doc_count_all(self) -> int:
        return self.docs

    def deleted_count(self) -> int:
        return self.gone


def test_segments_stay_few_and_documents_are_rarely_written_anew() -> None:
    chance, segments, written, added = random.Random(1), list[Segment](), 0, 0
    for _change in range(4_000):
        segments.append(Segment(chance.randint(2, 30)))
        added += segments[-1].docs
        while worthy := worth_merging(segments):
            merged = Segment(sum(one.docs for one in worthy))
            assert merged.docs <= LARGEST
            segments = [one for one in segments if one not in worthy] + [merged]
            written += merged.docs
        assert len(segments) < MOST
    assert written < 5 * added


def test_a_large_segment_is_left_alone_unless_most_of_it_is_deleted() -> None:
    large, small = Segment(LARGEST * 10), [Segment(3) for _ in range(FEW)]
    assert worth_merging([large, *small[1:]]) == []
    assert worth_merging([large, *small]) == small
    assert worth_merging([Segment(WORTH_SAVING + 1, WORTH_SAVING // 2)]) == []
    wasted = Segment(WORTH_SAVING + 1, WORTH_SAVING)
    assert worth_merging([large, wasted]) == [wasted]


def segments(root: Path) -> int:
    folder = IndexFolder(root)
    path = folder.current()
    assert path is not None
    return len(folder.open(path)._segments())


def test_changes_do_not_merge_and_tidying_loses_nothing(tmp_path: Path) -> None:
    root = tmp_path / "index"
    updater = built(root, document(1, "第一篇", "挂失。"))
    for cursor in range(2, 12):
        updater.apply(changes_of([document(cursor, f"第{cursor}篇", "请先挂失，再补卡。" * 60)]), cursor)
    updater.apply([ArticleChange(3, ())], 12)
    assert segments(root) == 12
    engine = fresh(root)
    before, answer = everything(root), engine.search(query("挂失", limit=50))
    assert updater.tidy() is True
    assert updater.tidy() is False
    assert segments(root) < 12
    assert everything(root) == before
    assert updater.cursor() == 12
    engine._checked_at = float("-inf")
    again = engine.search(query("挂失", limit=50))
    assert sorted(ids(again)) == sorted(ids(answer)) == [1, 2, *range(4, 12)]
    assert {hit.article_id: hit.snippet for hit in again.hits} == {
        hit.article_id: hit.snippet for hit in answer.hits
    }


def test_many_segments_are_merged_even_while_changes_wait(tmp_path: Path) -> None:
    root = tmp_path / "index"
    updater = built(root, document(1, "第一篇"))
    counts = []
    for cursor in range(2, MOST + 8):
        updater.apply(changes_of([document(cursor % 7, "标题")]), cursor)
        counts.append(segments(root))
    assert max(counts) <= MOST
    assert len(everything(root)) == 7


@pytest.mark.parametrize("moment", ["write_per_doc", "_flush_segment", "_assemble_segment", "_commit_toc"])
def test_a_merge_that_ends_half_way_changes_nothing(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "index"
    updater = built(root, document(1, "第一篇", "挂失。"))
    for cursor in range(2, 9):
        updater.apply(changes_of([document(cursor, f"第{cursor}篇", "挂失。")]), cursor)
    before = everything(root)

    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(ArrayWriter, moment, fail)
        with pytest.raises(OSError, match="no space left"):
            updater.tidy()
    assert everything(root) == before
    assert updater.tidy() is True
    assert everything(root) == before
    updater.apply(changes_of([document(9, "后来的", "挂失。")]), 9)
    path = IndexFolder(root).current()
    assert path is not None
    assert len(list(path.glob("*.seg"))) == segments(root)
