"""What the index holds: one head for each shown revision, followed by its passages."""

import hashlib
import math
import struct
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from whoosh import fields, formats

from indexer.analyzer import ANALYZER_VERSION
from indexer.columns import BytesColumn, RecordColumn

SCHEMA_VERSION = "8"
LIBRARIES = ("whoosh3", "jieba", "rjieba", "opencc", "pypinyin")

HEAD: list[tuple[str, str]] = [
    ("article", "<i8"),
    ("revision", "<i8"),
    ("node", "<i4"),
    ("department", "<i4"),
    ("shown_from", "<f8"),
    ("shown_to", "<f8"),
    ("previous_from", "<f8"),
    ("next_from", "<f8"),
    ("published", "<f8"),
    ("updated", "<f8"),
    ("effective", "<f8"),
    ("title_length", "<i4"),
]
# kind, attachment id, place in the source, its own length in characters
PLACE: list[tuple[str, str]] = [("kind", "<u1"), ("file", "<i4"), ("offset", "<u4"), ("length", "<u2")]

KINDS = ("body", "wording", "summary", "notes", "file", "tags")
FILE_KIND = KINDS.index("file")
TAGS_KIND = KINDS.index("tags")


class TermsField(fields.FieldType):  # type: ignore[misc]
    """A field fed with ready terms and their frequencies: the analysis happens once, outside Whoosh."""

    def __init__(self) -> None:
        self.format = formats.Frequency()
        self.analyzer = None
        self.scorable = True
        self.stored = False
        self.unique = False
        self.vector = None
        self.column_type = None
        self.set_sortable(False)

    def index(self, value: dict[str, int], **_options: Any) -> Any:
        """Yield Whoosh's (term, frequency, weight, value) for every term of a counter."""
        for term, frequency in value.items():
            yield term.encode("utf-8", "surrogatepass"), frequency, frequency, b""


def build_schema() -> fields.Schema:
    """Return the schema; a change here or in the analysis is noticed by ``fingerprint``."""
    return fields.Schema(
        article=fields.ID(stored=False),
        part_of=fields.ID(stored=False),
        access=fields.ID(stored=False),
        title=TermsField(),
        body=TermsField(),
        file=TermsField(),
        head=fields.COLUMN(RecordColumn(HEAD)),
        place=fields.COLUMN(RecordColumn(PLACE)),
        text=fields.COLUMN(BytesColumn()),
        label=fields.COLUMN(BytesColumn()),
        external=fields.COLUMN(BytesColumn()),
    )


def fingerprint(lexicon_digest: str) -> str:
    """Return a digest of everything that decides what the index holds."""
    parts = [SCHEMA_VERSION, ANALYZER_VERSION, lexicon_digest, str(HEAD), str(PLACE)]
    parts += [f"{name}={_installed(name)}" for name in LIBRARIES]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        # The accelerator is optional: jieba alone cuts as well.
        return "absent"


def seconds(instant: datetime | None, default: float = math.inf) -> float:
    """Return an instant as seconds since 1970, or ``default`` for an open end."""
    return default if instant is None else instant.timestamp()


def pack_head(values: tuple[Any, ...]) -> bytes:
    """Return the bytes of one head record."""
    return np.array([values], np.dtype(HEAD)).tobytes()


_PLACE_STRUCT = struct.Struct("<BiIH")


def pack_place(kind: str, file: int, offset: int, length: int) -> bytes:
    """Return the bytes of one passage record."""
    return _PLACE_STRUCT.pack(KINDS.index(kind), file, offset, min(length, 65535))
