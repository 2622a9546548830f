"""Word, Excel and PDF files become HTML for a draft; what is lost is named, and a bad file harms nobody."""

import io
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from PIL import Image

from indexer.convert.converter import SandboxedConverter
from indexer.convert.docx_numbers import chinese, written
from indexer.convert.findings import decode
from indexer.extract.limits import Limits
from kb.ports import Conversion

SAMPLES = Path(__file__).parents[3] / "data" / "sample" / "attachments"


def word(build: Callable[[docx.document.Document], None], name: str = "口径.docx") -> Conversion:
    document = docx.Document()
    build(document)
    saved = io.BytesIO()
    document.save(saved)
    return SandboxedConverter().convert(name, saved.getvalue())


def excel(build: Callable[[openpyxl.Workbook], None]) -> Conversion:
    workbook = openpyxl.Workbook()
    build(workbook)
    saved = io.BytesIO()
    workbook.save(saved)
    return SandboxedConverter().convert("收费.xlsx", saved.getvalue())


def lost(conversion: Conversion) -> dict[str, int]:
    return {loss.kind: loss.count for loss in conversion.losses}


def test_headings_and_merged_cells_of_a_word_document_are_kept():
    def build(document):
        document.add_heading("挂失收费", 0)
        document.add_heading("标准", 2)
        table = document.add_table(3, 3)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "业务"
        table.cell(1, 2).merge(table.cell(2, 2)).text = "免费"

    found = word(build)
    assert (found.status, found.title) == ("ok", "挂失收费")
    assert "<h2>标准</h2>" in found.html
    assert '<td colspan="2"><p>业务</p></td>' in found.html
    assert '<td rowspan="2"><p>免费</p></td>' in found.html


def test_a_list_goes_on_counting_after_a_paragraph_between_its_items():
    def build(document):
        document.add_paragraph("受理", style="List Number")
        document.add_paragraph("核验", style="List Number")
        document.add_paragraph("核验不符时停止。")
        document.add_paragraph("登记", style="List Number")

    assert '<p>核验不符时停止。</p><ol start="3"><li>登记</li></ol>' in word(build).html


def test_chinese_numbers_that_no_list_can_show_stand_as_text():
    def build(document):
        numbering = document.part.numbering_part.element
        numbering.insert(
            0,
            parse_xml(
                f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
                '<w:numFmt w:val="chineseCounting"/><w:lvlText w:val="（%1）"/></w:lvl></w:abstractNum>'
            ),
        )
        numbering.append(
            parse_xml(f'<w:num {nsdecls("w")} w:numId="90"><w:abstractNumId w:val="90"/></w:num>')
        )
        for text in ("适用范围", "办理条件"):
            paragraph = document.add_paragraph(text)
            paragraph._p.get_or_add_pPr().append(
                parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="0"/><w:numId w:val="90"/></w:numPr>')
            )

    assert "<p>（一）适用范围</p><p>（二）办理条件</p>" in word(build).html


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (1, "upperRoman", "I"),
        (4, "lowerRoman", "iv"),
        (27, "lowerLetter", "aa"),
        (3, "decimalEnclosedCircle", "③"),
    ],
)
def test_numbers_are_written_as_word_writes_them(value, form, text):
    assert written(value, form) == text


def test_chinese_counting_below_a_hundred():
    assert [chinese(number) for number in (1, 10, 11, 20, 35)] == ["一", "十", "十一", "二十", "三十五"]


def test_pictures_come_along_and_margins_are_named_as_lost():
    def build(document):
        picture = io.BytesIO()
        Image.new("RGB", (20, 10), "red").save(picture, "PNG")
        picture.seek(0)
        document.add_paragraph("见图")
        document.add_picture(picture)
        document.sections[0].header.paragraphs[0].text = "内部资料"

    found = word(build)
    assert 'src="imported:0"' in found.html
    assert found.images[0].startswith(b"\x89PNG")
    assert lost(found) == {"header": 1}


def test_tracked_changes_and_comments_are_named():
    def build(document):
        paragraph = document.add_paragraph("工本费")
        paragraph._p.append(
            parse_xml(
                f'<w:del {nsdecls("w")} w:id="1" w:author="x"><w:r><w:delText>15</w:delText></w:r></w:del>'
            )
        )
        paragraph._p.append(
            parse_xml(f'<w:ins {nsdecls("w")} w:id="2" w:author="x"><w:r><w:t>10 元</w:t></w:r></w:ins>')
        )

    found = word(build)
    assert found.html == "<p>工本费10 元</p>"
    assert lost(found)["tracked"] == 2


def test_sheets_become_tables_under_their_names_with_merged_cells_and_amounts():
    def build(workbook):
        sheet = workbook.active
        sheet.title = "挂失"
        sheet.append(["项目", "金额"])
        sheet.append(["手续费", 1234.5])
        sheet["B2"].number_format = "#,##0.00"
        sheet.merge_cells("A3:B3")
        sheet["A3"] = "以上均含税"

    html = excel(build).html
    assert html.startswith("<h2>挂失</h2><table><thead><tr><th>项目</th><th>金额</th></tr></thead>")
    assert "<td>1,234.50</td>" in html
    assert '<td colspan="2">以上均含税</td>' in html


def test_hidden_parts_of_a_workbook_stay_out_and_are_named():
    def build(workbook):
        sheet = workbook.active
        for row in (["项目", "成本", "售价"], ["挂失", 3, 10], ["秘密", 1, 2]):
            sheet.append(row)
        sheet["C4"] = "=SUM(C2:C3)"
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True
        workbook.create_sheet("测算").sheet_state = "hidden"

    found = excel(build)
    assert "秘密" not in found.html
    assert "成本" not in found.html
    assert lost(found) == {"formula": 1, "hidden_row": 1, "hidden_column": 1, "hidden_sheet": 1}
    assert [loss.detail for loss in found.losses if loss.kind == "hidden_sheet"] == ["测算"]


def test_an_old_workbook_is_read():
    found = SandboxedConverter().convert("a.xls", (SAMPLES / "corporate-fees.xls").read_bytes())
    assert "<h2>账户服务</h2><table>" in found.html


def test_a_pdf_comes_page_by_page_and_says_that_its_layout_is_gone():
    found = SandboxedConverter().convert("a.pdf", (SAMPLES / "lc-guide.pdf").read_bytes())
    assert found.html.startswith("<h2>第 1 页</h2><p>")
    assert "layout" in lost(found)


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.docx", b"", "empty"),
        ("a.docx", b"PK\x03\x04 not a package", "broken"),
        ("a.exe", b"MZ", "unsupported"),
        ("a.pdf", b"PK\x03\x04", "unsupported"),
    ],
)
def test_a_bad_file_gives_a_reason_and_no_text(name, data, status):
    found = SandboxedConverter().convert(name, data)
    assert (found.status, found.html) == (status, "")
    assert found.reason


def test_a_conversion_that_takes_too_long_is_ended():
    found = SandboxedConverter(Limits(wall_seconds=0.02)).convert(
        "a.xls", (SAMPLES / "corporate-fees.xls").read_bytes()
    )
    assert found.status == "timeout"


@pytest.mark.parametrize(
    "said",
    [
        b"[]",
        b'{"outcome": "OK", "title": "", "html": 3, "images": [], "losses": []}',
        b'{"outcome": "OK", "title": "", "html": "", "images": [], "losses": [["odd", 1, ""]]}',
        b'{"outcome": "ODD", "title": "", "html": "", "images": [], "losses": []}',
    ],
)
def test_what_a_child_says_is_not_trusted(said):
    with pytest.raises(ValueError, match="malformed"):
        decode(said)
