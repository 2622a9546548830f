"""Nothing that authors write, by mistake or on purpose, harms a reader or stops the server."""

import re
import time
from html import unescape

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kb.markup import MarkupTooLarge, render
from kb.markup.attributes import link_address
from kb.markup.sanitizing import sanitize

# fmt: off
FRAGMENTS = [
    "<script>", "</script>", "<svg>", "<math>", "<style>", "</style>", "<p", ">", "<a href=", '"', "'",
    "javascript:", "alert(1)", "`", "<img src=x onerror=", "onclick=", "<!--", "-->", "<![CDATA[", "]]>",
    "<table>", "<td>", "<tr>", "</table>", "<select>", "<noscript>", "<title>", "<textarea>", "<h1 id=",
    "h-x", "<iframe srcdoc=", "&lt;", "&#x6A;", "&#0;", "\x00", "\u200b", "//evil", "\\\\evil", " ", "银行",
    "<mglyph>", "<mtext>", "<annotation-xml encoding=text/html>", "<template>", "<form>", "<li>", "<br>",
    "**", "[x](", ")", "](", "![", "```", "\n", "\n\n", "- ", "> ", "|", "|-|", "# ", "[^1]", "[^1]: ",
]
GOOD_ADDRESSES = [
    "https://bank.example/a?b=c#d", "http://10.1.2.3:8080/x", "mailto:kb@bank.example", "tel:955000",
    "/a/12-挂失", "#h-收费", "/a%20b",
]
BAD_ADDRESSES = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "&#106;avascript:alert(1)",
    "javascript:1", "vbscript:1", "data:1", "weixin:123", "data:text/html,x", " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript:`客服电话已变更，请致电13800000000办理`", "java\u200bscript:alert(1)",
    "\u200bjavascript:alert(1)", "//evil.example", "\\\\evil.example", "/\\evil.example",
    "/\t/evil.example", "https:evil", "https:/evil", "https:///evil", "http:\\\\evil",
    "https://bank.example@evil.example/", "https://\u202egpj.exe", "relative.html", "?q=1", "",
    "feed:javascript:alert(1)", "view-source:x",
]
BAD_IMAGES = [
    "https://evil.example/a.png", "//evil/a.png", "/files/../logout", "/files/%2e%2e/logout",
    "/files//evil", "/filesystem/a.png", "data:image/png;base64,AAAA", "a.png", "/logout", "/files/%2E./x",
    "/files\\a.png", "/attachments/", "file:///c/a.png",
]
ATTACKS = [
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=x()&gt;">',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<a href=x formaction=javascript:alert(1)>x</a><button formaction=javascript:alert(1)>y</button>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=x></object><embed src=x>",
    "<base href=//evil><meta http-equiv=refresh content='0;url=//evil'><link rel=stylesheet href=//evil>",
    "<img src=x onerror=alert(1)//", "<a onmouseover=alert(1)>x", "<input autofocus onfocus=alert(1)>",
    "<svg/onload=alert(1)>", "<p lang=x class=btn data-bs-toggle=modal hx-get=/logout>x</p>",
]
# fmt: on

ANYTHING = st.text(max_size=300)
NASTY = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def html_of(source: str) -> str:
    return render(source, "html").html


def markdown_of(source: str) -> str:
    return render(source, "markdown").html


def assert_harmless(html: str) -> None:
    tags = re.findall(r"<[^>]*>", html)
    assert html.count("<") == len(tags)
    for tag in tags:
        assert not re.search(r"\son\w+\s*=", tag, re.IGNORECASE)
        assert not re.search(r"(?:java|vb)script\s*:|data:", re.sub(r' (?:title|alt)="[^"]*"', "", tag))
        assert not re.match(
            r"</?(?:script|style|svg|math|iframe|object|embed|form|input|button|base|meta|link|template|noscript)\b",
            tag,
        )


# --- addresses and attacks ---------------------------------------------------------------------------


@pytest.mark.parametrize("address", GOOD_ADDRESSES)
def test_a_good_address_is_kept(address: str) -> None:
    assert f'href="{address}" rel="noopener noreferrer nofollow"' in html_of(f'<a href="{address}">字</a>')


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_bad_address_is_removed_and_its_text_kept(address: str) -> None:
    page = render(f'<a href="{address}">字</a>', "html")
    assert "href" not in page.html
    assert page.text == "字"


@pytest.mark.parametrize(
    "address", [*BAD_ADDRESSES, "https://bank\u200b.example/", "/a\u202eb", "mailto:a\x00b"]
)
def test_our_own_rule_refuses_a_bad_address_without_the_libraries(address: str) -> None:
    assert link_address(unescape(address)) is None


def test_a_removed_address_is_reported() -> None:
    assert render("[x](javascript:alert(1)) [y](//evil)", "markdown").lost == (
        "有 2 个链接的地址不安全或无法识别，已移除地址、保留文字。",
    )


@pytest.mark.parametrize("address", ["/attachments/12", "/files/图/a.b-1.png", "/files/a.png?v=2"])
def test_an_image_of_this_site_is_kept(address: str) -> None:
    assert f'src="{address}"' in markdown_of(f"![图]({address})")


@pytest.mark.parametrize("address", BAD_IMAGES)
def test_any_other_image_becomes_its_description(address: str) -> None:
    page = render(f'<p><img src="{address}" alt="流程图"></p>', "html")
    assert page.html == "<p>[图片：流程图]</p>"
    assert "1 张图片" in page.lost[0]


@pytest.mark.parametrize("payload", ATTACKS)
def test_a_known_attack_comes_out_harmless(payload: str) -> None:
    for html in (html_of(payload), markdown_of(payload)):
        assert_harmless(html)
        assert not re.search(r"<[^>]*(?:hx-|data-|lang=|formaction|srcdoc)", html)


