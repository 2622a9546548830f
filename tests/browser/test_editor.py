"""The editor in a real browser: pasting, saving by itself, a lost login, two editors, imports, no scripts."""

import io
import re
from typing import Any

import docx
import pytest
from browsing import barriers, focused, follow, reads, until
from clipboards import EXCEL, EXCEL_CLEAN, WORD, WORD_CLEAN
from sqlalchemy import select
from writing import begin, paste, ready, save, source

from kb.models import Revision

pytestmark = pytest.mark.browser

# The browser itself names an answer that is meant to say no.
REFUSED = ("Failed to load resource",)


def stored(site: Any, page: Any) -> Revision:
    article_id = int(re.search(r"/a/(\d+)/", page.url)[1])
    with site.services.database.read() as session:
        found = session.scalars(select(Revision).where(Revision.article_id == article_id)).all()[-1]
        assert (found.html, found.text) != (None, None)
        session.expunge(found)
        return found


def test_a_word_table_pasted_from_the_clipboard_is_saved_intact(open_page, site):
    page = open_page("/a/new", "publisher")
    begin(page, "从 Word 粘贴")
    paste(page, WORD)
    until(page, "() => document.querySelector('.jodit-wysiwyg td[colspan]')")
    save(page)
    again = open_page(page.url.replace(site.url, ""), "publisher")
    ready(again)
    assert source(again) == WORD_CLEAN
    html = stored(site, page).html
    for kept in ('colspan="2"', 'rowspan="2"', '<ol start="3">', '<ol type="a">', "<h2"):
        assert kept in html
    assert not re.search(r"mso|Mso|class=|<o:p|font", html)


def test_an_excel_range_goes_below_what_is_written_and_writing_goes_on_below_it(open_page):
    page = open_page("/a/new", "publisher")
    begin(page, "从 Excel 粘贴")
    page.click(".jodit-wysiwyg")
    page.keyboard.type("收费如下：")
    paste(page, EXCEL)
    until(page, "() => document.querySelector('.jodit-wysiwyg td[rowspan]')")
    page.keyboard.type("以上含税。")
    save(page)
    assert source(page) == f"<p>收费如下：</p>{EXCEL_CLEAN}<p>以上含税。</p>"


def test_a_pasted_screenshot_becomes_an_upload(open_page, site):
    page = open_page("/a/new", "publisher")
    begin(page, "粘贴截图")
    page.click(".jodit-wysiwyg")
    page.evaluate(
        """async () => {
          const canvas = document.createElement("canvas");
          canvas.width = 40; canvas.height = 20;
          canvas.getContext("2d").fillRect(0, 0, 40, 20);
          const blob = await new Promise((done) => canvas.toBlob(done));
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([blob], "image.png", { type: "image/png" }));
          const event = new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true });
          document.querySelector(".jodit-wysiwyg").dispatchEvent(event);
        }"""
    )
    until(
        page,
        "() => { const image = document.querySelector('.jodit-wysiwyg img'); return image && image.naturalWidth === 40; }",
    )
    save(page)
    assert re.search(r'<img src="/files/images/\d+"', stored(site, page).html)


def test_typing_is_saved_by_itself_and_leaving_in_between_asks(open_page, site):
    page = open_page("/a/new", "publisher")
    page.clock.install()
    begin(page, "自动保存")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.click("#field-summary")
    page.keyboard.type("写到一半")
    page.reload()
    ready(page)
    assert asked == ["beforeunload"]
    # The copy in this browser was made on leaving.
    page.click("#local-copy button")
    assert page.input_value("#field-summary") == "写到一半"
    page.clock.run_for(16_000)
    until(page, "() => document.getElementById('saved').classList.contains('is-saved')")
    assert stored(site, page).summary == ""
    again = open_page(page.url.replace(site.url, ""), "publisher")
    ready(again)
    assert again.input_value("#field-summary") == "写到一半"


def test_a_lost_login_loses_no_text(open_page, site, log_in):
    page = open_page("/a/new", "publisher", expected_faults=REFUSED)
    begin(page, "登录失效")
    page.fill("#field-summary", "会话失效之后写的")
    page.context.clear_cookies()
    page.keyboard.press("Control+s")
    page.wait_for_selector("#save-trouble a")
    assert "登录已失效" in page.inner_text("#save-trouble")
    assert page.input_value("#field-summary") == "会话失效之后写的"
    # Log in in another tab of the same browser, then try again here.
    other = page.context.new_page()
    other.goto(f"{site.url}/login")
    other.fill("#username", "publisher")
    other.fill("#password", "Kb-demo-2026")
    other.press("#password", "Enter")
    other.wait_for_url(f"{site.url}/")
    page.bring_to_front()
    page.click("#save-trouble button")
    until(page, "() => document.getElementById('saved').classList.contains('is-saved')")
    assert stored(site, page).summary == "会话失效之后写的"


