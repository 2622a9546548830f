"""Opens a commit as it would be after some changes, in a folder of its own that is thrown away."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from whoosh.index import FileIndex

from indexer.analyzer import Analyzer
from indexer.batches import analyse
from indexer.commits import IndexDamaged, verify
from indexer.snapshot import Leaf, Snapshot
from indexer.store import ArrayWriter, IndexFolder
from kb.errors import SearchUnavailable
from kb.ports import ArticleChange

ATTEMPTS = 5


@contextmanager
def rehearsed(
    path: Path,
    trusted: frozenset[str],
    leaves: dict[str, Leaf],
    analyzer: Analyzer,
    changes: Iterable[ArticleChange],
) -> Iterator[tuple[FileIndex, Snapshot]]:
    """Yield the newest commit of a folder with some articles replaced; the folder itself is only read.

    Segments are linked, not copied: what a rehearsal writes is one small segment more.

    Args:
        path: The folder of one index.
        trusted: Its segment files that were verified before.
        leaves: Opened segments, to be used again.

    Raises:
        SearchUnavailable: if the folder cannot be read.
    """
    with TemporaryDirectory(prefix="kb-rehearsal-") as name:
        folder = _linked(path, Path(name), trusted)
        opener, listed = IndexFolder(folder.parent), list(changes)
        writer = ArrayWriter(opener.open(folder), folder)
        try:
            for change in listed:
                writer.delete_by_term("article", str(change.article_id))
                writer.delete_by_term("part_of", str(change.article_id))
            writer.add_batch(analyse(listed, analyzer))
            writer.commit(merge=False)
        except BaseException:
            if not writer.is_closed:
                writer.cancel()
            raise
        index = opener.open(folder)
        yield index, Snapshot(index, dict(leaves))


def _linked(path: Path, place: Path, trusted: frozenset[str]) -> Path:
    for attempt in range(ATTEMPTS):
        folder = place / str(attempt)
        folder.mkdir()
        try:
            for file in path.iterdir():
                if file.suffix in (".toc", ".seg", ".json"):
                    (folder / file.name).symlink_to(file.resolve())
            verify(folder, trusted)
        except (IndexDamaged, OSError):
            # A commit may have removed files between looking and linking: look again.
            time.sleep(0.01)
            continue
        return folder
    raise SearchUnavailable("搜索索引正在更新，请稍后再试。")
