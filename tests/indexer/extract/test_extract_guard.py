"""Files that are refused before a parser sees them."""

import io
import zipfile

import pytest

from indexer.extract.formats import SUPPORTED_SUFFIXES, suffix_of
from indexer.extract.guard import check_claim, check_structure
from indexer.extract.outcome import Outcome, Refused
from indexer.extract.sandbox import SandboxedExtractor

DTD = b"<?xml version='1.0'?><!DOCTYPE w [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><w>&e;</w>"
TEMPLATE = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    "<Relationship Id='r1' TargetMode='External' Target='{}' "
    "Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate'/>"
    "</Relationships>"
)


def refusal(suffix: str, data: bytes) -> Outcome | None:
    try:
        check_claim(suffix, data)
        check_structure(suffix, data)
    except Refused as error:
        return error.outcome
    return None


def test_an_honest_docx_passes(make_docx):
    assert refusal("docx", make_docx("正文")) is None


@pytest.mark.parametrize("name", ["a.exe", "a", ".docx", "a.docm", "a.docx.zip", "a.svg"])
def test_other_kinds_of_files_are_unsupported(extractor, name):
    assert extractor.extract(name, b"x").status == "unsupported"


def test_the_suffix_is_found_whatever_its_case():
    assert suffix_of("利率公告.V2.DOCX") == "docx"
    assert "docx" in SUPPORTED_SUFFIXES


def test_a_file_above_the_size_limit_is_not_read():
    result = SandboxedExtractor(max_file_bytes=1000).extract("a.txt", b"a" * 1001)
    assert result.status == "too_large"


def test_a_file_without_bytes_is_empty(extractor):
    assert extractor.extract("a.docx", b"").status == "empty"


@pytest.mark.parametrize("suffix", ["docx", "xlsx", "pptx", "xls", "doc", "pdf"])
def test_text_under_the_suffix_of_a_document_is_a_mismatch(suffix):
    assert refusal(suffix, "只是文字".encode()) is Outcome.MISMATCH


@pytest.mark.parametrize("suffix", ["txt", "csv", "html", "xlsx", "pptx"])
def test_a_docx_under_another_suffix_is_a_mismatch(suffix, make_docx):
    assert refusal(suffix, make_docx("正文")) is Outcome.MISMATCH


def test_a_doc_under_the_suffix_of_a_workbook_is_a_mismatch(make_doc):
    assert refusal("xls", make_doc("正文\r")) is Outcome.MISMATCH


def test_a_truncated_docx_is_broken(make_docx):
    data = make_docx("正文")
    assert refusal("docx", data[: len(data) // 2]) is Outcome.BROKEN


def test_a_docx_that_asks_for_an_unknown_zip_version_is_broken(make_docx):
    data = bytearray(make_docx("正文"))
    data[data.index(b"PK\x01\x02") + 6] = 206
    assert refusal("docx", bytes(data)) is Outcome.BROKEN


def test_a_packed_part_of_100_megabytes_is_refused(make_docx, rewrite_zip):
    data = rewrite_zip(make_docx("正文"), {"word/document.xml": b"<w>" + b" " * 100_000_000 + b"</w>"})
    assert len(data) < 200_000
    assert refusal("docx", data) is Outcome.BOMB


def test_a_part_packed_a_thousand_times_is_refused(make_docx, rewrite_zip):
    data = rewrite_zip(make_docx("正文"), {"word/media/a.bin": bytes(10_000_000)})
    assert refusal("docx", data) is Outcome.BOMB


def test_many_parts_that_are_too_large_together_are_refused(make_docx):
    buffer = io.BytesIO(make_docx("正文"))
    block = bytes(range(256)) * 15
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as package:
        for number in range(100):
            package.writestr(f"word/media/{number}.bin", block * 800)
    assert refusal("docx", buffer.getvalue()) is Outcome.BOMB


def test_more_than_five_thousand_entries_are_refused(make_docx):
    buffer = io.BytesIO(make_docx("正文"))
    with zipfile.ZipFile(buffer, "a") as package:
        for number in range(5_001):
            package.writestr(f"word/{number}", b"")
    assert refusal("docx", buffer.getvalue()) is Outcome.BOMB


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/cron.d/x", "word\\..\\..\\x", "C:/x"])
def test_entries_that_point_outside_are_refused(make_docx, rewrite_zip, name):
    assert refusal("docx", rewrite_zip(make_docx("正文"), {name: b"x"})) is Outcome.UNSAFE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_dtd_in_a_part_is_refused(make_docx, rewrite_zip, encoding):
    part = DTD.decode().encode(encoding)
    assert refusal("docx", rewrite_zip(make_docx("正文"), {"word/document.xml": part})) is Outcome.UNSAFE


def test_a_dtd_behind_a_long_comment_is_refused(make_docx, rewrite_zip):
    part = b"<!--" + b"x" * 100_000 + b"-->" + DTD[21:]
    assert refusal("docx", rewrite_zip(make_docx("正文"), {"word/document.xml": part})) is Outcome.UNSAFE


def test_an_external_entity_never_reaches_the_text(extractor, make_docx, rewrite_zip):
    result = extractor.extract("a.docx", rewrite_zip(make_docx("正文"), {"word/document.xml": DTD}))
    assert (result.status, result.parts) == ("broken", ())


def test_a_macro_part_is_refused(make_docx, rewrite_zip):
    assert refusal("docx", rewrite_zip(make_docx("正文"), {"word/vbaProject.bin": b"x"})) is Outcome.MACROS


def test_a_macro_document_renamed_to_docx_is_refused(make_docx, rewrite_zip):
    data = make_docx("正文")
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        types = package.read("[Content_Types].xml")
    plain = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    macro = types.replace(plain, b"application/vnd.ms-word.document.macroEnabled.main+xml")
    assert macro != types
    assert refusal("docx", rewrite_zip(data, {"[Content_Types].xml": macro})) is Outcome.MACROS


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("https://evil.example/t.dotm", Outcome.UNSAFE),
        ("//evil.example/share/t.dotm", Outcome.UNSAFE),
        ("file:///C:/Templates/Normal.dotm", None),
    ],
)
def test_a_template_is_refused_if_it_comes_from_another_machine(make_docx, rewrite_zip, target, expected):
    part = TEMPLATE.format(target).encode()
    data = rewrite_zip(make_docx("正文"), {"word/_rels/settings.xml.rels": part})
    assert refusal("docx", data) is expected


def test_an_entry_stored_twice_is_refused(make_docx):
    buffer = io.BytesIO(make_docx("正文"))
    with zipfile.ZipFile(buffer, "a") as package, pytest.warns(UserWarning, match="Duplicate"):
        package.writestr("word/document.xml", b"<w/>")
    assert refusal("docx", buffer.getvalue()) is Outcome.UNSAFE