# --- bounds -----------------------------------------------------------------------------------------


def test_a_source_over_its_limit_is_refused() -> None:
    with pytest.raises(MarkupTooLarge, match="最多 4,000 个字符"):
        render("字" * 4001, "markdown", limit=4000)


def test_html_nested_too_deeply_is_refused() -> None:
    assert render("<div>" * 64 + "字", "html").text == "字"
    with pytest.raises(MarkupTooLarge, match="64"):
        render("<div>" * 65 + "字", "html")


def test_unclosed_paragraphs_items_and_cells_do_not_count_as_nesting() -> None:
    html = (
        "<p>段" * 100 + "<ul>" + "<li>项<p>段" * 100 + "</ul><table>" + "<tr><td>甲<td>乙" * 100 + "</table>"
    )
    assert render(html, "html").text.count("乙") == 100


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("open brackets", "[" * 20_000),
        ("open images", "![" * 10_000),
        ("open links", "[a](" * 20_000),
        ("nested lists", "\n".join("    " * depth + "- 项" for depth in range(300))),
        ("nested quotes", ">" * 5_000),
        ("open tags", "<p " * 20_000),
    ],
)
def test_hostile_markdown_ends_in_time_and_keeps_its_text(name: str, source: str) -> None:
    began = time.monotonic()
    page = render(source, "markdown")
    assert time.monotonic() - began < 15, name
    assert re.sub(r"\s", "", page.text).count("[") == source.count("[")
    assert_harmless(page.html)


def test_a_source_that_cannot_be_rendered_is_shown_as_typed_and_reported() -> None:
    page = render("首段 <b>\n\n" + "[" * 20_000, "markdown")
    assert page.html.startswith("<p>首段 &lt;b&gt;</p>\n<p>[[[")
    assert any("已按原文显示" in sentence for sentence in page.lost)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("attributes", "<p " + " ".join(f"a{number}=1" for number in range(20_000)) + ">字</p>"),
        ("entities", "&amp;" * 100_000 + "字"),
        ("pairs", "<b>字</b>" * 20_000),
        ("a comment that hides depth", "<!-->" + "<div>" * 30_000 + "字"),
        ("unclosed tags", "<p " * 20_000 + "字"),
        ("unclosed comments", "<!--" * 40_000 + "字"),
        ("unclosed scripts", "字<script>" * 20_000),
    ],
)
def test_hostile_html_ends_in_time(name: str, source: str) -> None:
    began = time.monotonic()
    page = render(source, "html", limit=1_000_000)
    assert time.monotonic() - began < 15, name
    assert_harmless(page.html)


def test_a_long_article_keeps_every_word_and_ends_in_time() -> None:
    paragraphs = [
        f"## 第{number}节\n\n第{number}段：" + "客户申请挂失的，须先核验身份。" * 30 for number in range(2000)
    ]
    source = "\n\n".join(paragraphs)
    assert len(source) > 885_000
    began = time.monotonic()
    page = render(source, "markdown", limit=2_000_000)
    assert time.monotonic() - began < 20
    assert page.lost == ()
    assert len(page.headings) == 2000
    assert page.text.count("核验身份") == 60_000


def test_control_characters_go_and_a_page_break_becomes_a_line_break() -> None:
    for fmt in ("markdown", "html"):
        assert "\x1b" not in render("甲\x00\x01\x1b乙", fmt).html
        assert render("甲\x00\x01\x1b\x7f乙", fmt).text == "甲乙"
    assert render("甲\x0c乙\r\n丙\r丁\ud800", "markdown").text == "甲\n乙\n丙\n丁\ufffd"


# --- properties --------------------------------------------------------------------------------------


@QUICK
@given(st.one_of(ANYTHING, NASTY))
def test_no_html_comes_out_harmful_and_sanitising_twice_changes_nothing(source: str) -> None:
    html = html_of(source)
    assert_harmless(html)
    assert sanitize(html) == html


@QUICK
@given(st.one_of(ANYTHING, NASTY))
def test_no_markdown_comes_out_harmful_and_sanitising_twice_changes_nothing(source: str) -> None:
    html = markdown_of(source)
    assert_harmless(html)
    assert sanitize(html) == html


@QUICK
@given(st.text(st.characters(categories=("Cs", "Cc", "Cf", "Co", "So", "Lo", "Nd")), max_size=200))
def test_any_unicode_is_rendered_and_can_be_stored(source: str) -> None:
    for page in (render(source, "markdown"), render(source, "html")):
        stored = page.html + page.text
        stored.encode()
        assert "\x00" not in stored


@QUICK
@given(
    st.lists(
        st.text("客户挂失补卡手续费abcXYZ0123456789，。！？：", min_size=1, max_size=40),
        min_size=1,
        max_size=8,
    )
)
def test_the_words_of_plain_paragraphs_survive_in_order(paragraphs: list[str]) -> None:
    assert render("\n\n".join(paragraphs), "markdown").text == "\n".join(paragraphs)
    assert render("".join(f"<p>{text}</p>" for text in paragraphs), "html").text == "\n".join(paragraphs)


@QUICK
@given(st.one_of(ANYTHING, NASTY))
def test_every_letter_of_a_markdown_source_is_still_in_its_text(source: str) -> None:
    # Addresses of links are no text.
    assume("](" not in source and "]:" not in source)
    page = render(f"头{source}尾", "markdown")
    shown = page.text + page.html
    assert all(character in shown for character in source if "\u4e00" <= character <= "\u9fff")
