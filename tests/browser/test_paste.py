"""The paste filter, in a real browser: structure stays, what office programs add goes."""

from typing import Any

import pytest
from clipboards import EXCEL, EXCEL_CLEAN, WORD, WORD_CLEAN

from kb.markup import render

CLEAN = """async ([module, html]) => (await import(module)).cleaned(html).root.innerHTML"""


def item(marker: str, text: str, level: int = 1) -> str:
    ignored = f"<span style='mso-list:Ignore'>{marker}<span>&nbsp;&nbsp;</span></span>"
    return f"<p class=MsoListParagraph style='mso-list:l1 level{level} lfo2'>{ignored}{text}</p>"


@pytest.fixture
def clean(open_page: Any) -> Any:
    """Cleans HTML with the page's own module."""
    # Parsing alone makes a browser name the styles and handlers that the filter then drops.
    page = open_page("/login", role=None, expected_faults=("Content Security Policy",))
    theme = page.get_attribute("script[src*='js/theme.js']", "src")
    module = theme.replace("js/theme.js", "js/editor/paste.js")
    return lambda html: page.evaluate(CLEAN, [module, html])


pytestmark = pytest.mark.browser


def test_a_word_clipboard_keeps_headings_numbers_and_merged_cells(clean):
    assert clean(WORD) == WORD_CLEAN


def test_an_excel_clipboard_keeps_merged_cells_and_leaves_hidden_rows_out(clean):
    assert clean(EXCEL) == EXCEL_CLEAN


@pytest.mark.parametrize("html", [WORD_CLEAN, EXCEL_CLEAN])
def test_the_server_keeps_what_the_filter_keeps(html):
    again = render(html, "html")
    assert again.lost == ()
    for piece in (
        ('colspan="2"', 'rowspan="2"', "<td></td>") if html is EXCEL_CLEAN else ('start="3"', 'type="a"')
    ):
        assert piece in again.html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (item("·", "甲") + item("o", "乙", 2), "<ul><li>甲<ul><li>乙</li></ul></li></ul>"),
        (item("（一）", "适用范围") + item("（二）", "条件"), "<p>（一）适用范围</p><p>（二）条件</p>"),
        (item("1.1", "范围"), "<p>1.1 范围</p>"),
        (item("第一条", "为规范"), "<p>第一条为规范</p>"),
        (item("5、", "甲") + item("6、", "乙"), '<ol start="5"><li>甲</li><li>乙</li></ol>'),
        (item("1.", "甲") + item("3.", "乙"), '<ol><li>甲</li></ol><ol start="3"><li>乙</li></ol>'),
        (item("i.", "甲") + item("ii.", "乙"), '<ol type="i"><li>甲</li><li>乙</li></ol>'),
        (item("a.", "深", 3), '<ol type="a"><li>深</li></ol>'),
        (
            "<h1 style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>二、</span>流程</h1>",
            "<h1>二、流程</h1>",
        ),
        ("<ol><li>甲</li><ol><li>乙</li></ol></ol>", "<ol><li>甲<ol><li>乙</li></ol></li></ol>"),
        ("<p class=MsoTitle>制度</p><p style='mso-outline-level:2'>总则</p>", "<h1>制度</h1><h2>总则</h2>"),
        (
            "<p><span style='font-weight:700;text-decoration:underline'>重</span></p>",
            "<p><strong><u>重</u></strong></p>",
        ),
        (
            "<p><a name=_Toc1>目录</a><a href='https://x.cn/'>链</a></p>",
            '<p>目录<a href="https://x.cn/">链</a></p>',
        ),
        ("<p>a<script>alert(1)</script><img src=x onerror=alert(1)></p>", '<p>a<img src="x"></p>'),
        ("<p><a href='javascript:alert(1)'>x</a></p>", "<p>x</p>"),
        ("<div>一</div><div>二</div>", "<p>一</p><p>二</p>"),
        ("<b style='font-weight:normal' id=docs-internal-guid><p>文</p></b>", "<p>文</p>"),
        ("散<p>段</p>", "<p>散</p><p>段</p>"),
        ("只有文字", "只有文字"),
    ],
)
def test_one_thing_at_a_time(clean, html, expected):
    assert clean(html) == expected


def test_pictures_are_read_from_the_rtf_beside_the_html(clean, open_page):
    page = open_page("/login", role=None)
    module = page.get_attribute("script[src*='js/theme.js']", "src").replace(
        "theme.js", "editor/pasted_images.js"
    )
    digits = "89504e470d0a1a0a" + "00" * 40
    rtf = r"{\rtf1{\*\shppict{\pict\picw10\pngblip " + digits + r"}}{\nonshppict{\pict\wmetafile8 0102}}}"
    sizes = page.evaluate(
        "async ([module, rtf]) => (await import(module)).fromRtf(rtf).map((blob) => [blob.type, blob.size])",
        [module, rtf],
    )
    assert sizes == [["image/png", 48]]
