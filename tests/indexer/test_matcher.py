"""What a matcher keeps from one commit to the next is what it would have read anew."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import indexer.matcher as matcher_module
from indexer.matcher import Matcher
from indexer.slots import Slots
from indexer.snapshot import Leaf, Snapshot
from indexer.store import IndexFolder
from tests.indexer.world import built, changes_of, document

WORDS = ("挂失", "信用卡", "补办", "年费", "网点", "卡", "abc", "利率下调")


def texts(chance: random.Random) -> str:
    return "，".join(chance.choice(WORDS) for _ in range(chance.randrange(40, 160)))


def test_lists_kept_over_commits_are_those_read_anew(tmp_path: Path) -> None:
    chance = random.Random(3)
    updater = built(tmp_path, *(document(n, texts(chance)[:30], texts(chance)) for n in range(1, 40)))
    folder = IndexFolder(tmp_path)
    path = folder.current()
    assert path is not None
    leaves: dict[str, object] = {}
    matcher: Matcher | None = None
    snapshot: Snapshot | None = None
    for commit in range(24):
        snapshot = Snapshot(folder.open(path), leaves, snapshot)  # type: ignore[arg-type]
        leaves = dict(snapshot.by_segment)
        matcher = Matcher(snapshot, matcher)
        anew = Matcher(Snapshot(folder.open(path), {}))
        for field in ("title", "body", "file"):
            # Not all of them each time: what nobody asked for is taken over as well.
            for word in chance.sample(WORDS, 4):
                kept, read = matcher.standing(field, word), anew.standing(field, word)
                for part in ("rows", "counts", "heads", "sums", "starts"):
                    assert np.array_equal(getattr(kept, part), getattr(read, part)), (commit, field, word)
        numbers = chance.sample(range(1, 60), 3)
        updater.apply(
            changes_of([document(n, texts(chance)[:30], texts(chance)) for n in numbers]), commit + 2
        )
        if commit % 7 == 6:
            assert updater.tidy()


def test_an_article_is_counted_once_however_many_fields_hold_a_text(tmp_path: Path) -> None:
    built(
        tmp_path,
        document(1, "挂失须知", "挂失后七天内补办。"),
        document(2, "补卡须知", "挂失后七天内补办。"),
        document(3, "挂失办法", "请到网点。"),
    )
    path = IndexFolder(tmp_path).current()
    assert path is not None
    matcher = Matcher(Snapshot(IndexFolder(tmp_path).open(path), {}))
    assert matcher.articles("挂失") == 3
    assert matcher.articles("须知") == 2
    assert matcher.articles("外汇") == 0


@given(st.sets(st.integers(0, 60), max_size=12), st.sets(st.integers(0, 60), max_size=60))
def test_a_list_meets_a_set_wherever_both_have_the_same_head(chosen: set[int], listed: set[int]) -> None:
    heads, numbers = sorted(chosen), sorted(listed)
    slots, heads_listed = Slots(np.array(heads, np.int64), 61), np.array(numbers, np.int64)
    for at, places in (slots.of(heads_listed), slots.searched(heads_listed), slots.meet(heads_listed)):
        assert (
            [heads[place] for place in at] == [numbers[place] for place in places] == sorted(chosen & listed)
        )


def test_what_is_kept_over_commits_and_what_is_new_share_one_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matcher_module, "MOST_BYTES", 6_000)
    updater = built(tmp_path, *(document(n, word, f"{word}须知") for n, word in enumerate(WORDS, 1)))
    path = IndexFolder(tmp_path).current()
    assert path is not None
    leaves: dict[str, Leaf] = {}
    matcher: Matcher | None = None
    for commit in range(4):
        snapshot = Snapshot(IndexFolder(tmp_path).open(path), leaves)
        leaves, matcher = dict(snapshot.by_segment), Matcher(snapshot, matcher)
        for word in (*WORDS, *WORDS[:3]):
            assert np.array_equal(matcher.rows("body", word), Matcher(snapshot).rows("body", word))
            held = [*matcher._found.values(), *matcher._inherited.values()]
            assert matcher._bytes == sum(found.bytes for found in held) <= 6_000
        updater.apply(changes_of([document(commit + 20, "换新", "限额须知")]), commit + 2)
