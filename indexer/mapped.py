"""Segment files mapped into memory and read where they lie.

Whoosh maps a segment as well, but copies each part of it into a buffer of its own whenever it is
opened: with a large index every commit would read all of it again.
"""

import io
import mmap
import os
from pathlib import Path
from typing import Any

from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import BufferFile

SEGMENT = ".seg"


class _Window(io.RawIOBase):
    """A file over a stretch of memory, without a copy of it."""

    def __init__(self, view: memoryview) -> None:
        super().__init__()
        self._view = view
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._view[self._place : self._place + len(buffer)]
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: len(self._view)}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place


class MappedFile(BufferFile):  # type: ignore[misc]
    """A stretch of a mapped file with Whoosh's ways to read it."""

    def __init__(self, view: memoryview, name: str | None = None) -> None:
        # Never the stock constructor: it copies the whole stretch.
        self._buf = view
        self._name = name
        self.file = _Window(view)
        self.onclose = None
        self.is_real = False
        self.is_closed = False

    def subset(self, position: int, length: int, name: str | None = None) -> "MappedFile":
        """Return a stretch of this one."""
        return MappedFile(self._buf[position : position + length], name or self._name)


class MappedStorage(FileStorage):  # type: ignore[misc]
    """A folder whose segment files are mapped.

    Args:
        folder: The folder of an index.
    """

    def __init__(self, folder: str) -> None:
        # What Whoosh calls mapping is its own, copying way.
        super().__init__(folder, supports_mmap=False)

    def open_file(self, name: str, **options: Any) -> Any:
        """Open a file of the folder."""
        if not name.endswith(SEGMENT):
            return super().open_file(name, **options)
        with Path(self._fpath(name)).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return MappedFile(memoryview(mapped), name)
