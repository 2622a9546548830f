"""The index on disk: damage is noticed before anything is opened, and nobody sees it being replaced."""

import os
import pickle
import random
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from whoosh.writing import LockError

from indexer import store
from indexer.schema import HEAD
from indexer.store import ArrayWriter, IndexDamaged, IndexFolder, latest_generation, read_manifest, verify
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.errors import SearchUnavailable
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


def only(root: Path, pattern: str) -> Path:
    # The largest one where there are several: the first segment, not the one of the last commit.
    return max(generation(root).glob(pattern), key=lambda path: path.stat().st_size)


def writable(root: Path) -> WhooshUpdater:
    """Return a write side that trusts nothing yet, as after a restart."""
    return WhooshUpdater(root, bare_language())


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def zero_a_block(path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = len(data) // 3
    end = min(len(data), start + 4096)
    data[start:end] = bytes(end - start)
    path.write_bytes(data)


DAMAGE = {"bit": flip_a_bit, "cut": truncate, "empty": empty, "zeroed": zero_a_block, "gone": Path.unlink}
FILES = {"segment": "*.seg", "table of contents": "*.toc", "manifest": "manifest-*.json"}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("pattern", FILES.values(), ids=FILES)
def test_damage_is_noticed_by_both_sides(root: Path, pattern: str, damage: Callable[[Path], None]) -> None:
    damage(only(root, pattern))
    assert writable(root).cursor() == -1
    with pytest.raises(SearchUnavailable):
        fresh(root).search(query("挂失"))


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_after_damage_a_rebuild_answers_again(root: Path, damage: Callable[[Path], None]) -> None:
    engine = fresh(root)
    damage(only(root, "*.seg"))
    with pytest.raises(SearchUnavailable):
        engine.search(query("挂失"))
    assert writable(root).rebuild(changes_of([document(1, "挂失流程")]), 9, ignore) == []
    assert ids(fresh(root).search(query("挂失"))) == [1]
    assert writable(root).cursor() == 9


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


@pytest.mark.parametrize("pattern", ["*.toc", "*.seg"])
def test_a_doctored_file_is_never_unpickled(root: Path, tmp_path: Path, pattern: str) -> None:
    marker = tmp_path / "marker"
    trap = pickle.dumps(Trap(marker))
    path = only(root, pattern)
    data = path.read_bytes()
    start = data.index(pickle.PROTO)
    path.write_bytes(data[:start] + trap + data[start + len(trap) :])
    assert writable(root).cursor() == -1
    with pytest.raises(SearchUnavailable):
        fresh(root).search(query("挂失"))
    with pytest.raises(IndexDamaged):
        writable(root).apply(changes_of([document(9, "新知识")]), 3)
    assert not marker.exists()
    pickle.loads(trap)  # noqa: S301 - shows that the trap would have worked
    assert marker.exists()


def test_a_table_of_contents_doctored_under_a_running_writer_is_not_unpickled(root: Path, tmp_path: Path) -> None:
    updater = writable(root)
    assert updater.cursor() == 2
    marker = tmp_path / "marker"
    path = only(root, "*.toc")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(pickle.PROTO)] + pickle.dumps(Trap(marker)))
    with pytest.raises(IndexDamaged):
        updater.apply(changes_of([document(9, "新知识")]), 3)
    assert updater.cursor() == -1
    assert not marker.exists()


def test_a_foreign_table_of_contents_with_a_higher_number_is_refused(root: Path) -> None:
    newest = only(root, "*.toc")
    newest.with_name("_MAIN_99.toc").write_bytes(newest.read_bytes())
    assert writable(root).cursor() == -1
    with pytest.raises(SearchUnavailable):
        fresh(root).search(query("挂失"))


