"""Text of PDF files, and what becomes of the ones that harm their reader."""

import io
import zlib

import pypdf
import pytest

from indexer.extract import read_pdf_again
from indexer.extract.outcome import Refused

PAGES = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
CATALOGUE = b"<< /Type /Catalog /Pages 2 0 R >>"


@pytest.fixture
def encrypted(samples):
    def encrypt(user_password, owner_password):
        writer = pypdf.PdfWriter(clone_from=samples / "complaint-flow.pdf")
        writer.encrypt(user_password, owner_password, algorithm="RC4-128")
        buffer = io.BytesIO()
        writer.write(buffer)
        return buffer.getvalue()

    return encrypt


@pytest.fixture
def self_referencing(make_pdf):
    """A page with a little text and a form which draws itself twice, without end."""
    content = b"BT /G 12 Tf (visible text) Tj ET /F Do"
    form = b"/F Do /F Do"
    resources = b"/Resources << /XObject << /F 5 0 R >> /Font << /G 6 0 R >> >>"
    return make_pdf(
        [
            CATALOGUE,
            PAGES,
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R " + resources + b" >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
            b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] %s /Length %d >>\nstream\n%s\nendstream"
            % (resources, len(form), form),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
    )


@pytest.fixture
def flate_bomb(make_pdf):
    """A page whose content of 900 MB is packed twice into a few thousand bytes."""
    packer = zlib.compressobj(9)
    block = b" " * 1_000_000
    once = b"".join(packer.compress(block) for _ in range(900)) + packer.flush()
    twice = zlib.compress(once, 9)
    stream = b"<< /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n%s\nendstream"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Contents 4 0 R >>"
    return make_pdf([CATALOGUE, PAGES, page, stream % (len(twice), twice)])


def test_pages_carry_their_number(extractor, samples):
    parts = extractor.extract("汇款.pdf", (samples / "remit-guide.pdf").read_bytes()).parts
    assert [(part.kind, part.number) for part in parts] == [("page", 1), ("page", 2), ("page", 3)]
    assert "禁止性规定" in parts[1].text


def test_a_sentence_that_runs_over_lines_is_whole(extractor, samples, text_of):
    text = text_of(extractor.extract("a.pdf", (samples / "remit-guide.pdf").read_bytes()))
    assert "凭真实性证明材料到网点柜面办理" in text


def test_a_pdf_with_a_password_is_called_encrypted(extractor, encrypted):
    result = extractor.extract("a.pdf", encrypted("secret", "owner"))
    assert (result.status, result.parts) == ("encrypted", ())
    assert result.note == "文件已加密，无法检索其内容。"


def test_a_pdf_that_only_forbids_changes_is_read(extractor, encrypted, text_of):
    result = extractor.extract("a.pdf", encrypted("", "owner"))
    assert "客户投诉处理流程" in text_of(result)


def test_a_pdf_behind_leading_html_is_not_read(extractor, samples):
    data = b"<html><script>1</script></html>\n" + (samples / "lc-guide.pdf").read_bytes()
    result = extractor.extract("a.pdf", data)
    assert (result.status, result.parts) == ("unsupported", ())


def test_a_truncated_pdf_is_broken(extractor, samples):
    result = extractor.extract("a.pdf", (samples / "lc-guide.pdf").read_bytes()[:2000])
    assert (result.status, result.parts) == ("broken", ())


def test_a_pdf_without_text_is_called_empty(extractor, make_pdf):
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>"
    assert extractor.extract("a.pdf", make_pdf([CATALOGUE, PAGES, page])).status == "empty"


def test_a_file_that_kills_the_first_reader_is_read_by_the_second(extractor, self_referencing, text_of):
    result = extractor.extract("a.pdf", self_referencing)
    assert (result.status, text_of(result)) == ("ok", "visible text")


def test_a_page_of_900_megabytes_harms_only_the_child(extractor, flate_bomb):
    result = extractor.extract("a.pdf", flate_bomb)
    assert result.status in {"empty", "broken"}
    assert result.parts == ()


def test_the_second_reader_finds_the_same_pages(samples):
    parts = list(read_pdf_again.read((samples / "lc-guide.pdf").read_bytes()))
    assert [part.number for part in parts] == [1, 2, 3]
    assert "信用证" in parts[0].text


def test_the_second_reader_knows_encrypted_files(encrypted):
    with pytest.raises(Refused) as refusal:
        list(read_pdf_again.read(encrypted("secret", "owner")))
    assert refusal.value.outcome.status == "encrypted"
