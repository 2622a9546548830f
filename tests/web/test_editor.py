"""Writing knowledge through the pages: starting, saving, mistakes, conflicts, files, import, submitting."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pages import fetch, statements, words
from PIL import Image
from sqlalchemy import select

from kb.access import Actor
from kb.announcement_versions import is_material
from kb.articles import RevisionText, add_revision, approve, open_revision
from kb.autosaves import kept_for
from kb.models import Article, Attachment, AuditEvent, Person, Revision, RevisionState
from web.security import CONTENT_SECURITY_POLICY

SAMPLES = Path(__file__).parents[2] / "data" / "sample" / "attachments"
TITLE = "对公账户年检办理流程"


@pytest.fixture
def writer(client: FlaskClient, logged_in: Callable[..., FlaskClient]) -> FlaskClient:
    """The publisher's browser."""
    return logged_in(client, "publisher")


@pytest.fixture
def post(csrf_token: Callable[[FlaskClient], str]) -> Callable[..., object]:
    """Posts a form with its token; ``accept`` makes it a script's request."""

    def send(client: FlaskClient, url: str, accept: str = "text/html", **fields: object):
        data = {"csrf_token": csrf_token(client), **fields}
        return client.post(url, data=data, headers={"Accept": accept})

    return send


@pytest.fixture
def draft(writer, post, world, database) -> int:
    """The article id of a new rich text draft."""
    sent = {"title": TITLE, "node": world.nodes["fees"], "department": world.departments["retail"]}
    answer = post(writer, "/a/new", **sent, format="html", template="")
    assert answer.status_code == 303, words(answer.text)
    return int(re.search(r"/a/(\d+)/edit", answer.location)[1])


def form(world, **changes: object) -> dict[str, object]:
    """What the editor's form sends for a fresh draft."""
    fields = {
        "version": 1,
        "title": TITLE,
        "source": "<p>年检须在每年六月底前完成。</p>",
        "format": "html",
        "node": world.nodes["fees"],
        "department": world.departments["retail"],
        "change_summary": "首次发布",
    }
    return {**fields, **changes}


def stored(database, article_id: int) -> Revision:
    with database.read() as session:
        revision = session.scalars(select(Revision).where(Revision.article_id == article_id)).all()[-1]
        for name in ("source", "html", "text", "internal_notes", "wording"):
            getattr(revision, name)
        session.expunge_all()
        return revision


def test_readers_find_no_way_to_write(client, logged_in):
    reader = logged_in(client, "agent")
    assert 'href="/a/new"' not in fetch(reader, "/")
    fetch(reader, "/a/new", 403)


def test_a_publisher_finds_the_way_to_write_in_the_bar_and_on_the_article(writer, world):
    assert 'href="/a/new"' in fetch(writer, "/")
    assert f'href="/a/{world.articles["loss"]}/edit" data-key="e"' in fetch(
        writer, f"/a/{world.articles['loss']}"
    )
    assert 'data-key="e"' not in fetch(writer, f"/a/{world.articles['annual-fee']}")


def test_a_new_draft_begins_with_a_template(writer, post, world, database):
    sent = {"title": "", "node": world.nodes["fees"], "department": world.departments["retail"]}
    answer = post(writer, "/a/new", **sent, format="markdown", template="emergency")
    revision = stored(database, int(answer.location.split("/")[-2]))
    assert "## 一线怎么做" in revision.source
    assert [block.title for block in revision.wording] == ["对客户统一口径", "客户要求赔偿或投诉时"]


def test_a_beginning_without_a_category_says_so_and_keeps_the_title(writer, post, world):
    answer = post(writer, "/a/new", title="保留的标题", node="", department=world.departments["retail"])
    assert answer.status_code == 422
    assert "请选择分类。" in words(answer.text)
    assert 'value="保留的标题"' in answer.text


def test_nobody_begins_an_article_for_another_department(writer, post, world):
    sent = {"title": TITLE, "node": world.nodes["fees"], "department": world.departments["cards"]}
    answer = post(writer, "/a/new", **sent, format="html")
    assert answer.status_code == 422
    assert "您只能处理本部门及下级部门负责的知识。" in words(answer.text)


