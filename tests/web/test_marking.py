"""Marks in text and in stored HTML: every place is marked, nothing is ever unescaped or torn."""

import re
import time
from collections.abc import Callable
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from kb.markup import render
from kb.ports import Marks
from web.marking import around, mark_html, marked, opening, shifted_levels

TAGS = re.compile(r"<[^>]*>")
MARK = re.compile(r"</?mark[^>]*>")


def finder(word: str) -> Callable[[str], Marks]:
    """Return what finds every place of a word, as an engine would."""

    def find(text: str) -> Marks:
        return tuple((match.start(), match.end()) for match in re.finditer(re.escape(word), text))

    return find


def text_of(html: str) -> str:
    return unescape(TAGS.sub("", html))


def test_a_repeated_word_is_marked_every_time() -> None:
    assert marked("利率与利率", ((0, 2), (3, 5))) == "<mark>利率</mark>与<mark>利率</mark>"


def test_text_is_escaped_inside_and_outside_of_marks() -> None:
    shown = marked("<b>&利率</b>", ((0, 6), (6, 8)))
    assert shown == "<mark>&lt;b&gt;&amp;利率</mark><mark>&lt;/</mark>b&gt;"


def test_marks_beyond_the_text_or_overlapping_are_left_out() -> None:
    assert marked("利率", ((0, 2), (1, 2), (1, 9), (2, 1))) == "<mark>利率</mark>"


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=8))
def test_marking_never_changes_the_text(text: str, ranges: list[tuple[int, int]]) -> None:
    assert unescape(MARK.sub("", marked(text, tuple(ranges)))) == unescape(str(marked(text, ())))


def test_a_passage_is_cut_to_where_its_first_mark_is() -> None:
    text, marks = around("一二三四五六七八九十挂失", ((10, 12),), before=2)
    assert text == "…九十挂失"
    assert [text[start:end] for start, end in marks] == ["挂失"]


def test_a_passage_that_begins_with_its_mark_stays_whole() -> None:
    assert around("挂失手续费", ((0, 2),)) == ("挂失手续费", ((0, 2),))


def test_a_word_is_marked_in_a_paragraph() -> None:
    page = mark_html("<p>办理挂失后再挂失。</p>", finder("挂失"))
    assert page.html == '<p>办理<mark data-hit="1">挂失</mark>后再<mark data-hit="2">挂失</mark>。</p>'
    assert page.hits == 2


def test_a_word_that_crosses_inline_tags_is_one_hit_in_several_pieces() -> None:
    page = mark_html("<p>口头<strong>挂</strong>失</p>", finder("挂失"))
    assert page.html == (
        '<p>口头<strong><mark data-hit="1">挂</mark></strong><mark data-hit="1">失</mark></p>'
    )
    assert page.hits == 1


def test_a_word_is_not_found_across_blocks() -> None:
    assert mark_html("<p>口挂</p><p>失效</p>", finder("挂失")).hits == 0


def test_words_in_attributes_and_tag_names_are_left_alone() -> None:
    html = '<p><a href="/a/1?q=p" title="a > p">p</a></p>'
    assert mark_html(html, finder("p")).html == (
        '<p><a href="/a/1?q=p" title="a > p"><mark data-hit="1">p</mark></a></p>'
    )


def test_an_entity_is_marked_whole_and_stays_escaped() -> None:
    page = mark_html("<p>A&amp;B&lt;C</p>", finder("&B<"))
    assert page.html == (
        '<p>A<mark data-hit="1">&amp;</mark><mark data-hit="1">B</mark><mark data-hit="1">&lt;</mark>C</p>'
    )


def test_a_text_between_quotation_marks_is_not_taken_for_an_entity() -> None:
    assert mark_html("""'挂"失""", finder("挂")).html == '&#39;<mark data-hit="1">挂</mark>&#34;失'
    assert mark_html("""'挂\"""", finder("挂")).html == '&#39;<mark data-hit="1">挂</mark>&#34;'