def test_two_editors_at_once_end_on_a_page_that_loses_neither_text(open_page, site):
    first = open_page("/a/new", "publisher", expected_faults=REFUSED)
    begin(first, "两人同时编辑")
    second = open_page(first.url.replace(site.url, ""), "publisher", expected_faults=REFUSED)
    ready(second)
    first.fill("#field-summary", "甲先保存")
    second.fill("#field-summary", "乙后保存")
    save(first)
    second.keyboard.press("Control+s")
    second.click("#save-trouble button")
    second.wait_for_selector("#conflict")
    text = second.inner_text("#conflict")
    assert "甲先保存" in text
    assert "乙后保存" in text
    assert stored(site, first).summary == "甲先保存"
    second.click(".merge summary")
    second.fill("[name=merged_summary]", "甲乙合并")
    second.check("[name=use_summary][value=merged]")
    second.click("#save-merged")
    ready(second)
    assert stored(site, first).summary == "甲乙合并"


def test_an_imported_document_arrives_with_its_list_of_losses(open_page, site):
    document = docx.Document()
    document.add_heading("开户材料", 1)
    document.add_paragraph("营业执照", style="List Number")
    table = document.add_table(1, 2)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "合并"
    document.sections[0].header.paragraphs[0].text = "页眉"
    saved = io.BytesIO()
    document.save(saved)
    page = open_page("/a/new", "publisher")
    begin(page, "导入文档")
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    page.set_input_files("#import", {"name": "材料.docx", "mimeType": word, "buffer": saved.getvalue()})
    page.wait_for_selector("#losses li")
    assert "页眉和页脚没有导入。" in page.inner_text("#losses")
    save(page)
    html = stored(site, page).html
    assert "<ol><li>营业执照</li></ol>" in html
    assert '<td colspan="2">' in html


def test_files_go_up_one_by_one_and_a_failed_one_can_be_cleared(open_page):
    page = open_page("/a/new", "publisher", expected_faults=REFUSED)
    begin(page, "附件")
    files = [("甲.txt", b"1"), ("空.txt", b""), ("乙.txt", b"2")]
    page.set_input_files("#files", [{"name": n, "mimeType": "text/plain", "buffer": b} for n, b in files])
    until(page, "() => document.querySelectorAll('#draft-files li').length === 2")
    page.click("#uploads .upload-failed button")
    until(page, "() => document.querySelectorAll('#uploads li').length === 0")
    page.click("#draft-files li:last-child button[value^=file-up]")
    reads(page, "#draft-files .file-name", "乙.txt")


def test_wording_blocks_are_added_moved_and_removed(open_page, site):
    page = open_page("/a/new", "publisher")
    begin(page, "口径块")
    page.on("dialog", lambda dialog: dialog.accept())
    for title in ("一", "二", "三"):
        page.click("#add-block")
        page.keyboard.type(title)
    page.click(".block:nth-child(3) [data-block-up]")
    page.click(".block:nth-child(1) [data-block-remove]")
    save(page)
    again = open_page(page.url.replace(site.url, ""), "publisher")
    ready(again)
    titles = again.locator("[name=wording_title]").evaluate_all(
        "fields => fields.map((field) => field.value)"
    )
    assert titles == ["三", "二"]


def test_markdown_is_previewed_beside_its_source(open_page):
    page = open_page("/a/new", "publisher")
    begin(page, "边写边看", "markdown")
    page.fill("#field-source", "| 业务 | 收费 |\n|---|---|\n| 挂失 | **免费** |")
    page.click("#toggle-preview")
    page.wait_for_selector("#body-preview td strong")
    assert page.inner_text("#body-preview td strong") == "免费"
    save(page)


def test_mistakes_take_the_focus_to_the_first_field(open_page):
    page = open_page("/a/new", "publisher", expected_faults=REFUSED)
    begin(page, "")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#errors")
    focused(page, "[name=title]")
    assert page.locator("#errors a").count() >= 2


def test_without_scripts_the_whole_form_works(open_page, site):
    page = open_page("/a/new", "publisher", java_script_enabled=False)
    page.fill("#field-title", "没有脚本")
    page.select_option("#field-node", index=1)
    page.check("input[name=format][value=markdown]")
    follow(page, ".start-ways .button-primary")
    page.fill("#field-source", "## 要点\n\n- 甲")
    page.fill("[name=wording_title]", "口径")
    page.fill("[name=wording_text]", "您好")
    page.fill("#field-change", "首次发布")
    page.set_input_files("#files", {"name": "表.txt", "mimeType": "text/plain", "buffer": b"1"})
    follow(page, "button[value=attach]")
    assert page.inner_text("#draft-files .file-name") == "表.txt"
    follow(page, "#save-draft")
    revision = stored(site, page)
    assert (revision.title, revision.text) == ("没有脚本", "要点\n甲")
    page.click("#submit-draft")
    page.wait_for_url(f"{site.url}/drafts")
    assert "审核中" in page.inner_text("main")


@pytest.mark.parametrize(
    ("theme", "size"),
    [("light", (1440, 900)), ("dark", (1366, 768)), ("light", (390, 844)), ("dark", (390, 844))],
)
def test_writing_fits_every_desk_and_has_no_barrier(open_page, theme, size):
    desk = {"width": size[0], "height": size[1]}
    page = open_page("/a/new", "publisher", viewport=desk, color_scheme=theme)
    assert barriers(page) == []
    begin(page, "版面", template="fees")
    page.click("#add-block")
    assert barriers(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    drafts = open_page("/drafts", "publisher", viewport=desk, color_scheme=theme)
    assert barriers(drafts) == []