def test_a_document_becomes_the_draft_and_its_losses_are_listed_once(writer, post, world, database):
    document = (io.BytesIO((SAMPLES / "account-opening.docx").read_bytes()), "开户材料.docx")
    sent = {"title": "", "node": world.nodes["fees"], "department": world.departments["retail"]}
    answer = post(writer, "/a/new", **sent, document=document)
    article_id = int(answer.location.split("/")[-2])
    revision = stored(database, article_id)
    assert revision.title == "单位银行结算账户开户材料清单"
    assert "<table>" in revision.html
    assert "页眉和页脚没有导入。" in fetch(writer, answer.location)
    assert "页眉和页脚没有导入。" not in fetch(writer, answer.location)


def test_saving_keeps_everything_that_was_typed(writer, post, world, draft, database):
    sent = form(
        world,
        wording_title=["年检提醒", ""],
        wording_text=["您好，请在六月底前办理年检。", ""],
        internal_notes="名单见系统",
        document_number="远银运〔2026〕9号",
        tags="年检、对公",
        effective_from="2026-12-01T09:30",
        effective_to="2027-12-01T00:00",
        interval="90",
    )
    assert post(writer, f"/a/{draft}/edit", **sent, action="save").status_code == 303
    revision = stored(database, draft)
    assert [(block.title, block.text) for block in revision.wording] == [
        ("年检提醒", "您好，请在六月底前办理年检。")
    ]
    assert revision.effective_from.isoformat() == "2026-12-01T01:30:00+00:00"
    page = fetch(writer, f"/a/{draft}/edit")
    for shown in (
        'value="2026-12-01T09:30"',
        'value="远银运〔2026〕9号"',
        '<option value="90" selected>',
        "名单见系统",
    ):
        assert shown in page


def test_mistakes_are_listed_with_links_and_nothing_typed_is_lost(writer, post, world, draft, database):
    sent = form(world, source="<p>新写的一段</p>", effective_from="明天", replaces="不是链接")
    answer = post(writer, f"/a/{draft}/edit", **sent, action="save")
    assert answer.status_code == 422
    for anchor in ('href="#field-from"', 'href="#field-replaces"', "新写的一段", 'value="明天"'):
        assert anchor in answer.text
    assert "新写的一段" not in stored(database, draft).source


def test_a_submission_needs_a_change_summary_and_the_draft_is_saved_all_the_same(
    writer, post, world, draft, database
):
    answer = post(
        writer, f"/a/{draft}/edit", **form(world, change_summary=""), action="submit", similar_seen=1
    )
    assert answer.status_code == 422
    assert "草稿已保存，但还不能提交" in words(answer.text)
    assert 'href="#field-change"' in answer.text
    assert stored(database, draft).state == RevisionState.DRAFT
    assert "年检须在每年六月底前完成。" in stored(database, draft).text


def test_a_submitted_draft_waits_and_can_be_recalled(writer, post, world, draft, database):
    answer = post(writer, f"/a/{draft}/edit", **form(world), action="submit", similar_seen=1)
    assert answer.location == "/drafts"
    assert stored(database, draft).state == RevisionState.IN_REVIEW
    assert "审核期间不能修改" in words(fetch(writer, f"/a/{draft}/edit"))
    post(writer, f"/a/{draft}/edit", action="recall")
    assert stored(database, draft).state == RevisionState.DRAFT


def test_an_article_that_says_the_same_is_named_before_submitting(writer, post, world, draft, database):
    sent = form(world, title="借记卡挂失与补卡业务办理口径")
    answer = post(writer, f"/a/{draft}/edit", **sent, action="submit")
    assert answer.status_code == 422
    assert f'href="/a/{world.articles["loss"]}"' in answer.text
    assert stored(database, draft).state == RevisionState.DRAFT
    again = post(writer, f"/a/{draft}/edit", **{**sent, "version": 2}, action="submit", similar_seen=1)
    assert again.location == "/drafts"


def test_no_restricted_article_is_named_as_similar(client, logged_in, post, world, database, app):
    writer = logged_in(client, "publisher")
    with database.write() as session:
        session.get_one(Person, world.people["publisher"]).department_id = world.departments["ops"]
    sent = {"title": TITLE, "node": world.nodes["fees"], "department": world.departments["ops"]}
    article_id = int(post(writer, "/a/new", **sent, format="html").location.split("/")[-2])
    similar = form(world, title="借记卡反欺诈监测阈值说明", department=world.departments["ops"])
    assert post(writer, f"/a/{article_id}/edit", **similar, action="submit").location == "/drafts"