def test_a_script_in_a_text_cannot_come_alive_through_marking() -> None:
    html = render("&lt;script&gt;alert(1)&lt;/script&gt; 挂失", "markdown").html
    shown = mark_html(html, finder("script")).html
    assert "<script" not in shown
    assert text_of(shown).strip() == "<script>alert(1)</script> 挂失"


def test_alignment_becomes_a_class_because_inline_styles_are_forbidden() -> None:
    html = render("|a|b|\n|:-:|--:|\n|1|2|", "markdown").html
    shown = mark_html(html).html
    assert "style=" not in shown
    assert '<th class="text-center">a</th>' in shown
    assert '<td class="text-right">2</td>' in shown


def test_a_table_scrolls_in_a_box_that_the_keyboard_reaches() -> None:
    shown = mark_html("<table><tbody><tr><td>1</td></tr></tbody></table>").html
    assert shown.startswith('<div class="table-box" tabindex="0"><table>')
    assert shown.endswith("</table></div>")


def test_headings_go_below_the_title_without_leaving_a_level_out() -> None:
    html = "<h1>甲</h1><h4>乙</h4><h4>丙</h4><h1>丁</h1><h2>戊</h2>"
    assert mark_html(html).html == "<h2>甲</h2><h3>乙</h3><h3>丙</h3><h2>丁</h2><h3>戊</h3>"
    assert shifted_levels([1, 4, 4, 1, 2], top=1) == [1, 2, 2, 1, 2]


def test_headings_keep_their_anchors() -> None:
    html = render("## 口头挂失\n\n### 有效期", "markdown").html
    shown = mark_html(html, finder("挂失")).html
    assert '<h2 id="h-口头挂失">口头<mark data-hit="1">挂失</mark></h2>' in shown
    assert '<h3 id="h-有效期">有效期</h3>' in shown


def test_nothing_is_marked_without_a_marker() -> None:
    assert mark_html("<p>挂失</p>").html == "<p>挂失</p>"


@given(st.text(alphabet="挂失<>&\"' \n*#`|-a1", max_size=120), st.sampled_from(["挂", "挂失", "a", "<", "&"]))
def test_marking_stored_html_changes_neither_text_nor_tags(source: str, word: str) -> None:
    html = render(source, "html").html
    plain, shown = mark_html(html).html, mark_html(html, finder(word)).html
    assert MARK.sub("", shown) == plain


def test_the_opening_is_cut_between_two_blocks() -> None:
    html = "<h2>甲</h2>\n<ul><li>乙</li><li>丙</li></ul>\n<p>丁</p>"
    assert opening(html, 12) == ("<h2>甲</h2>\n<ul><li>乙</li><li>丙</li></ul>", True)


def test_a_short_page_is_its_own_opening() -> None:
    assert opening("<p>甲<br>乙</p>\n", 1000) == ("<p>甲<br>乙</p>\n", False)


def test_the_longest_article_is_marked_in_reasonable_time() -> None:
    html = "<p>客户<b>挂失</b>后 7 天可以补卡 &amp; 领卡，收取工本费 10 元。</p>\n" * 25_000
    started = time.process_time()
    page = mark_html(html, finder("补卡"))
    assert page.hits == 25_000
    assert time.process_time() - started < 5


def test_unclosed_quotes_cannot_make_the_scan_slow() -> None:
    hostile = '<a href="' * 20_000
    started = time.process_time()
    mark_html(hostile)
    assert time.process_time() - started < 5


def test_a_long_page_that_was_shown_before_is_marked_with_the_words_of_now() -> None:
    html = "<h4>挂失</h4><p>补卡 &amp; 挂失</p>" * 1_000
    first, second = mark_html(html, finder("挂失")), mark_html(html, finder("补卡"), top=3)
    assert (first.hits, second.hits) == (2_000, 1_000)
    assert mark_html(html, finder("挂失")) == first
    assert TAGS.sub("", second.html) == TAGS.sub("", html)
    assert "<h2>" in first.html and "<h3>" in second.html
    assert mark_html(html).html == MARK.sub("", first.html)
