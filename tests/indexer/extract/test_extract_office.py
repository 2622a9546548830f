"""Text of modern Office files."""

import datetime

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from openpyxl.worksheet.worksheet import Worksheet
from pptx.util import Inches

TEXT_BOX = (
    f"<w:p {nsdecls('w')} xmlns:v='urn:schemas-microsoft-com:vml'><w:r><w:t>正文</w:t></w:r><w:r><w:pict>"
    "<v:shape><v:textbox><w:txbxContent><w:p><w:r><w:t>框内提示</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape>"
    "</w:pict></w:r></w:p>"
)
REVISED = (
    f"<w:p {nsdecls('w')}><w:r><w:t>工本费</w:t></w:r><w:del><w:r><w:delText>15</w:delText></w:r></w:del>"
    "<w:ins><w:r><w:t>10</w:t></w:r></w:ins><w:r><w:t>元</w:t></w:r></w:p>"
)
CONTENT_CONTROL = (
    f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>控件里的文字</w:t></w:r></w:p>"
    "</w:sdtContent></w:sdt>"
)
# Some exporters write a fill without a pattern, which not every library accepts.
EMPTY_FILL = (
    b"<styleSheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'>"
    b"<fills count='1'><fill/></fills></styleSheet>"
)


def insert(document, xml):
    document.element.body.insert(0, parse_xml(xml))


def test_paragraphs_and_tables_of_a_docx_keep_their_order(extractor, make_docx, text_of):
    def build(document):
        document.add_paragraph("前言")
        table = document.add_table(1, 2)
        table.cell(0, 0).text, table.cell(0, 1).text = "补卡工本费", "10元/张"
        document.add_paragraph("后记")

    text = text_of(extractor.extract("a.docx", make_docx(build=build)))
    assert text == "前言\n补卡工本费 | 10元/张\n后记"


def test_a_merged_cell_of_a_docx_is_read_once(extractor, make_docx, text_of):
    def build(document):
        table = document.add_table(1, 3)
        table.cell(0, 0).merge(table.cell(0, 2)).text = "合并单元格"

    assert text_of(extractor.extract("a.docx", make_docx(build=build))).count("合并单元格") == 1


def test_a_nested_table_stands_in_the_row_of_its_cell(extractor, make_docx, text_of):
    def build(document):
        cell = document.add_table(1, 2).cell(0, 1)
        cell.add_table(1, 1).cell(0, 0).text = "内层"
        document.tables[0].cell(0, 0).text = "外层"

    assert text_of(extractor.extract("a.docx", make_docx(build=build))) == "外层 | 内层"


def test_header_footer_and_text_box_of_a_docx_are_found(extractor, make_docx, text_of):
    def build(document):
        document.sections[0].header.paragraphs[0].text = "页眉文号"
        document.sections[0].footer.paragraphs[0].text = "页脚联次"
        insert(document, TEXT_BOX)

    text = text_of(extractor.extract("a.docx", make_docx(build=build)))
    assert [text.count(word) for word in ("页眉文号", "页脚联次", "框内提示", "正文")] == [1, 1, 1, 1]


def test_deleted_text_of_a_docx_is_gone_and_inserted_text_is_there(extractor, make_docx, text_of):
    data = make_docx(build=lambda document: insert(document, REVISED))
    assert text_of(extractor.extract("a.docx", data)) == "工本费10元"


def test_text_in_content_controls_is_found(extractor, make_docx, text_of):
    data = make_docx(build=lambda document: insert(document, CONTENT_CONTROL))
    assert "控件里的文字" in text_of(extractor.extract("a.docx", data))


def test_a_long_docx_is_cut_into_parts_at_paragraphs(extractor, make_docx):
    result = extractor.extract("a.docx", make_docx(*["这是一段关于挂失业务的说明文字。" * 10] * 40))
    assert len(result.parts) > 2
    assert all(part.text.endswith("。") and len(part.text) <= 2100 for part in result.parts)