def test_a_stray_file_name_does_no_harm(root: Path) -> None:
    (generation(root) / "_MAIN_x.toc").write_bytes(b"?")
    assert writable(root).cursor() == 2
    assert fresh(root).search(query("挂失")).total == 8


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"../..", b"g-000009-00000000", b"/etc", b"g\x00"])
def test_a_broken_pointer_means_no_index(root: Path, content: bytes) -> None:
    (root / store.POINTER).write_bytes(content)
    assert writable(root).cursor() == -1
    with pytest.raises(SearchUnavailable):
        fresh(root).search(query("挂失"))


def test_without_an_index_searches_are_unavailable_and_the_cursor_asks_for_a_rebuild(tmp_path: Path) -> None:
    assert writable(tmp_path / "index").cursor() == -1
    engine = fresh(tmp_path / "index")
    assert engine.cursor() == -1
    with pytest.raises(SearchUnavailable):
        engine.search(query("挂失"))


def test_another_dictionary_asks_for_a_rebuild_while_the_old_index_still_answers(root: Path) -> None:
    (generation(root) / "fingerprint").write_text("another", "ascii")
    assert writable(root).cursor() == -1
    assert fresh(root).search(query("挂失")).total == 8


def test_records_of_another_layout_are_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "HEAD", [*HEAD, ("more", "<i4")])
    assert writable(root).cursor() == -1
    with pytest.raises(SearchUnavailable):
        fresh(root).search(query("挂失"))


def test_folders_of_the_index_are_open_to_their_owner_only(root: Path) -> None:
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert stat.S_IMODE(generation(root).stat().st_mode) == 0o700


def test_a_folder_that_others_could_write_is_narrowed(tmp_path: Path) -> None:
    root = tmp_path / "index"
    root.mkdir()
    root.chmod(0o777)
    built(root, document(1, "挂失"))
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_switch_leaves_one_generation_under_a_new_name(root: Path) -> None:
    before = generation(root)
    writable(root).rebuild(changes_of([document(1, "挂失")]), 3, ignore)
    assert generation(root) != before
    assert [path for path in root.iterdir() if path.is_dir()] == [generation(root)]


def test_leftovers_of_a_rebuild_that_was_killed_go_at_the_next_one(root: Path) -> None:
    IndexFolder(root).create("half built")
    assert fresh(root).search(query("挂失")).total == 8
    writable(root).rebuild(changes_of([document(1, "挂失")]), 3, ignore)
    assert [path for path in root.iterdir() if path.is_dir()] == [generation(root)]


def test_a_rebuild_that_fails_leaves_the_old_index_in_use(root: Path) -> None:
    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        writable(root).rebuild(changes_of([document(1, "挂失")]), 3, stop)
    assert fresh(root).search(query("挂失")).total == 8
    assert writable(root).cursor() == 2


def test_an_index_rebuilt_after_its_folder_was_lost_replaces_the_open_one(root: Path) -> None:
    engine = fresh(root)
    engine.search(query("挂失"))
    for path in sorted(root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    built(root, document(1, "第1号知识", BODY)).apply([], 2)
    engine._checked_at = float("-inf")
    assert engine.search(query("挂失")).total == 1


def test_every_commit_has_checksums_of_all_its_files(root: Path) -> None:
    folder = generation(root)
    manifest = read_manifest(folder, latest_generation(folder))
    stored = {path.name for path in folder.iterdir() if path.suffix in (".seg", ".toc")}
    assert set(manifest) == stored
    assert verify(folder)[0] == latest_generation(folder)
    assert len(list(folder.glob("manifest-*.json"))) == 1


def test_a_commit_that_was_cut_short_before_its_table_of_contents_is_forgotten(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store.TOC, "write", fail)
        with pytest.raises(OSError, match="No space left"):
            writable(root).apply(changes_of([document(9, "新知识")]), 3)
    assert writable(root).cursor() == 2
    assert fresh(root).search(query("挂失")).total == 8
    assert writable(root).apply(changes_of([document(9, "新知识", BODY)]), 3) == []
    assert fresh(root).search(query("挂失")).total == 9


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
