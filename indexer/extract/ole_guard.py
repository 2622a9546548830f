"""Checks of old Office containers before their parser: encryption, and whether the kind is right."""

import struct
from io import BytesIO

from olefile import OleFileIO

from indexer.extract.outcome import Outcome, Refused
from indexer.extract.read_doc import is_encrypted

_FILE_PASS = 0x002F
_BEGINNING_OF_FILE = 0x0809
_RECORDS_BEFORE_FILE_PASS = 8
_STREAM_BEGINNING = 64 * 1024


def check_ole(data: bytes, streams: tuple[str, ...]) -> None:
    """Refuse containers that are broken, encrypted, or lack the streams of the claimed kind.

    Args:
        data: The whole file.
        streams: Names of streams of which the container must have one; none for modern suffixes,
            whose files only stand in such a container when they are encrypted.

    Raises:
        Refused: with the reason.
    """
    try:
        container = OleFileIO(BytesIO(data))
    except Exception as error:  # olefile raises many types for damaged containers
        raise Refused(Outcome.BROKEN) from error
    with container:
        if container.exists("EncryptedPackage") or container.exists("EncryptionInfo"):
            raise Refused(Outcome.ENCRYPTED)
        present = [name for name in streams if container.exists(name)]
        if not present:
            raise Refused(Outcome.MISMATCH)
        beginning = container.openstream(present[0]).read(_STREAM_BEGINNING)
    is_word = present[0] == "WordDocument"
    if is_encrypted(beginning) if is_word else _is_encrypted_workbook(beginning):
        raise Refused(Outcome.ENCRYPTED)


def _is_encrypted_workbook(stream: bytes) -> bool:
    """Look for the record that announces encryption among the first ones of the stream."""
    at = 0
    for _ in range(_RECORDS_BEFORE_FILE_PASS):
        if at + 4 > len(stream):
            return False
        kind, length = struct.unpack_from("<HH", stream, at)
        if kind == _FILE_PASS:
            return True
        if at == 0 and kind != _BEGINNING_OF_FILE:
            return False
        at += 4 + length
    return False