def test_a_docx_without_text_is_called_empty(extractor, make_docx):
    result = extractor.extract("a.docx", make_docx())
    assert (result.status, result.parts) == ("empty", ())


def test_a_sheet_row_carries_sheet_name_and_row_number(extractor, make_xlsx):
    def build(workbook):
        sheet: Worksheet = workbook.active
        sheet.title = "年费"
        sheet["A1"] = "卡种"
        sheet["A4"], sheet["C4"] = "白金卡", 1200

    parts = extractor.extract("a.xlsx", make_xlsx(build)).parts
    assert [(part.kind, part.label, part.number, part.text) for part in parts] == [
        ("sheet", "年费", 1, "卡种"),
        ("sheet", "年费", 4, "白金卡 | 1200"),
    ]


def test_percentages_and_dates_of_a_sheet_read_as_they_are_shown(extractor, make_xlsx, text_of):
    def build(workbook):
        sheet: Worksheet = workbook.active
        sheet.append([0.0145, 0.05, 10.0, datetime.date(2020, 3, 2), True])
        sheet["A1"].number_format, sheet["B1"].number_format = "0.00%", "0%"

    assert text_of(extractor.extract("a.xlsx", make_xlsx(build))) == "1.45% | 5% | 10 | 2020-03-02 | 是"


def test_a_hidden_sheet_is_not_searchable(extractor, make_xlsx, text_of):
    def build(workbook):
        workbook.active["A1"] = "公开"
        hidden = workbook.create_sheet("底稿")
        hidden["A1"] = "成本价"
        hidden.sheet_state = "hidden"

    assert text_of(extractor.extract("a.xlsx", make_xlsx(build))) == "公开"


def test_a_single_far_cell_costs_neither_memory_nor_time(extractor, make_xlsx, text_of):
    def build(workbook):
        workbook.active["A1"] = "近处"
        workbook.active["XFD1048576"] = "天边"

    result = extractor.extract("a.xlsx", make_xlsx(build))
    assert (result.status, text_of(result)) == ("ok", "近处")
    assert "前面的部分" in result.note


def test_sheets_beyond_the_fiftieth_are_left_out_with_a_note(extractor, make_xlsx):
    def build(workbook):
        for number in range(60):
            workbook.create_sheet(f"表{number}")["A1"] = f"内容{number}"

    result = extractor.extract("a.xlsx", make_xlsx(build))
    assert len(result.parts) == 49  # the first sheet of the workbook is blank
    assert result.note


def test_a_workbook_that_the_first_reader_rejects_is_read_by_the_second(
    extractor, make_xlsx, rewrite_zip, text_of
):
    def build(workbook):
        workbook.active["A1"] = "仍可读取"

    data = rewrite_zip(make_xlsx(build), {"xl/styles.xml": EMPTY_FILL})
    result = extractor.extract("a.xlsx", data)
    assert (result.status, text_of(result)) == ("ok", "仍可读取")


def test_slides_carry_their_number_with_tables_groups_and_notes(extractor, make_pptx):
    def build(presentation):
        presentation.slides.add_slide(presentation.slide_layouts[6])
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        slide.shapes.title.text = "转账限额"
        cell = slide.shapes.add_table(1, 1, 0, 0, Inches(2), Inches(1)).table.cell(0, 0)
        cell.text = "50万元"
        group = slide.shapes.add_group_shape()
        group.shapes.add_textbox(0, 0, Inches(2), Inches(1)).text_frame.text = "组合里的框"
        slide.notes_slide.notes_text_frame.text = "讲稿备注"

    parts = extractor.extract("a.pptx", make_pptx(build)).parts
    assert [(part.kind, part.number) for part in parts] == [("slide", 2)]
    assert all(word in parts[0].text for word in ("转账限额", "50万元", "组合里的框", "讲稿备注"))
