"""The index on disk: generations beside each other, commits that survive power loss, checksums first."""

import hashlib
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
from whoosh.filedb.filestore import RamStorage
from whoosh.index import TOC, FileIndex, clean_files
from whoosh.writing import SegmentWriter

from indexer.batches import Batch
from indexer.codec import ArrayCodec
from indexer.columns import BytesColumn, RecordColumn
from indexer.mapped import MappedStorage
from indexer.posting_pool import ArrayPostingPool
from indexer.schema import HEAD, PLACE, SCHEMA_VERSION, build_schema

POINTER = "current"
NAME = "MAIN"
# So many postings of a merged segment are read at a time.
AT_ONCE = 1 << 19
_GENERATION = re.compile(r"g-([0-9]{6,})-[0-9a-f]{8}")


class IndexDamaged(Exception):
    """The files are not what the last commit wrote, or belong to another version of the product."""


class ArrayWriter(SegmentWriter):  # type: ignore[misc]
    """Whoosh's writer with arrays for postings and a commit that is checksummed and synced."""

    def __init__(self, index: FileIndex, folder: Path) -> None:
        super().__init__(index, codec=ArrayCodec(), timeout=0.0)
        self.pool = ArrayPostingPool(folder)
        self._folder = folder

    def add_document(self, **fields: Any) -> None:
        """Add one document; a dictionary of terms and frequencies needs no analysis by Whoosh."""
        self._check_state()
        self._check_fields(self.schema, fields)
        self.perdocwriter.start_doc(self.docnum)
        for name, value in fields.items():
            kind, length = self.schema[name], 0
            if kind.indexed:
                terms = value if isinstance(value, dict) else _analyzed(kind, value)
                self.pool.add_terms(name, self.docnum, terms)
                length = sum(terms.values()) if kind.scorable else 0
            self.perdocwriter.add_field(name, kind, value if kind.stored else None, length)
            if kind.column_type:
                self.perdocwriter.add_column_value(name, kind.column_type, kind.to_column_value(value))
        self.perdocwriter.finish_doc()
        self._added = True
        self.docnum += 1

    def add_batch(self, batch: Batch) -> None:
        """Add all documents of an analysed batch."""
        self._check_state()
        base = self.perdocwriter.add_documents(batch.rows)
        for name, postings in batch.postings.items():
            self.pool.add_postings(name, postings, base, batch.rows)
        for name, lengths in batch.lengths.items():
            self.perdocwriter.add_lengths(name, base, lengths)
        for name, values in batch.columns.items():
            moved = replace(values, docs=base + values.docs)
            self.perdocwriter.add_values(name, self.schema[name].column_type, moved)
        self.docnum += batch.rows
        self._added = self._added or batch.rows > 0

    def write_per_doc(self, fieldnames: Any, reader: Any) -> dict[int, int] | None:
        """Take over what belongs to the documents of a segment that is merged, without its deleted ones."""
        kinds = {name: kind.column_type for name, kind in self.schema.items() if kind.column_type}
        if any(kind.stored or kind.vector for _name, kind in self.schema.items()) or not all(
            isinstance(column, BytesColumn | RecordColumn) for column in kinds.values()
        ):
            taken: dict[int, int] | None = super().write_per_doc(fieldnames, reader)
            return taken
        docs = np.setdiff1d(np.arange(reader.doc_count_all()), list(reader._perdoc.deleted_docs()))
        base = self.perdocwriter.add_documents(len(docs))
        for name, column in kinds.items():
            if reader.has_column(name):
                values = reader._perdoc.column_reader(name, column).values(docs)
                moved = replace(values, docs=base + np.searchsorted(docs, values.docs))
                self.perdocwriter.add_values(name, column, moved)
        for name in reader.indexed_field_names():
            self.perdocwriter.take_lengths(name, base, reader._perdoc, docs)
        self.docnum += len(docs)
        return dict(zip(docs.tolist(), range(base, base + len(docs)), strict=True))

    def add_postings_to_pool(self, reader: Any, startdoc: int, docmap: dict[int, int] | None) -> None:
        """Take over the posting lists of a segment that is merged, without its deleted documents."""
        moved = np.full(reader.doc_count_all(), -1, np.int64)
        if docmap is None:
            moved[:] = np.arange(startdoc, startdoc + len(moved))
        elif docmap:
            moved[list(docmap)] = list(docmap.values())
        for name, field in reader._terms.fields.items():
            terms = field.terms()
            for first, last in field.stretches(AT_ONCE):
                docs, frequencies = reader._terms.lists_at(field, first, last)
                to = moved[docs]
                kept = to >= 0
                owner = np.repeat(np.arange(last - first), field.counts[first:last])[kept]
                self.pool.add_lists(name, terms[first:last], owner, to[kept], frequencies[kept])

    def _commit_toc(self, segments: list[Any]) -> None:
        # The manifest is written before the table of contents that it describes, and the commit
        # before is forgotten only when this one is on the disk: whatever moment the power fails at,
        # a whole table of contents with its checksums is left.
        toc = TOC(self.schema, segments, self.generation)
        manifest = {_toc_name(self.generation): _toc_digest(toc)}
        known = read_manifest(self._folder, self.generation - 1)
        for segment in segments:
            name = segment.make_filename(segment.COMPOUND_EXT)
            manifest[name] = known.get(name) or _digest(self._folder / name)
            _sync(self._folder / name)
        _write_synced(_manifest_path(self._folder, self.generation), json.dumps(manifest))
        toc.write(self.storage, self.indexname)
        _sync(self._folder / _toc_name(self.generation))
        _sync(self._folder)
        clean_files(self.storage, self.indexname, self.generation, segments)
        for path in self._folder.glob("manifest-*.json"):
            if path != _manifest_path(self._folder, self.generation):
                path.unlink(missing_ok=True)