def test_the_second_of_two_editors_sees_both_texts_and_decides(writer, post, world, draft, database):
    post(writer, f"/a/{draft}/edit", **form(world, summary="先保存的摘要"), action="save")
    late = form(world, summary="后写的摘要", source="<p>后写的正文</p>")
    answer = post(writer, f"/a/{draft}/edit", **late, action="save")
    assert answer.status_code == 409
    for text in ("先保存的摘要", "后写的摘要", "后写的正文", "年检须在每年六月底前完成。"):
        assert text in words(answer.text)
    assert stored(database, draft).summary == "先保存的摘要"
    merged = {
        **late,
        "version": 2,
        "use_summary": "theirs",
        "use_source": "merged",
        "merged_source": "<p>合并的正文</p>",
    }
    assert post(writer, f"/a/{draft}/edit/merge", **merged).status_code == 303
    revision = stored(database, draft)
    assert (revision.summary, revision.text) == ("先保存的摘要", "合并的正文")


def test_a_merge_that_comes_too_late_shows_both_again(writer, post, world, draft, database):
    post(writer, f"/a/{draft}/edit", **form(world, summary="甲"), action="save")
    late = form(world, summary="乙", version=1)
    answer = post(writer, f"/a/{draft}/edit/merge", **late, use_summary="mine")
    assert answer.status_code == 409
    assert stored(database, draft).summary == "甲"


def test_an_automatic_save_leaves_the_draft_alone_and_comes_back_on_the_page(
    writer, post, world, draft, database
):
    typed = form(world, source="<p>还没有保存的一段</p>")
    answer = post(writer, f"/a/{draft}/edit/save", "application/json", **typed)
    assert answer.json["version"] == 1
    assert re.fullmatch(r"\d\d:\d\d", answer.json["saved_at"])
    assert "还没有保存的一段" not in stored(database, draft).source
    page = fetch(writer, f"/a/{draft}/edit")
    assert "还没有保存的一段" in page
    assert "已恢复自动保存的内容" in page


def test_an_automatic_save_against_a_newer_draft_is_kept_and_reported(writer, post, world, draft, database):
    post(writer, f"/a/{draft}/edit", **form(world, summary="别人的"), action="save")
    answer = post(writer, f"/a/{draft}/edit/save", "application/json", **form(world, summary="我的"))
    assert answer.status_code == 409
    with database.read() as session:
        author = Actor.of(session.get_one(Person, world.people["publisher"]))
        revision = session.scalar(select(Revision).where(Revision.article_id == draft))
        assert "我的" in kept_for(session, author, revision.id).payload
    page = words(fetch(writer, f"/a/{draft}/edit"))
    assert "有人先保存了这份草稿" in page
    post(writer, f"/a/{draft}/edit", action="theirs")
    assert "别人的" in fetch(writer, f"/a/{draft}/edit")


def test_a_script_without_a_login_is_told_so_and_not_led_away(client, post, world):
    answer = post(client, "/a/1/edit/save", "application/json", **form(world))
    assert answer.status_code == 401


def test_the_state_names_others_who_have_the_draft_open(app, logged_in, writer, world, draft, database):
    with database.write() as session:
        colleague = session.get_one(Person, world.people["reviewer"])
        colleague.department_id = world.departments["retail"]
        colleague.role_rows[0].role = "publisher"
    other = logged_in(app.test_client(), "reviewer")
    fetch(other, f"/a/{draft}/edit")
    state = writer.get(f"/a/{draft}/edit/state", headers={"Accept": "application/json"}).json
    assert state["others"] == ["孙慧敏"]
    assert state["person"] == world.people["publisher"]
    assert "孙慧敏 正在编辑这份草稿" in words(fetch(writer, f"/a/{draft}/edit"))


