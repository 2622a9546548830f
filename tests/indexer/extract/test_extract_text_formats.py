"""Text of plain files, tables, web pages and old Word documents."""

import codecs
import struct

import pytest

NOTICE = "关于调整借记卡工本费的通知\r\n补卡工本费 10元/张"
LINES = "关于调整借记卡工本费的通知\n补卡工本费 10元/张"


@pytest.mark.parametrize(
    "data",
    [
        NOTICE.encode(),
        codecs.BOM_UTF8 + NOTICE.encode(),
        NOTICE.encode("gb18030"),
        codecs.BOM_UTF16_LE + NOTICE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + NOTICE.encode("utf-16-be"),
    ],
    ids=["utf-8", "utf-8 with mark", "gb18030", "utf-16-le", "utf-16-be"],
)
def test_a_text_file_is_read_in_every_usual_encoding(extractor, text_of, data):
    assert text_of(extractor.extract("通知.txt", data)) == LINES


def test_a_rare_name_in_gb18030_survives(extractor, text_of):
    assert text_of(extractor.extract("a.txt", "客户：𠮷田，䶮先生".encode("gb18030"))) == "客户：𠮷田，䶮先生"


def test_a_few_damaged_bytes_do_not_hide_a_text_file(extractor, text_of):
    data = "挂失业务说明。".encode() * 100 + b"\xff" + "补卡".encode()
    assert "补卡" in text_of(extractor.extract("a.txt", data))


def test_random_bytes_are_not_taken_for_text(extractor):
    data = bytes(range(128, 256)) * 20 + b"\xff\x80" * 50
    assert extractor.extract("a.txt", data).status == "broken"


def test_a_text_file_with_nul_bytes_is_refused(extractor):
    assert extractor.extract("a.txt", b"abc\0def").status == "unsupported"


def test_markdown_is_read_as_it_is_written(extractor, text_of):
    assert text_of(extractor.extract("a.md", "# 挂失\n\n- 口头挂失".encode())) == "# 挂失\n- 口头挂失"


def test_a_line_without_end_is_cut_after_sentences(extractor):
    parts = extractor.extract("a.txt", ("挂失手续费十元。" * 1000).encode()).parts
    assert len(parts) > 3
    assert all(part.text.endswith("。") for part in parts)


def test_csv_rows_carry_their_number_and_quoted_commas_stay(extractor):
    data = codecs.BOM_UTF8 + '网点,地址\n\n城东支行,"东风路218号,一层"\n'.encode()
    parts = extractor.extract("网点.csv", data).parts
    assert [(part.kind, part.number, part.label, part.text) for part in parts] == [
        ("sheet", 1, "", "网点 | 地址"),
        ("sheet", 3, "", "城东支行 | 东风路218号,一层"),
    ]


def test_a_tab_separated_table_is_understood(extractor):
    parts = extractor.extract("a.csv", "卡种\t年费\n普卡\t100\n".encode("gb18030")).parts
    assert [part.text for part in parts] == ["卡种 | 年费", "普卡 | 100"]


def test_a_csv_beyond_the_row_cap_says_so(extractor):
    result = extractor.extract("a.csv", b"a,b\n" * 20_001)
    assert (result.status, len(result.parts)) == ("ok", 20_000)
    assert result.note


def test_a_web_page_gives_lines_without_scripts_and_styles(extractor, text_of):
    page = (
        "<html><head><title>消保</title><style>p{color:red}</style></head><body><h1>八项权利</h1>"
        "<p>知情<b>权</b>&amp;选择权<br>第二行</p><script>alert('x')</script><!-- 注释 -->"
        "<table><tr><td><p>R1</p></td><td><p>低风险</p></td></tr></table></body></html>"
    )
    text = text_of(extractor.extract("a.html", page.encode()))
    assert text == "消保\n八项权利\n知情权&选择权\n第二行\nR1 | 低风险"


def test_an_old_web_page_in_gb2312_is_read(extractor, text_of):
    page = "<meta charset=gb2312><p>营业时间</p>".encode("gb2312")
    assert text_of(extractor.extract("a.htm", page)) == "营业时间"


def test_a_doc_joins_its_pieces_of_either_width(extractor, make_doc, text_of):
    data = make_doc("第一条　口头挂失有效期", "5", "天。\r", "Ext. 8206\r")
    assert text_of(extractor.extract("规程.doc", data)) == "第一条　口头挂失有效期5天。\nExt. 8206"


def test_a_doc_table_becomes_rows(extractor, make_doc, text_of):
    data = make_doc("项目\x07标准\x07\x07补卡\x0710元\x07\x07")
    assert text_of(extractor.extract("a.doc", data)) == "项目 | 标准\n补卡 | 10元"


def test_a_doc_shows_field_results_and_hides_field_codes(extractor, make_doc, text_of):
    data = make_doc("详见", "\x13 HYPERLINK x \x14", "官网", "\x15", "。\r")
    assert text_of(extractor.extract("a.doc", data)) == "详见官网。"


def test_an_encrypted_doc_is_called_encrypted(extractor, make_doc):
    result = extractor.extract("a.doc", make_doc("密文\r", flags=0x0300))
    assert (result.status, result.parts) == ("encrypted", ())


def test_a_word_95_document_is_named_as_too_old(extractor, make_doc):
    result = extractor.extract("a.doc", make_doc("旧\r", magic=0xA5DC))
    assert result.status == "unsupported"
    assert "Word 95" in result.note


def test_a_doc_with_a_piece_table_beyond_its_stream_is_broken(extractor, make_doc):
    data = bytearray(make_doc("正文\r"))
    at = data.index(struct.pack("<II", 64, 26))
    data[at : at + 8] = struct.pack("<II", 2**31, 26)
    assert extractor.extract("a.doc", bytes(data)).status == "broken"


def test_an_encrypted_xls_is_called_encrypted(extractor, make_ole):
    records = struct.pack("<HHHH", 0x0809, 4, 0x0600, 5) + struct.pack("<HHH", 0x002F, 2, 1)
    assert extractor.extract("a.xls", make_ole({"Workbook": records})).status == "encrypted"


def test_an_encrypted_docx_is_called_encrypted(extractor, make_ole):
    data = make_ole({"EncryptedPackage": b"x", "EncryptionInfo": b"y"})
    assert extractor.extract("a.docx", data).status == "encrypted"
