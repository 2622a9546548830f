"""What a snapshot takes over from the commit before is what it would have put together anew."""

import random
from datetime import timedelta
from pathlib import Path

import numpy as np

from indexer.documents import access_term
from indexer.lengthening import Lengthening
from indexer.scoring import Statistics
from indexer.snapshot import Leaf, Snapshot
from indexer.store import IndexFolder
from indexer.weights import Weights
from kb.ports import ArticleChange, IndexDocument
from tests.indexer.world import built, document
from tests.small_bank import NOON

COLUMNS = ("article", "node", "department", "updated", "title_length", "body_length", "file_length")
RIGHTS = (("",), ("", "1"), ("1", "2"))


def made(chance: random.Random, article: int) -> IndexDocument:
    start = NOON + timedelta(hours=chance.randrange(-50, 50))
    return document(
        article,
        f"第{article}号" + "知识" * chance.randrange(1, 9),
        "挂失后七天内可以补办新卡。" * chance.randrange(1, 90),
        access_key=chance.choice(("", "1", "2")),
        shown_from=start,
        shown_to=chance.choice((None, start + timedelta(hours=30))),
    )


def assert_same(one: Snapshot, anew: Snapshot, instant: float) -> None:
    for name in ("heads", "places", "head_of", "first_passage", "alive"):
        assert np.array_equal(getattr(one, name), getattr(anew, name)), name
    for name in COLUMNS:
        assert np.array_equal(one.column(name), anew.column(name)), name
    for rights in RIGHTS:
        terms = [access_term(key) for key in rights]
        assert np.array_equal(one.readable(terms), anew.readable(terms)), rights
    kept, found = one.states(instant), anew.states(instant)
    for name in ("current", "ended", "scheduled"):
        assert np.array_equal(getattr(kept, name), getattr(found, name)), name
    # An earlier commit may have known of changes that are gone: the time is shorter then, never longer.
    assert found.since <= kept.since <= instant < kept.until <= found.until
    numbers, others = one.article_numbers, anew.article_numbers
    assert np.array_equal(numbers[:, None] == numbers, others[:, None] == others)
    for name, norm in Statistics(anew, Weights()).norms.items():
        assert np.array_equal(Statistics(one, Weights()).norms[name], norm), name
    assert one.cursor == anew.cursor


def test_what_is_taken_over_from_commit_to_commit_is_what_is_read_anew(tmp_path: Path) -> None:
    chance = random.Random(5)
    updater = built(tmp_path, *(made(chance, number) for number in range(1, 30)))
    folder = IndexFolder(tmp_path)
    path = folder.current()
    assert path is not None
    leaves: dict[str, Leaf] = {}
    snapshot: Snapshot | None = None
    for commit in range(30):
        snapshot = Snapshot(folder.open(path), leaves, snapshot)
        leaves = dict(snapshot.by_segment)
        if commit % 3:
            # Some commits are never asked anything.
            instant = NOON.timestamp() + 3600 * chance.randrange(-5, 5)
            assert_same(snapshot, Snapshot(folder.open(path), {}), instant)
        changes = []
        for article in chance.sample(range(1, 40), 3):
            documents = () if chance.random() < 0.3 else (made(chance, article),)
            changes.append(ArticleChange(article, documents))
        updater.apply(changes, commit + 2)
        if commit % 7 == 6:
            assert updater.tidy()


def test_an_earlier_commit_keeps_what_it_saw_while_later_ones_grow(tmp_path: Path) -> None:
    first = Lengthening(np.arange(5))
    second = first.lengthened(5, np.array([10, 11]))
    nothing_more = second.lengthened(7, np.empty(0, np.int64))
    third = second.lengthened(7, np.array([20]))
    beside = nothing_more.lengthened(7, np.array([30]))
    merged = third.lengthened(5, np.array([40, 41, 42, 43]))
    seen = [list(one.array) for one in (first, second, nothing_more, third, beside, merged)]
    beginning = [0, 1, 2, 3, 4]
    assert seen == [
        beginning,
        [*beginning, 10, 11],
        [*beginning, 10, 11],
        [*beginning, 10, 11, 20],
        [*beginning, 10, 11, 30],
        [*beginning, 40, 41, 42, 43],
    ]
    assert np.shares_memory(second.array, third.array)