def test_only_the_editor_may_style_inline(writer, draft):
    with writer.get(f"/a/{draft}/edit") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    with writer.get("/drafts") as answer:
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_files_are_added_ordered_and_removed(writer, post, draft, database):
    url = f"/a/{draft}/edit/files"
    for version, name in ((1, "甲.txt"), (2, "乙.txt")):
        answer = post(writer, url, "application/json", version=version, file=(io.BytesIO(b"x"), name))
        assert answer.json["version"] == version + 1
    with database.read() as session:
        first = session.scalar(select(Attachment.id).where(Attachment.name == "甲.txt"))
    down = post(writer, url, "application/json", version=3, action=f"file-down:{first}")
    assert down.json["html"].index("乙.txt") < down.json["html"].index("甲.txt")
    gone = post(writer, url, "application/json", version=4, action=f"file-remove:{first}")
    assert "甲.txt" not in gone.json["html"]


def test_an_empty_file_is_refused_by_name(writer, post, draft):
    answer = post(
        writer, f"/a/{draft}/edit/files", "application/json", version=1, file=(io.BytesIO(b""), "空.txt")
    )
    assert answer.status_code == 422
    assert "空.txt" in answer.json["title"]


def test_a_file_larger_than_any_form_is_taken(writer, post, draft, database):
    large = io.BytesIO(b"a" * (9 * 1024 * 1024))
    answer = post(writer, f"/a/{draft}/edit/files", "application/json", version=1, file=(large, "大.txt"))
    assert answer.status_code == 200


def test_a_picture_is_stored_and_seen_by_its_author_only_until_it_is_published(
    app, writer, post, draft, logged_in
):
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    drawn.seek(0)
    answer = post(writer, f"/a/{draft}/edit/images", "application/json", image=(drawn, "图.png"))
    with writer.get(answer.json["url"]) as shown:
        assert shown.mimetype == "image/png"
        assert "sandbox" in shown.headers["Content-Security-Policy"]
    fetch(logged_in(app.test_client(), "agent"), answer.json["url"], 404)


def test_what_is_no_picture_is_refused(writer, post, draft):
    svg = (io.BytesIO(b"<svg onload=alert(1)>"), "x.png")
    assert post(writer, f"/a/{draft}/edit/images", "application/json", image=svg).status_code == 422


def test_an_import_answers_clean_html_and_the_losses(writer, post, draft):
    document = (io.BytesIO((SAMPLES / "loss-form.docx").read_bytes()), "申请书.docx")
    answer = post(writer, f"/a/{draft}/edit/import", "application/json", document=document)
    assert "<table>" in answer.json["html"]
    assert answer.json["losses"] == ["页眉和页脚没有导入。"]


def test_a_file_that_cannot_be_imported_says_why(writer, post, draft):
    document = (io.BytesIO(b"MZ"), "程序.exe")
    answer = post(writer, f"/a/{draft}/edit/import", "application/json", document=document)
    assert answer.status_code == 422
    assert answer.json["title"] == "只能导入 docx、xlsx、xls 和 pdf 文件；其他格式请先另存。"


def test_the_preview_shows_what_readers_would_see_and_saves_nothing(writer, post, world, draft, database):
    sent = form(
        world,
        source="<p>预览<script>alert(1)</script>正文</p>",
        wording_title=["口径"],
        wording_text=["您好"],
    )
    page = post(writer, f"/a/{draft}/edit/preview", **sent).text
    assert "预览正文" in words(page)
    assert "alert(1)" not in page
    assert stored(database, draft).text == ""


def test_markdown_is_rendered_by_the_server(writer, post, draft):
    sent = {"source": "**粗**\n\n<script>x</script>", "format": "markdown"}
    answer = post(writer, f"/a/{draft}/edit/render", "application/json", **sent)
    assert answer.json["html"].startswith("<p><strong>粗</strong></p>")
    assert "<script>" not in answer.json["html"]


def test_a_markdown_draft_can_become_rich_text(writer, post, world, database):
    sent = {"title": TITLE, "node": world.nodes["fees"], "department": world.departments["retail"]}
    article_id = int(post(writer, "/a/new", **sent, format="markdown").location.split("/")[-2])
    typed = form(world, format="markdown", source="- 甲\n- 乙")
    post(writer, f"/a/{article_id}/edit", **typed, action="to-rich")
    revision = stored(database, article_id)
    assert (revision.format, "<li>甲</li>" in revision.source) == ("html", True)


