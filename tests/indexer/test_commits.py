"""Commits: searched while they happen, never half seen, and no article harms another."""

import random
import threading
from pathlib import Path
from typing import Any

import pytest
from whoosh.writing import LockError

from indexer import commits, whoosh_engine
from indexer.store import ArrayWriter, IndexFolder
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.ports import ArticleChange
from tests.indexer.world import (
    bare_language,
    built,
    changes_of,
    document,
    everything,
    fresh,
    ids,
    ignore,
    query,
)

BODY = "挂失后七天内可以补办新卡。" * 30


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "index"
    updater = built(root, *(document(number, f"第{number}号知识", BODY) for number in range(1, 8)))
    updater.apply(changes_of([document(8, "后来的知识", BODY)]), 2)
    return root


def generation(root: Path) -> Path:
    folder = IndexFolder(root).current()
    assert folder is not None
    return folder


def writable(root: Path) -> WhooshUpdater:
    """Return a write side that trusts nothing yet, as after a restart."""
    return WhooshUpdater(root, bare_language())


def test_a_commit_that_was_cut_short_before_its_table_of_contents_is_forgotten(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(commits.TOC, "write", fail)
        with pytest.raises(OSError, match="No space left"):
            writable(root).apply(changes_of([document(9, "新知识")]), 3)
    assert writable(root).cursor() == 2
    assert fresh(root).search(query("挂失")).total == 8
    assert writable(root).apply(changes_of([document(9, "新知识", BODY)]), 3) == []
    assert fresh(root).search(query("挂失")).total == 9


@pytest.mark.parametrize(
    ("step", "held"), [("contents", 2), ("checksums named", 2), ("named", 2), ("folder", 3)]
)
def test_wherever_a_commit_breaks_off_a_whole_one_is_left(
    root: Path, monkeypatch: pytest.MonkeyPatch, step: str, held: int
) -> None:
    names, replace, sync = [], Path.replace, commits.sync

    def rename(path: Path, target: Path) -> Path:
        names.append(target.name)
        if (step, len(names)) in (("checksums named", 1), ("named", 2)):
            raise OSError(5, "Input/output error")
        return replace(path, target)

    def bring_home(path: Path) -> None:
        if (step == "contents" and path.suffix == ".seg") or (step == "folder" and path.is_dir()):
            raise OSError(5, "Input/output error")
        sync(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", rename)
        patched.setattr(commits, "sync", bring_home)
        with pytest.raises(OSError, match="Input/output error"):
            writable(root).apply(changes_of([document(9, "新知识", BODY)]), 3)
    assert writable(root).cursor() == held
    assert fresh(root).search(query("挂失")).total == 6 + held
    assert writable(root).apply(changes_of([document(9, "新知识", BODY)]), 3) == []
    assert fresh(root).search(query("挂失")).total == 9
    assert len(list(generation(root).glob("*.tmp"))) == 0


def test_a_second_writer_is_turned_away_and_the_first_goes_on(root: Path) -> None:
    folder = IndexFolder(root)
    writer = ArrayWriter(folder.open(generation(root)), generation(root))
    with pytest.raises(LockError):
        writable(root).apply(changes_of([document(9, "新知识")]), 3)
    writer.cancel()
    assert writable(root).apply(changes_of([document(9, "新知识")]), 3) == []


class Searching(threading.Thread):
    """Searches all the time and keeps what was wrong."""

    def __init__(self, engine: WhooshEngine, expected: int) -> None:
        super().__init__(daemon=True)
        self.engine, self.expected = engine, expected
        self.stop = threading.Event()
        self.wrong: list[object] = []
        self.count = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self.engine._checked_at = float("-inf")
            try:
                total = self.engine.search(query("挂失")).total
            except Exception as error:
                self.wrong.append(error)
            else:
                self.count += 1
                if total != self.expected:
                    self.wrong.append(total)


def test_searches_see_no_gap_while_the_index_is_rebuilt_and_committed(root: Path) -> None:
    threads = [Searching(fresh(root), 8) for _ in range(2)]
    same = [document(number, f"第{number}号知识", BODY) for number in range(1, 9)]
    for thread in threads:
        thread.engine.search(query("挂失"))
        thread.start()
    updater = writable(root)
    for cursor in range(3, 13):
        updater.rebuild(changes_of(same), cursor, ignore)
        updater.apply(changes_of([same[cursor % 8]]), cursor)
    for thread in threads:
        thread.stop.set()
        thread.join(20)
    assert [thread.wrong for thread in threads] == [[], []]
    assert min(thread.count for thread in threads) > 10


def test_a_reader_that_opens_during_commits_always_finds_a_whole_commit(root: Path) -> None:
    stop = threading.Event()
    errors: list[Exception] = []

    def write() -> None:
        updater = writable(root)
        try:
            for cursor in range(3, 33):
                updater.apply(changes_of([document(cursor % 8 + 1, "换了标题", BODY)]), cursor)
        except Exception as error:
            errors.append(error)
        finally:
            stop.set()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    totals = set()
    while not stop.is_set():
        totals.add(fresh(root).search(query("挂失")).total)
    writer.join(20)
    assert errors == []
    assert totals == {8}


def test_a_hundred_random_commits_never_show_what_was_replaced(tmp_path: Path) -> None:
    chance = random.Random(7)
    root = tmp_path / "index"
    updater = built(root)
    engine = fresh(root)
    model: dict[int, str] = {}
    for cursor in range(2, 102):
        touched = chance.sample(range(1, 25), chance.randint(1, 6))
        changes = []
        for article in touched:
            if article in model and chance.random() < 0.4:
                del model[article]
                changes.append(ArticleChange(article, ()))
            else:
                model[article] = f"第{cursor}次提交的标题"
                changes.append(ArticleChange(article, (document(article, model[article], BODY),)))
        updater.apply(changes, cursor)
        engine._checked_at = float("-inf")
        answer = engine.search(query("", limit=100))
        assert {hit.article_id: hit.title for hit in answer.hits} == model
        assert answer.total == len(model)
        assert engine.search(query("补办新卡", limit=100)).total == len(model)
        assert engine.cursor() == cursor
    assert everything(root) == {article: [(article * 100, title)] for article, title in model.items()}


def test_open_files_do_not_pile_up_over_commits(tmp_path: Path) -> None:
    root = tmp_path / "index"
    updater = built(root, document(1, "挂失", BODY))
    engine = fresh(root)
    counts = []
    for cursor in range(2, 42):
        updater.apply(changes_of([document(cursor % 5 + 1, "挂失", BODY)]), cursor)
        engine._checked_at = float("-inf")
        engine.search(query("挂失"))
        counts.append(len(list(Path("/proc/self/fd").iterdir())))
    assert max(counts[25:]) - max(counts[:15]) < 12


def test_an_article_that_cannot_be_analysed_does_not_contaminate_the_next(tmp_path: Path) -> None:
    root = tmp_path / "index"
    updater = built(root)
    bad = document(1, "坏的", BODY, department_id="x")
    assert updater.apply(changes_of([bad, document(2, "好的", BODY)]), 2) == [1]
    assert everything(root) == {2: [(200, "好的")]}
    assert updater.apply(changes_of([document(1, "改好了", BODY)]), 3) == []
    assert everything(root) == {1: [(100, "改好了")], 2: [(200, "好的")]}


def test_an_article_that_the_writer_refuses_is_left_out_and_the_rest_goes_in(tmp_path: Path) -> None:
    root = tmp_path / "index"
    updater = built(root)
    # A number passes the analysis and is refused by the field: its terms must not reach article 3.
    bad = document(2, "坏的", BODY, access_key=5)
    changes = changes_of([document(1, "第一篇", BODY), bad, document(3, "第三篇", BODY)])
    assert updater.apply(changes, 2) == [2]
    assert everything(root) == {1: [(100, "第一篇")], 3: [(300, "第三篇")]}
    assert updater.cursor() == 2
    updater.apply([ArticleChange(2, ())], 3)
    assert sorted(everything(root)) == [1, 3]


def test_an_article_that_cannot_be_indexed_any_more_is_not_shown_as_it_was(tmp_path: Path) -> None:
    root = tmp_path / "index"
    updater = built(root, document(1, "旧口径", BODY))
    assert updater.apply(changes_of([document(1, "新口径", BODY, department_id="x")]), 2) == [1]
    assert everything(root) == {}


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "e\u0301", "😀", "\u202e", "﷽"])
def test_odd_characters_are_indexed_without_harm(tmp_path: Path, text: str) -> None:
    root = tmp_path / "index"
    updater = built(root, document(1, f"标题{text}", f"挂失{text}挂失", tags=text, external_id=text))
    assert updater.cursor() == 1
    assert ids(fresh(root).search(query("挂失"))) == [1]


def test_a_search_does_not_wait_while_another_opens_a_new_commit(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = fresh(root)
    assert engine.search(query("挂失")).total == 8
    writable(root).apply(changes_of([document(9, "新知识", BODY)]), 3)
    opening, go_on, verify = threading.Event(), threading.Event(), whoosh_engine.verify

    def slow(*arguments: Any) -> Any:
        opening.set()
        go_on.wait(20)
        return verify(*arguments)

    monkeypatch.setattr(whoosh_engine, "verify", slow)
    monkeypatch.setattr(whoosh_engine, "CHECK_EVERY", 0.0)
    first = threading.Thread(target=engine.search, args=(query("挂失"),), daemon=True)
    first.start()
    assert opening.wait(20)
    assert engine.search(query("挂失")).total == 8
    go_on.set()
    first.join(20)
    assert engine.search(query("挂失")).total == 9
