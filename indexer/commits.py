"""What makes a commit whole on the disk: a table of contents, checksums of every file, and the order of writing."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from whoosh.filedb.filestore import RamStorage
from whoosh.index import TOC, clean_files

from indexer.mapped import MappedStorage

NAME = "MAIN"


class IndexDamaged(Exception):
    """The files are not what the last commit wrote, or belong to another version of the product."""


def commit(folder: Path, schema: Any, segments: Sequence[Any], generation: int) -> None:
    """Make segments whose files are written the newest commit of a folder, and forget the one before.

    All contents are on the disk before the table of contents gets its name, and the commit before is removed
    only when that name is on the disk as well: whatever moment the power fails at, a whole table of contents
    with its checksums is left. Segments of the commit before were brought to the disk by it.

    Args:
        folder: One index, locked for writing.
        schema: The schema for the table of contents.
        segments: All segments of the commit.
        generation: The number of the commit.
    """
    toc, content = _toc_name(generation), _toc_bytes(TOC(schema, segments, generation))
    manifest, known = {toc: hashlib.sha256(content).hexdigest()}, read_manifest(folder, generation - 1)
    new = []
    for segment in segments:
        name = segment.make_filename(segment.COMPOUND_EXT)
        if name not in known:
            new.append(folder / name)
        manifest[name] = known.get(name) or _digest(folder / name)
    files = {_manifest_path(folder, generation): json.dumps(manifest).encode(), folder / toc: content}
    temporary = [path.with_suffix(".tmp") for path in files]
    for path, data in zip(temporary, files.values(), strict=True):
        path.write_bytes(data)
    _sync_all([*new, *temporary])
    # In this order, which file systems keep within a folder: no name of a commit without its checksums.
    for path, name in zip(temporary, files, strict=True):
        path.replace(name)
    sync(folder)
    clean_files(MappedStorage(str(folder)), NAME, generation, segments)
    for path in folder.glob("manifest-*.json"):
        if path != _manifest_path(folder, generation):
            path.unlink(missing_ok=True)


def _toc_name(generation: int) -> str:
    return f"_{NAME}_{generation}.toc"


def _toc_bytes(toc: TOC) -> bytes:
    storage = RamStorage()
    toc.write(storage, NAME)
    with storage.open_file(_toc_name(toc.generation)) as file:
        content: bytes = file.read()
    return content


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


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_all(paths: Sequence[Path]) -> None:
    # Together: the disk brings several files home for little more than one.
    with ThreadPoolExecutor(len(paths)) as pool:
        list(pool.map(sync, paths))


def write_synced(path: Path, text: str) -> None:
    """Write a small file so that after a power failure it holds either what it held or the new text."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)


def latest_generation(folder: Path) -> int:
    """Return the newest commit's number in a folder, or -1."""
    numbers = [path.stem.rsplit("_", 1)[1] for path in folder.glob(f"_{NAME}_*.toc")]
    return max((int(number) for number in numbers if number.isdecimal()), default=-1)


def verify(folder: Path, trusted: frozenset[str] = frozenset()) -> tuple[int, frozenset[str]]:
    """Check the newest commit's files before anything in them is unpickled.

    Args:
        folder: One index.
        trusted: Segment files that this process has verified before; segments never change.

    Returns:
        The number of the commit and the names of its segment files.

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
    return generation, frozenset(name for name in manifest if not name.endswith(".toc"))
