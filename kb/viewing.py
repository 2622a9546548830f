"""The seam to what shows files in place, as pictures or tables, and the plain values it answers with."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

Load = Callable[[], bytes]


class Shape(StrEnum):
    """As what a file can be shown."""

    PAGES = "pages"
    SHEETS = "sheets"
    NOTHING = ""


@dataclass(frozen=True)
class FileKey:
    """A file by content and kind, so that the same bytes are drawn once.

    Args:
        sha256: Of the bytes.
        suffix: Lower-case extension without its dot.
    """

    sha256: str
    suffix: str


@dataclass(frozen=True)
class Outline:
    """What a file has to show.

    ``status`` is as for ``kb.ports.Extraction``, or ``busy`` if too many files are being drawn at the moment;
    ``sizes`` are the (width, height) of the pictures in pixels, ``sheets`` the names of the tables;
    ``is_cut`` says that there is more than these.
    """

    status: str
    sizes: tuple[tuple[int, int], ...] = ()
    sheets: tuple[str, ...] = ()
    is_cut: bool = False


@dataclass(frozen=True)
class Picture:
    """A page as a WebP picture; ``data`` is empty unless ``status`` is ``ok``."""

    status: str
    data: bytes = b""


@dataclass(frozen=True)
class Cell:
    """A cell of a table at a column from 1, reaching over so many rows and columns."""

    column: int
    text: str
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Row:
    """A row by its number in the file; cells that another one covers are left out."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """A table; ``columns`` are the numbers of those shown, ``is_cut`` says that the file holds more."""

    name: str
    columns: tuple[int, ...]
    rows: tuple[Row, ...]
    is_cut: bool = False


class FileViewer(Protocol):
    """Shows files in place; never raises for a bad file."""

    def shape(self, suffix: str) -> Shape:
        """Return as what files with this extension are shown."""

    def outline(self, key: FileKey, load: Load) -> Outline:
        """Return what a file has to show; ``load`` is asked for its bytes only if nobody looked before."""

    def picture(self, key: FileKey, number: int, load: Load) -> Picture:
        """Return the page ``number``, from 1, as a picture."""

    def sheet(self, key: FileKey, number: int, load: Load) -> Sheet | None:
        """Return the table ``number``, from 1, or ``None`` if there is none to show."""