def _analyzed(kind: Any, value: Any) -> dict[str, int]:
    items = kind.index(value)
    return {text.decode("utf-8", "surrogatepass"): int(weight) for text, _count, weight, _value in items}


def _layout() -> str:
    return hashlib.sha256(f"{SCHEMA_VERSION}{HEAD}{PLACE}".encode()).hexdigest()


def _read_line(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


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


class IndexFolder:
    """The place of all generations of one node's index.

    Args:
        root: Folder for generations and the pointer; created with mode 0700.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def current(self) -> Path | None:
        """Return the folder of the generation in use, if there is one."""
        name = _read_line(self.root / POINTER)
        folder = self.root / name
        return folder if _GENERATION.fullmatch(name) and folder.is_dir() else None

    def fingerprint(self, folder: Path) -> str:
        """Return the fingerprint that a generation was built with."""
        return _read_line(folder / "fingerprint")

    def is_legible(self, folder: Path) -> bool:
        """Return whether this version of the product reads a generation's records as they were meant."""
        return _read_line(folder / "layout") == _layout()

    def create(self, fingerprint: str) -> tuple[Path, FileIndex]:
        """Create an empty generation beside the one in use."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Whoever can write here can run code in the readers: a folder made by others is narrowed too.
        self.root.chmod(0o700)
        found = (_GENERATION.fullmatch(path.name) for path in self.root.glob("g-*"))
        number = max((int(match[1]) for match in found if match), default=0) + 1
        # A name is never used twice: after a folder was lost, readers would take the new one for it.
        folder = self.root / f"g-{number:06d}-{token_hex(4)}"
        folder.mkdir(mode=0o700)
        (folder / "fingerprint").write_text(fingerprint, "ascii")
        (folder / "layout").write_text(_layout(), "ascii")
        index = FileIndex.create(MappedStorage(str(folder)), build_schema(), NAME)
        return folder, index

    def open(self, folder: Path) -> FileIndex:
        """Open a verified generation for writing or reading."""
        return FileIndex(MappedStorage(str(folder)), schema=build_schema(), indexname=NAME)

    def switch(self, folder: Path) -> None:
        """Make a generation the one in use, atomically, and remove all others."""
        _write_synced(self.root / POINTER, folder.name)
        for path in self.root.glob("g-*"):
            if path != folder:
                # Open readers keep their mapped files; the names may go.
                shutil.rmtree(path, ignore_errors=True)
