"""Files to extract text from, made with the real libraries or byte by byte."""

import io
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest

from indexer.extract.sandbox import SandboxedExtractor
from kb.ports import Extraction

SAMPLES = Path(__file__).parents[3] / "data" / "sample" / "attachments"
SECTOR = 512
END_OF_CHAIN, FREE, FAT_SECTOR = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD


@pytest.fixture(scope="session")
def extractor() -> SandboxedExtractor:
    return SandboxedExtractor()


@pytest.fixture(scope="session")
def samples() -> Path:
    return SAMPLES


@pytest.fixture(scope="session")
def text_of() -> Callable[[Extraction], str]:
    return lambda extraction: "\n".join(part.text for part in extraction.parts)


@pytest.fixture
def make_docx() -> Callable[..., bytes]:
    def make(*paragraphs: str, build: Callable[[docx.document.Document], None] | None = None) -> bytes:
        document = docx.Document()
        for paragraph in paragraphs:
            document.add_paragraph(paragraph)
        if build:
            build(document)
        buffer = io.BytesIO()
        document.save(buffer)
        return buffer.getvalue()

    return make


@pytest.fixture
def make_xlsx() -> Callable[..., bytes]:
    def make(build: Callable[[openpyxl.Workbook], None]) -> bytes:
        workbook = openpyxl.Workbook()
        build(workbook)
        buffer = io.BytesIO()
        workbook.save(buffer)
        return buffer.getvalue()

    return make


@pytest.fixture
def make_pptx() -> Callable[..., bytes]:
    def make(build: Callable[[pptx.presentation.Presentation], None]) -> bytes:
        presentation = pptx.Presentation()
        build(presentation)
        buffer = io.BytesIO()
        presentation.save(buffer)
        return buffer.getvalue()

    return make


@pytest.fixture
def rewrite_zip() -> Callable[..., bytes]:
    """Copy a package with some parts replaced or added."""

    def rewrite(data: bytes, changed: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with (
            zipfile.ZipFile(io.BytesIO(data)) as old,
            zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for name in old.namelist():
                if name not in changed:
                    new.writestr(name, old.read(name))
            for name, content in changed.items():
                new.writestr(name, content)
        return buffer.getvalue()

    return rewrite


@pytest.fixture
def make_pdf() -> Callable[[Iterable[bytes]], bytes]:
    """Number the given object bodies from 1, the first being the catalogue, and write a PDF."""

    def make(bodies: Iterable[bytes]) -> bytes:
        out = bytearray(b"%PDF-1.4\n")
        places = []
        for number, body in enumerate(bodies, start=1):
            places.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        table = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
        out += b"".join(b"%010d 00000 n \n" % place for place in places)
        out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, table)
        return bytes(out)

    return make


@pytest.fixture
def make_ole() -> Callable[[dict[str, bytes]], bytes]:
    """Write a compound file with the given streams, each long enough to live in ordinary sectors."""

    def make(streams: dict[str, bytes]) -> bytes:
        bodies = {name: body.ljust(4096, b"\0") for name, body in sorted(streams.items(), key=_ole_order)}
        directory_sectors = (len(bodies) + 4) // 4
        chains = [directory_sectors, *((len(body) + SECTOR - 1) // SECTOR for body in bodies.values())]
        fat = [FAT_SECTOR]
        starts = []
        for length in chains:
            starts.append(len(fat))
            fat += [*range(len(fat) + 1, len(fat) + length), END_OF_CHAIN]
        if len(fat) > SECTOR // 4:
            raise ValueError("the writer has one allocation sector only")
        fat += [FREE] * (SECTOR // 4 - len(fat))
        directory = _ole_entry("Root Entry", 5, child=1 if bodies else FREE, start=END_OF_CHAIN)
        for number, (name, body) in enumerate(bodies.items(), start=1):
            following = number + 1 if number < len(bodies) else FREE
            directory += _ole_entry(name, 2, right=following, start=starts[number], size=len(body))
        padded = [directory.ljust(directory_sectors * SECTOR, b"\0")]
        padded += [body.ljust(-(-len(body) // SECTOR) * SECTOR, b"\0") for body in bodies.values()]
        return _ole_header(starts[0]) + struct.pack("<128I", *fat) + b"".join(padded)

    return make


def _ole_order(item: tuple[str, bytes]) -> tuple[int, str]:
    return len(item[0]), item[0].upper()


def _ole_header(directory_start: int) -> bytes:
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    )
    head += struct.pack("<9I", 0, 1, directory_start, 0, 4096, END_OF_CHAIN, 0, END_OF_CHAIN, 0)
    return head + struct.pack("<109I", 0, *[FREE] * 108)


def _ole_entry(
    name: str, kind: int, right: int = FREE, child: int = FREE, start: int = 0, size: int = 0
) -> bytes:
    encoded = name.encode("utf-16-le")
    head = encoded.ljust(64, b"\0") + struct.pack("<HBB3I", len(encoded) + 2, kind, 1, FREE, right, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)


@pytest.fixture
def make_doc(make_ole: Callable[[dict[str, bytes]], bytes]) -> Callable[..., bytes]:
    """Write a Word 97 document whose piece table mixes 8-bit and 16-bit pieces."""

    def make(*pieces: str, magic: int = 0xA5EC, flags: int = 0x0200) -> bytes:
        text, places, positions = b"", b"", [0]
        text_at = 2048
        for piece in pieces:
            is_8_bit = all(ord(character) < 128 for character in piece)
            place = text_at + len(text)
            places += struct.pack("<HIH", 0, place * 2 | 0x40000000 if is_8_bit else place, 0)
            text += piece.encode("cp1252" if is_8_bit else "utf-16-le")
            positions.append(positions[-1] + len(piece))
        table = struct.pack(f"<{len(positions)}I", *positions) + places
        clx = b"\x01" + struct.pack("<H", 2) + b"\0\0" + b"\x02" + struct.pack("<I", len(table)) + table
        pairs = [(0, 0)] * 93
        pairs[33] = (64, len(clx))
        head = struct.pack("<5HH", magic, 0xC1, 0, 0x0804, 0, flags) + bytes(20)
        head += struct.pack("<H", 14) + bytes(28) + struct.pack("<H", 22) + bytes(88) + struct.pack("<H", 93)
        head += b"".join(struct.pack("<II", *pair) for pair in pairs)
        main = head.ljust(text_at, b"\0") + text
        return make_ole({"WordDocument": main, "1Table": bytes(64) + clx})

    return make
