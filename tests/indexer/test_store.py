"""The index on disk: damage is noticed before anything is opened, and nobody sees it being replaced."""

import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer import store
from indexer.commits import IndexDamaged, latest_generation, read_manifest, verify
from indexer.schema import HEAD
from indexer.store import IndexFolder
from indexer.whoosh_engine import WhooshUpdater
from kb.errors import SearchUnavailable
from tests.indexer.world import (
    bare_language,
    built,
    changes_of,
    document,
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


def test_a_table_of_contents_doctored_under_a_running_writer_is_not_unpickled(
    root: Path, tmp_path: Path
) -> None:
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