def test_the_next_version_of_a_live_article_begins_only_when_asked_for(writer, post, world, database):
    article_id = world.articles["loss"]
    assert "开始编辑下一个版本" in words(fetch(writer, f"/a/{article_id}/edit"))
    assert stored(database, article_id).state == RevisionState.APPROVED
    post(writer, f"/a/{article_id}/edit", action="open")
    assert stored(database, article_id).state == RevisionState.DRAFT
    page = fetch(writer, f"/a/{article_id}/edit")
    assert "现行版本 V2 不受影响" in words(page)
    assert "收费标准.csv" in page


@pytest.mark.parametrize("path", ["edit", "edit/state", "edit/compare"])
def test_a_draft_is_hidden_from_readers(app, draft, logged_in, path):
    fetch(logged_in(app.test_client(), "agent"), f"/a/{draft}/{path}", 404)


def test_a_restricted_article_offers_no_editor_to_outsiders(client, logged_in, world):
    fetch(logged_in(client, "agent"), f"/a/{world.articles['restricted']}/edit", 404)


def test_the_list_of_drafts_asks_no_more_when_it_grows(writer, post, world, database):
    def begin(count: int) -> None:
        for number in range(count):
            sent = {
                "title": f"草稿{number}",
                "node": world.nodes["fees"],
                "department": world.departments["retail"],
            }
            post(writer, "/a/new", **sent, format="html")

    begin(2)
    fetch(writer, "/drafts")
    with statements(database) as few:
        fetch(writer, "/drafts")
    begin(6)
    with statements(database) as many:
        assert "草稿5" in fetch(writer, "/drafts")
    assert len(many) == len(few)


def test_a_discarded_draft_is_gone_and_noted(writer, post, draft, database):
    assert post(writer, f"/a/{draft}/edit", action="discard", version=1).location == "/drafts"
    fetch(writer, f"/a/{draft}/edit", 404)
    with database.read() as session:
        assert session.scalar(select(AuditEvent.id).where(AuditEvent.action == "draft.discard")) is not None


def test_a_submission_says_whether_readers_must_confirm_again(
    writer, post, world, draft, database, app, logged_in
):
    post(writer, f"/a/{draft}/edit", **form(world), action="submit", similar_seen=1, slip="on")
    revision = stored(database, draft)
    with database.read() as session:
        assert not is_material(session, revision.id)
    page = fetch(logged_in(app.test_client(), "reviewer"), f"/reviews/{revision.id}")
    assert "作者标为文字修订" in page
    post(writer, f"/a/{draft}/edit", action="recall")
    sent = form(world, version=stored(database, draft).lock_version)
    post(writer, f"/a/{draft}/edit", **sent, action="submit", similar_seen=1)
    with database.read() as session:
        assert is_material(session, revision.id)


def test_a_version_published_meanwhile_is_named_and_has_to_be_looked_at(writer, post, world, database, clock):
    article_id = world.articles["loss"]
    post(writer, f"/a/{article_id}/edit", action="open")
    with database.write() as session:
        article = session.get_one(Article, article_id)
        draft = open_revision(session, article_id)
        # As an import or another tool may do: a version that the author of the draft has not seen.
        text = RevisionText("借记卡挂失与补卡业务办理口径", "另行发布的正文。")
        newer = add_revision(session, article, text, clock.now(), approved_at=clock.now())
        approve(session, newer, clock.now(), world.people["reviewer"])
        version, source = draft.lock_version, draft.source
    sent = form(
        world, version=version, source=source, format="markdown", node=world.nodes["personal/debit/loss"]
    )
    answer = post(writer, f"/a/{article_id}/edit", **sent, action="submit", similar_seen=1)
    assert answer.status_code == 409
    assert "草稿开始之后发布了新版本" in words(answer.text)
    again = re.search(r'name="version" value="(\d+)"', answer.text)[1]
    post(writer, f"/a/{article_id}/edit", **{**sent, "version": again}, action="rebase")
    page = fetch(writer, f"/a/{article_id}/edit")
    assert "草稿开始之后发布了新版本" not in words(page)
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    done = post(writer, f"/a/{article_id}/edit", **{**sent, "version": version}, action="submit")
    assert done.location == "/drafts"
