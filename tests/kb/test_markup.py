"""What authors write becomes the HTML and the text they meant."""

import re
import time

import pytest

from kb.markup import plain_text, render, sanitizer_version


def html_of(source: str) -> str:
    return render(source, "html").html


def markdown_of(source: str) -> str:
    return render(source, "markdown").html


# --- Markdown ---------------------------------------------------------------------------------------


def test_chinese_bold_next_to_punctuation_is_bold() -> None:
    assert "<strong>注意：</strong>请核验" in markdown_of("**注意：**请核验")
    assert "<strong>“挂失”</strong>手续费" in markdown_of("客户说**“挂失”**手续费")


def test_a_table_keeps_its_cells_and_alignment() -> None:
    page = render("| 业务 | 收费 |\n|------|-----:|\n| 挂失 | 10元<br>每笔 |", "markdown")
    assert '<td style="text-align: right;">10元<br>' in page.html
    assert page.text == "业务 | 收费\n挂失 | 10元 每笔"


def test_raw_html_in_markdown_is_shown_as_text() -> None:
    page = render("<b onclick=x>粗</b> <script>alert(1)</script>", "markdown")
    assert page.html == "<p>&lt;b onclick=x&gt;粗&lt;/b&gt; &lt;script&gt;alert(1)&lt;/script&gt;</p>"


def test_a_fence_inside_a_list_keeps_its_lines_and_language() -> None:
    html = markdown_of("- 步骤\n\n    ```sql\n    select 1\n\n    where x < 2\n    ```")
    assert '<code class="language-sql">select 1\n\nwhere x &lt; 2' in html


def test_a_single_line_break_is_kept() -> None:
    assert render("第一行\n第二行", "markdown").text == "第一行\n第二行"


def test_a_task_list_shows_its_boxes() -> None:
    assert render("- [ ] 核验证件\n- [x] 登记", "markdown").text == "☐ 核验证件\n☑ 登记"


def test_strikethrough_marks_admonitions_details_and_definitions_are_rendered() -> None:
    html = markdown_of(
        '~~旧~~ ==重点==\n\n!!! warning "警示"\n    勿外传\n\n??? 展开\n    细则\n\n口径\n:   标准说法'
    )
    for expected in (
        "<del>旧</del>",
        "<mark>重点</mark>",
        '<div class="admonition warning">',
        "<summary>展开</summary>",
        "<dt>口径</dt>",
        "<dd>标准说法</dd>",
    ):
        assert expected in html


def test_attribute_lists_are_not_understood() -> None:
    page = render("# 标题 {: onclick=alert(1) .x #y}", "markdown")
    assert page.text == "标题 {: onclick=alert(1) .x #y}"
    assert " onclick=" not in page.html.split(">")[0]


def test_a_footnote_links_to_its_text_and_back() -> None:
    html = markdown_of("工本费10[^费]元\n\n[^费]: 含税")
    reference = re.search(r'<sup id="([^"]+)"><a href="#([^"]+)"', html)
    assert reference is not None
    assert f'<li id="{reference[2]}">' in html
    assert f'href="#{reference[1]}"' in html


def test_a_footnote_number_does_not_run_into_an_amount() -> None:
    assert "10[1]元" in render("工本费10[^1]元\n\n[^1]: 含税", "markdown").text


# --- headings ---------------------------------------------------------------------------------------


def test_headings_get_prefixed_unique_anchors_and_are_listed() -> None:
    page = render("# 一、总则\n\n## 收费 Fee\n\n## 收费 Fee\n\n### **！**", "markdown")
    listed = [(heading.level, heading.anchor, heading.text) for heading in page.headings]
    assert listed == [
        (1, "h-一总则", "一、总则"),
        (2, "h-收费-fee", "收费 Fee"),
        (2, "h-收费-fee-2", "收费 Fee"),
        (3, "h-4", "！"),
    ]
    assert all(f'id="{heading.anchor}"' in page.html for heading in page.headings)


