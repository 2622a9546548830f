"""Checks of Office Open XML packages before their parser: bombs, odd names, DTDs, macros, templates."""

import re
import struct
import zipfile
import zlib
from io import BytesIO

from lxml import etree

from indexer.extract.outcome import Outcome, Refused

MAX_ENTRIES = 5_000
MAX_TOTAL_BYTES = 256 * 1024 * 1024
MAX_PART_BYTES = 64 * 1024 * 1024
MAX_RATIO = 250
_RATIO_MATTERS_FROM = 4 * 1024 * 1024
_MAX_PROLOG_BYTES = 64 * 1024
_MAX_RELATIONS_BYTES = 4 * 1024 * 1024

_FIRST_ELEMENT = re.compile(rb"<[A-Za-z_:\x80-\xff]")
_MACRO_PART = re.compile(r"vba(project|data)[^/]*\.(bin|xml)$|/macrosheets/", re.IGNORECASE)
_LOCAL_FILE = re.compile(r"file:/{1,3}[A-Za-z]:|[A-Za-z]:[\\/]")

# What the standard library raises for packages with damaged headers, directories or contents.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    etree.XMLSyntaxError,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    ValueError,
)


def check_zip(data: bytes, folder: str) -> None:
    """Refuse packages that are bombs, malformed on purpose, carry macros, or are of another kind.

    Args:
        data: The whole file.
        folder: The folder that a package of the claimed kind has, such as ``word/``.

    Raises:
        Refused: with the reason.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as package:
            entries = package.infolist()
            _check_sizes(entries)
            _check_names(entries)
            if not any(entry.filename.startswith(folder) for entry in entries):
                raise Refused(Outcome.MISMATCH)
            for entry in entries:
                if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                    _check_prolog(package, entry)
                if entry.filename.lower().endswith(".rels"):
                    _check_relations(package, entry)
            _check_content_types(package)
    except _DAMAGE as error:
        raise Refused(Outcome.BROKEN) from error


def _check_sizes(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_TOTAL_BYTES:
        raise Refused(Outcome.BOMB)
    for entry in entries:
        is_dense = entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
        if entry.file_size > MAX_PART_BYTES or (is_dense and entry.file_size > _RATIO_MATTERS_FROM):
            raise Refused(Outcome.BOMB)


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        # zipfile turns the host's separator into a slash, so the name as stored is looked at.
        steps = entry.orig_filename.replace("\\", "/").split("/")
        is_absolute = steps[0] == "" or re.match("[A-Za-z]:", entry.orig_filename)
        if ".." in steps or is_absolute or entry.filename in seen:
            raise Refused(Outcome.UNSAFE)
        if entry.flag_bits & 1:
            raise Refused(Outcome.ENCRYPTED)
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused(Outcome.UNSAFE)
        if _MACRO_PART.search(entry.filename):
            raise Refused(Outcome.MACROS)
        seen.add(entry.filename)


def _check_prolog(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse a DTD, which can only stand before the first element."""
    with package.open(entry) as part:
        # Without its NULs UTF-16 reads like ASCII where it matters.
        beginning = part.read(_MAX_PROLOG_BYTES).replace(b"\0", b"")
    first_element = _FIRST_ELEMENT.search(beginning)
    if first_element is None and entry.file_size > _MAX_PROLOG_BYTES:
        raise Refused(Outcome.UNSAFE)
    prolog = beginning[: first_element.start()] if first_element else beginning
    if b"<!DOCTYPE" in prolog or b"<!ENTITY" in prolog:
        raise Refused(Outcome.UNSAFE)


def _check_relations(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Refuse a template that would be fetched from another machine when the file is opened."""
    for relation in _parsed(package, entry):
        is_template = str(relation.get("Type", "")).endswith("/attachedTemplate")
        target = str(relation.get("Target", ""))
        if is_template and relation.get("TargetMode") == "External" and not _LOCAL_FILE.match(target):
            raise Refused(Outcome.UNSAFE)


def _check_content_types(package: zipfile.ZipFile) -> None:
    for declared in _parsed(package, package.getinfo("[Content_Types].xml")):
        content_type = str(declared.get("ContentType", "")).lower()
        if "macroenabled" in content_type or "vbaproject" in content_type:
            raise Refused(Outcome.MACROS)


def _parsed(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> etree._Element:
    if entry.file_size > _MAX_RELATIONS_BYTES:
        raise Refused(Outcome.BOMB)
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(package.read(entry), parser)
