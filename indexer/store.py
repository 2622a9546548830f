"""The index on disk: generations beside each other, commits that survive power loss, checksums first."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from whoosh.filedb.filestore import FileStorage, RamStorage
from whoosh.index import TOC, FileIndex
from whoosh.writing import SegmentWriter

from indexer.codec import ArrayCodec, ArrayPostingPool
from indexer.schema import build_schema

POINTER = "current"
NAME = "MAIN"


class IndexDamaged(Exception):
    """The files are not what the last commit wrote, or belong to another version of the product."""


class ArrayWriter(SegmentWriter):  # type: ignore[misc]
    """Whoosh's writer with arrays for postings and a commit that is checksummed and synced."""

    def __init__(self, index: FileIndex, folder: Path) -> None:
        super().__init__(index, codec=ArrayCodec(), timeout=0.0)
        self.pool = ArrayPostingPool()
        self._folder = folder

    def _process_posts(self, items: Iterable[Any], startdoc: int, docmap: dict[int, int] | None) -> Any:
        # Merging: the stock version maps document numbers one posting at a time as well.
        for fieldname, text, docnum, weight, value in items:
            if docmap is not None:
                if docnum not in docmap:
                    continue
                newdoc = docmap[docnum]
            else:
                newdoc = startdoc + docnum
            yield fieldname, text, newdoc, weight, value

    def _commit_toc(self, segments: list[Any]) -> None:
        # The manifest is written before the table of contents that it describes: whatever moment
        # the power fails at, every table of contents on disk has its checksums.
        toc = TOC(self.schema, segments, self.generation)
        manifest = {_toc_name(self.generation): _toc_digest(toc)}
        known = read_manifest(self._folder, self.generation - 1)
        for segment in segments:
            name = segment.make_filename(segment.COMPOUND_EXT)
            manifest[name] = known.get(name) or _digest(self._folder / name)
            _sync(self._folder / name)
        _write_synced(_manifest_path(self._folder, self.generation), json.dumps(manifest))
        super()._commit_toc(segments)
        _sync(self._folder / _toc_name(self.generation))
        _sync(self._folder)
        for path in self._folder.glob("manifest-*.json"):
            if path != _manifest_path(self._folder, self.generation):
                path.unlink(missing_ok=True)


def _toc_name(generation: int) -> str:
    return f"_{NAME}_{generation}.toc"


def _toc_digest(toc: TOC) -> str:
    storage = RamStorage()
    toc.write(storage, NAME)
    with storage.open_file(_toc_name(toc.generation)) as file:
        return hashlib.sha256(file.read()).hexdigest()


def _manifest_path(folder: Path, generation: int) -> Path:
    return folder / f"manifest-{generation}.json"


def read_manifest(folder: Path, generation: int) -> dict[str, str]:
    """Return file name to SHA-256 of one commit; empty if there is none."""
    try:
        content = json.loads(_manifest_path(folder, generation).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_synced(path: Path, text: str) -> None:
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(path.parent)


def latest_generation(folder: Path) -> int:
    """Return the newest commit's number in a folder, or -1."""
    numbers = [int(path.stem.rsplit("_", 1)[1]) for path in folder.glob(f"_{NAME}_*.toc") if path.suffix == ".toc"]
    return max(numbers, default=-1)


def verify(folder: Path, trusted: frozenset[str] = frozenset()) -> frozenset[str]:
    """Check the newest commit's files before anything in them is unpickled.

    Args:
        folder: One index.
        trusted: Segment files that this process has verified before; segments never change.

    Returns:
        Names of the segment files of the commit.

    Raises:
        IndexDamaged: if a file is missing or not what was written.
    """
    generation = latest_generation(folder)
    manifest = read_manifest(folder, generation)
    if generation < 0 or _toc_name(generation) not in manifest:
        raise IndexDamaged("no commit with checksums")
    for name, digest in manifest.items():
        if name in trusted:
            continue
        try:
            matches = _digest(folder / name) == digest
        except OSError as error:
            raise IndexDamaged(f"{name} is missing") from error
        if not matches:
            raise IndexDamaged(f"{name} is not what was written")
    return frozenset(name for name in manifest if not name.endswith(".toc"))


class IndexFolder:
    """The place of all generations of one node's index.

    Args:
        root: Folder for generations and the pointer; created with mode 0700.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def current(self) -> Path | None:
        """Return the folder of the generation in use, if there is one."""
        try:
            name = (self.root / POINTER).read_text("ascii").strip()
        except OSError:
            return None
        folder = self.root / name
        return folder if name and "/" not in name and folder.is_dir() else None

    def fingerprint(self, folder: Path) -> str:
        """Return the fingerprint that a generation was built with."""
        try:
            return (folder / "fingerprint").read_text("ascii").strip()
        except OSError:
            return ""

    def create(self, fingerprint: str) -> tuple[Path, FileIndex]:
        """Create an empty generation beside the one in use."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        numbers = [int(path.name[2:]) for path in self.root.glob("g-*") if path.name[2:].isdigit()]
        folder = self.root / f"g-{max(numbers, default=0) + 1:06d}"
        folder.mkdir(mode=0o700)
        (folder / "fingerprint").write_text(fingerprint, "ascii")
        index = FileIndex.create(FileStorage(str(folder)), build_schema(), NAME)
        return folder, index

    def open(self, folder: Path) -> FileIndex:
        """Open a verified generation for writing or reading."""
        return FileIndex(FileStorage(str(folder)), schema=build_schema(), indexname=NAME)

    def switch(self, folder: Path) -> None:
        """Make a generation the one in use, atomically, and remove all others but its predecessor's files."""
        previous = self.current()
        _write_synced(self.root / POINTER, folder.name)
        for path in self.root.glob("g-*"):
            if path not in (folder, previous):
                shutil.rmtree(path, ignore_errors=True)
        if previous is not None and previous != folder:
            # Open readers keep their mapped files; the names may go.
            shutil.rmtree(previous, ignore_errors=True)