def test_a_link_to_a_heading_finds_its_anchor() -> None:
    page = render("[见收费](#收费--fee)\n\n## 收费 & Fee", "markdown")
    assert f'href="#{page.headings[0].anchor}"' in page.html


def test_ids_of_the_author_do_not_survive() -> None:
    page = render('<h2 id="location">标题</h2><li id="h-x">项</li><p id="body">字</p>', "html")
    assert 'id="location"' not in page.html
    assert 'id="body"' not in page.html
    assert page.headings[0].anchor == "h-标题"


# --- HTML -------------------------------------------------------------------------------------------


def test_script_style_and_head_go_with_their_content() -> None:
    page = render(
        "<html><head><title>t</title><style>p{color:red}</style></head><body><script>alert(1)</script>"
        "<xml><w:View>Normal</w:View></xml><p>正文</p></body></html>",
        "html",
    )
    assert page.html.strip() == "<p>正文</p>"
    assert page.lost == ("已移除脚本、内嵌页面、多媒体或表单等不能保存的内容，共 1 处。",)


def test_merged_cells_survive() -> None:
    html = html_of('<table><tr><td rowspan="2" colspan=3 width=9 onclick="x()">甲</td></tr></table>')
    assert re.search(r'<td (?=[^>]*rowspan="2")(?=[^>]*colspan="3")[^>]*>甲</td>', html)
    assert "onclick" not in html


def test_only_text_align_survives_of_a_style() -> None:
    html = html_of('<p style="color:red;TEXT-ALIGN:Center">字</p><p style="text-align:expression(1)">字</p>')
    assert html == '<p style="text-align: center;">字</p><p>字</p>'


def test_pasted_sections_stay_separate_blocks() -> None:
    assert render("<section>甲</section><center>乙</center><o:p>丙</o:p>", "html").text == "甲\n乙\n丙"


# --- plain text -------------------------------------------------------------------------------------


def test_blocks_items_and_cells_are_told_apart() -> None:
    html = (
        "<h2>标题</h2><p>甲<br>乙</p><ul><li>一</li><li>二<ol><li>三</li></ol></li></ul>"
        "<table><tr><th>业务</th><th>费</th></tr><tr><td><p>挂失</p><p>口头</p></td><td></td></tr></table><p>末</p>"
    )
    assert plain_text(html) == "标题\n甲\n乙\n一\n二\n三\n业务 | 费\n挂失 口头 | \n末"


def test_entities_spaces_and_wrapped_lines_read_as_a_browser_shows_them() -> None:
    assert (
        plain_text("<p> a &lt;b&gt;&nbsp; c\nd </p><p>口头\n挂失 &amp;lt;</p>") == "a <b> c d\n口头挂失 &lt;"
    )


def test_preformatted_text_keeps_its_lines_and_indentation() -> None:
    assert plain_text("<pre><code>if x:\n    y\n</code></pre>") == "if x:\n    y"


def test_the_text_of_a_page_is_the_plain_text_of_its_html() -> None:
    page = render("# 题\n\n- 甲\n- 乙\n\n|a|b|\n|-|-|\n|1|2|\n\n```\n  x\n```", "markdown")
    assert plain_text(page.html) == page.text


@pytest.mark.parametrize("source", ["<p>字</p>" * 110_000, "<" * 1_000_000, "<a " * 330_000, "&" * 1_000_000])
def test_a_megabyte_is_read_in_linear_time(source: str) -> None:
    began = time.process_time()
    plain_text(source)
    assert time.process_time() - began < 10


def test_the_version_names_the_rules_and_the_libraries_and_fits_its_column() -> None:
    assert re.match(r"\d+ \(bleach [\d.]+, nh3 [\d.]+, markdown [\d.]+\)\Z", sanitizer_version())
    assert len(sanitizer_version()) <= 80
