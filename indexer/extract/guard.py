"""What a file must be before any parser sees it: small enough, of a known type, and what it claims to be."""

from indexer.extract.formats import SUPPORTED_SUFFIXES
from indexer.extract.ole_guard import check_ole
from indexer.extract.outcome import Outcome, Refused
from indexer.extract.zip_guard import check_zip

MAX_FILE_BYTES = 50 * 1024 * 1024

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF = b"%PDF-"
_OFFICE_FOLDERS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
_OLE_STREAMS = {"doc": ("WordDocument",), "xls": ("Workbook", "Book")}
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def check_claim(suffix: str, data: bytes, max_file_bytes: int = MAX_FILE_BYTES) -> None:
    """Refuse files whose size, suffix or first bytes already decide; cheap, parses nothing.

    Args:
        suffix: Lower-case, without the dot.
        data: The whole file.
        max_file_bytes: Largest size that is read.

    Raises:
        Refused: with the reason.
    """
    if suffix not in SUPPORTED_SUFFIXES:
        raise Refused(Outcome.UNKNOWN_FORMAT)
    if len(data) > max_file_bytes:
        raise Refused(Outcome.TOO_LARGE)
    if not data:
        raise Refused(Outcome.NO_BYTES)
    if not _begins_right(suffix, data):
        raise Refused(Outcome.MISMATCH)


def check_structure(suffix: str, data: bytes) -> None:
    """Refuse containers that are hostile, encrypted, or hold something else than the suffix says.

    Unpacks parts of the file, so it belongs into the limited child.

    Raises:
        Refused: with the reason.
    """
    if data.startswith(_OLE):
        check_ole(data, _OLE_STREAMS.get(suffix, ()))
    elif suffix in _OFFICE_FOLDERS:
        check_zip(data, _OFFICE_FOLDERS[suffix])


def _begins_right(suffix: str, data: bytes) -> bool:
    if suffix in _OFFICE_FOLDERS:
        # Encrypted modern files are wrapped into the old container.
        return data.startswith((_ZIP, _OLE))
    if suffix in _OLE_STREAMS:
        return data.startswith(_OLE)
    if suffix == "pdf":
        # Leading bytes are tolerated by viewers, which lets a PDF be a web page at the same time.
        return data.startswith(_PDF)
    is_binary = data.startswith((_ZIP, _OLE, _PDF)) or b"\0" in data
    return data.startswith(_UTF_16_MARKS) or not is_binary
