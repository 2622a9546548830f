"""The index on disk: generations beside each other, commits that survive power loss, checksums first."""

import hashlib
import re
import shutil
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
from whoosh.index import FileIndex
from whoosh.reading import SegmentReader
from whoosh.writing import SegmentWriter

from indexer.batches import Batch
from indexer.codec import ArrayCodec
from indexer.columns import BytesColumn, RecordColumn
from indexer.commits import NAME, commit, write_synced
from indexer.mapped import MappedStorage
from indexer.posting_pool import ArrayPostingPool
from indexer.schema import HEAD, PLACE, SCHEMA_VERSION, build_schema

POINTER = "current"
# So many postings of a merged segment are read at a time.
AT_ONCE = 1 << 19
_GENERATION = re.compile(r"g-([0-9]{6,})-[0-9a-f]{8}")


class ArrayWriter(SegmentWriter):  # type: ignore[misc]
    """Whoosh's writer with arrays for postings and a commit that is checksummed and synced.

    Args:
        index: The index, opened.
        folder: Its folder.
        readers: Readers of segments by id, kept for the next writer; segments never change.
    """

    def __init__(
        self, index: FileIndex, folder: Path, readers: dict[str, SegmentReader] | None = None
    ) -> None:
        super().__init__(index, codec=ArrayCodec(), timeout=0.0)
        self.pool = ArrayPostingPool(folder)
        self._folder = folder
        self._readers = {} if readers is None else readers

    def delete_by_term(self, fieldname: str, text: str, searcher: Any = None) -> int:
        """Delete every document with a term, straight from the posting lists; return how many there were."""
        self._check_state()
        count = 0
        for segment in self.segments:
            reader = self._readers.get(segment.segid)
            if reader is None:
                reader = SegmentReader(self.storage, self.schema, segment)
                self._readers[segment.segid] = reader
            found = reader._terms.posting_list(fieldname, text.encode("utf-8", "surrogatepass"))
            for doc in found[0].tolist() if found is not None else ():
                if not segment.is_deleted(doc):
                    segment.delete_document(doc)
                    count += 1
        return count

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
        commit(self._folder, self.schema, segments, self.generation)


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

    def glance(self, folder: Path | None) -> tuple[int, ...]:
        """Return numbers that are others when a commit was written to a folder or another one is in use.

        Two quick questions to the system; what is written twice within one tick of its clock may look unchanged.
        """
        try:
            return tuple(
                path.stat().st_mtime_ns for path in (self.root / POINTER, folder) if path is not None
            )
        except OSError:
            return ()

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
        write_synced(self.root / POINTER, folder.name)
        for path in self.root.glob("g-*"):
            if path != folder:
                # Open readers keep their mapped files; the names may go.
                shutil.rmtree(path, ignore_errors=True)
