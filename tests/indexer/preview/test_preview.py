"""Files shown in place: drawn in a limited child, kept by content, and nothing believed that a child says."""

import hashlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from indexer.extract.outcome import Outcome
from indexer.preview import answer
from indexer.preview.answer import Shown, decode, encode
from indexer.preview.kept import Kept
from indexer.preview.viewer import SandboxedViewer
from kb.viewing import Cell, FileKey, Row, Shape, Sheet

SAMPLES = Path(__file__).parents[3] / "data" / "sample" / "attachments"
WEBP = b"RIFF\x04\x00\x00\x00WEBP...."


@pytest.fixture
def viewer(tmp_path: Path) -> SandboxedViewer:
    return SandboxedViewer(tmp_path / "previews")


def key_of(data: bytes, suffix: str) -> FileKey:
    return FileKey(hashlib.sha256(data).hexdigest(), suffix)


def never() -> bytes:
    raise AssertionError("the file was read again")


def once(data: bytes) -> Callable[[], bytes]:
    return lambda: data


def saved(workbook: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def test_the_pages_of_a_pdf_are_drawn_once_and_then_known(viewer: SandboxedViewer, tmp_path: Path) -> None:
    data = (SAMPLES / "lc-guide.pdf").read_bytes()
    key = key_of(data, "pdf")
    outline = viewer.outline(key, once(data))
    assert (outline.status, outline.sizes) == ("ok", ((1240, 1754),) * 3)
    drawn = viewer.picture(key, 3, never)
    picture = Image.open(io.BytesIO(drawn.data))
    assert (picture.format, picture.size) == ("WEBP", (1240, 1754))
    assert picture.convert("L").getextrema()[0] < 100, "nothing is written on the page"
    again = SandboxedViewer(tmp_path / "previews")
    assert again.outline(key, never) == outline
    assert again.picture(key, 4, never).status == "empty"


def test_a_far_page_is_drawn_with_those_that_follow(viewer: SandboxedViewer) -> None:
    writer = PdfWriter()
    for _number in range(9):
        writer.add_page(PdfReader(SAMPLES / "lc-guide.pdf").pages[0])
    buffer = io.BytesIO()
    writer.write(buffer)
    data = buffer.getvalue()
    key = key_of(data, "pdf")
    assert len(viewer.outline(key, once(data)).sizes) == 9
    assert viewer.picture(key, 6, once(data)).status == "ok"
    assert viewer.picture(key, 9, never).status == "ok"


@pytest.mark.parametrize(
    ("suffix", "data", "status"),
    [("pdf", b"%PDF-1.7 nothing", "broken"), ("pdf", b"<html>", "unsupported"), ("png", b"MZ", "broken")],
)
def test_a_bad_file_has_a_reason_that_is_remembered(
    viewer: SandboxedViewer, suffix: str, data: bytes, status: str
) -> None:
    key = key_of(data, suffix)
    assert viewer.outline(key, once(data)).status == status
    assert viewer.outline(key, never).status == status
    assert viewer.picture(key, 1, never).data == b""


def test_a_pdf_with_a_password_is_called_encrypted(viewer: SandboxedViewer) -> None:
    writer = PdfWriter(clone_from=SAMPLES / "lc-guide.pdf")
    writer.encrypt("secret", "owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    data = buffer.getvalue()
    assert viewer.outline(key_of(data, "pdf"), once(data)).status == "encrypted"


def test_a_transparent_picture_is_one_page_on_white(viewer: SandboxedViewer) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (3000, 1500), (0, 0, 0, 0)).save(buffer, "PNG")
    data = buffer.getvalue()
    key = key_of(data, "png")
    assert viewer.outline(key, once(data)).sizes == ((1240, 620),)
    assert Image.open(io.BytesIO(viewer.picture(key, 1, never).data)).getpixel((5, 5)) == (255, 255, 255)


def test_a_workbook_keeps_its_sheets_merged_cells_and_row_numbers(viewer: SandboxedViewer) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "年费"
    sheet["B2"], sheet["B3"], sheet["C4"] = "标准", "普卡", 1200
    sheet["C4"].number_format = "#,##0.00"
    sheet.merge_cells("B2:C2")
    sheet["B5"] = "不公开"
    sheet.row_dimensions[5].hidden = True
    workbook.create_sheet("草稿").sheet_state = "hidden"
    workbook["草稿"]["A1"] = "不公开"
    data = saved(workbook)
    key = key_of(data, "xlsx")
    assert viewer.outline(key, once(data)).sheets == ("年费",)
    shown = viewer.sheet(key, 1, never)
    assert shown == Sheet(
        "年费",
        (2, 3),
        (
            Row(2, (Cell(2, "标准", 1, 2),)),
            Row(3, (Cell(2, "普卡"),)),
            Row(4, (Cell(3, "1,200.00"),)),
        ),
    )
    assert viewer.sheet(key, 2, never) is None


def test_a_long_csv_file_is_cut_and_says_so(viewer: SandboxedViewer) -> None:
    data = "".join(f"第{number}项;{number}元\n" for number in range(1, 2_500)).encode("gb18030")
    sheet = viewer.sheet(key_of(data, "csv"), 1, once(data))
    assert sheet is not None
    assert (len(sheet.rows), sheet.is_cut, sheet.rows[-1].cells[1].text) == (2_000, True, "2000元")


def test_a_page_is_shown_even_where_nothing_can_be_kept(tmp_path: Path) -> None:
    blocked = tmp_path / "previews"
    blocked.write_text("not a folder")
    data = (SAMPLES / "lc-guide.pdf").read_bytes()
    viewer = SandboxedViewer(blocked)
    assert viewer.outline(key_of(data, "pdf"), once(data)).status == "ok"
    assert viewer.picture(key_of(data, "pdf"), 1, once(data)).data[8:12] == b"WEBP"


def test_nobody_waits_when_all_seats_are_taken(tmp_path: Path) -> None:
    viewer = SandboxedViewer(tmp_path, seats=0)
    assert viewer.outline(FileKey("0" * 64, "pdf"), never).status == "busy"
    assert viewer.picture(FileKey("0" * 64, "pdf"), 1, never).status == "busy"


def test_other_kinds_are_not_drawn(viewer: SandboxedViewer) -> None:
    assert viewer.shape("docx") is Shape.NOTHING
    assert viewer.outline(FileKey("0" * 64, "docx"), never).status == "unsupported"


def test_an_answer_arrives_as_it_was_given() -> None:
    sheet = Sheet("表", (1, 3), (Row(7, (Cell(1, "甲", 2, 2),)),), True)
    shown = Shown(Outcome.OK, ((10, 20), (30, 40)), True, ((2, WEBP),), (sheet,))
    assert decode(encode(shown)) == shown


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "FINE"},
        {"sizes": [[0, 1]]},
        {"sizes": [[10**9, 10]]},
        {"sizes": [[1]]},
        {"pictures": [[1, 3]]},
        {"pictures": [[2, 12]]},
        {"pictures": [[1, 10**9]]},
        {"sheets": [{"name": "表", "columns": [1], "rows": [[0, []]], "is_cut": False}]},
        {"sheets": [{"name": "表", "columns": ["A"], "rows": [], "is_cut": False}]},
        {"sheets": [{"name": "表" * 200, "columns": [1], "rows": [], "is_cut": False}]},
        {"sheets": [{"name": "表", "columns": [1], "rows": [[1, "x"]], "is_cut": False}]},
        {"sheets": 5},
    ],
)  # fmt: skip
def test_what_a_child_may_not_say_is_not_believed(changes: dict[str, object]) -> None:
    said = {"outcome": "OK", "sizes": [[10, 10]], "is_cut": False, "pictures": [], "sheets": [], **changes}
    with pytest.raises(ValueError, match=r"."):
        decode(json.dumps(said).encode() + b"\n<script>alert(1)</script>")


def test_more_cells_than_a_page_takes_are_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MAX_CELLS", 3)
    sheet = Sheet("表", (1,), tuple(Row(number, (Cell(1, "甲"),)) for number in range(1, 5)))
    with pytest.raises(ValueError, match="too much"):
        decode(encode(Shown(Outcome.OK, sheets=(sheet,))))


def test_what_was_drawn_longest_ago_is_forgotten_first(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "previews", max_bytes=2_500)
    keys = [FileKey(str(number) * 64, "pdf") for number in range(3)]
    for age, key in enumerate(keys):
        kept.keep(key, Shown(Outcome.OK, ((10, 10),), False, ((1, WEBP + b"." * 1_000),)))
        for place in (tmp_path / "previews").glob(f"{key.sha256}*"):
            os.utime(place, (age, age))
    assert [kept.picture(key, 1) is not None for key in keys] == [False, True, True]
    assert kept.outline(keys[0]) is None
