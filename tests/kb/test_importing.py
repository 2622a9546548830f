"""Importing articles from JSON Lines, CSV, Excel and Markdown files."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import xlsxwriter
from sqlalchemy import func, select

from kb.articles import RevisionText, add_revision, approve
from kb.audit import first_broken
from kb.clock import FixedClock
from kb.database import Database, sqlite_url
from kb.departments import ensure_department
from kb.errors import Invalid, NotFound
from kb.import_readers import read_rows, split_front_matter
from kb.importing import ImportOptions, ImportReport, import_rows
from kb.models import Article, AuditEvent, ChangeCounter, Node, Person, Revision, Table

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2030, 5, 6, 2, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path):
    database = Database(sqlite_url(tmp_path / "kb.sqlite3"))
    with database.engine.begin() as connection:
        Table.metadata.create_all(connection)
    yield database
    database.close()


def run(store: Database, path: Path, fmt: str, *, at: datetime = NOW, **options: object) -> ImportReport:
    chosen = ImportOptions("test", **options)  # type: ignore[arg-type]
    return import_rows(store, read_rows(path, fmt), chosen, FixedClock(at), ZONE)


def jsonl(path: Path, *rows: object) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def articles(store: Database) -> list[Article]:
    with store.read() as session:
        return list(session.scalars(select(Article).order_by(Article.id)))


def newest(store: Database, external_id: str) -> Revision:
    with store.read() as session:
        revision = session.scalars(
            select(Revision)
            .join(Article)
            .where(Article.external_id == external_id)
            .order_by(Revision.number.desc())
        ).first()
        assert revision is not None
        # Deferred columns and wording are read while the session is open.
        _ = (revision.source, revision.text, revision.html, revision.wording)
        return revision


def reasons(report: ImportReport) -> list[tuple[int, str]]:
    return [(failure.number, failure.field) for failure in report.failed]


def test_every_row_becomes_an_approved_article(store, tmp_path):
    path = jsonl(
        tmp_path / "a.jsonl",
        {"id": "1", "title": "挂失", "body": "带证件"},
        {"id": "2", "title": "补卡", "body": "十元"},
    )
    report = run(store, path, "jsonl")
    assert (report.created, report.failed) == (2, [])
    assert newest(store, "1").approved_at == NOW


def test_a_second_run_changes_nothing(store, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "挂失", "body": "带证件"})
    run(store, path, "jsonl")
    with store.read() as session:
        before = session.scalar(select(ChangeCounter.value))
    report = run(store, path, "jsonl")
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Revision)) == 1
        assert session.scalar(select(ChangeCounter.value)) == before
    assert (report.created, report.updated, report.unchanged) == (0, 0, 1)


def test_a_changed_text_becomes_a_new_revision_that_is_shown(store, tmp_path):
    later = datetime(2030, 5, 7, tzinfo=UTC)
    run(store, jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "费用", "body": "十五元"}), "jsonl")
    report = run(
        store, jsonl(tmp_path / "b.jsonl", {"id": "1", "title": "费用", "body": "十元"}), "jsonl", at=later
    )
    revision = newest(store, "1")
    assert report.updated == 1
    assert (revision.number, revision.shown_from, revision.source) == (2, later, "十元")


def test_a_changed_text_is_shown_even_if_its_publication_date_stayed(store, tmp_path):
    later = datetime(2030, 5, 7, tzinfo=UTC)
    row = {"id": "1", "title": "费用", "body": "十五元", "published_at": "2029-01-01"}
    run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")
    run(store, jsonl(tmp_path / "b.jsonl", {**row, "body": "十元"}), "jsonl", at=later)
    assert newest(store, "1").shown_from == later


def test_an_edit_made_by_a_person_survives_the_same_import(store, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "费用", "body": "十五元"})
    run(store, path, "jsonl")
    with store.write() as session:
        department = ensure_department(session, "x", "某部")
        person = Person(
            username="p", name="某人", department_id=department.id, password_hash="!", created_at=NOW
        )
        session.add(person)
        session.flush()
        article = session.scalars(select(Article)).one()
        text = RevisionText("费用", "二十元")
        approve(session, add_revision(session, article, text, NOW, author_id=person.id), NOW)
    assert run(store, path, "jsonl").unchanged == 1
    assert newest(store, "1").source == "二十元"


def test_bad_rows_are_reported_by_number_and_the_others_go_in(store, tmp_path):
    path = jsonl(
        tmp_path / "a.jsonl",
        {"id": "1", "title": "好的", "body": "甲"},
        '{"id": "2", "title": "断了',
        {"id": "3", "body": "没有标题"},
        {"id": "4", "title": "没有正文"},
        {"id": "5", "title": "坏日期", "body": "乙", "effective_from": "2030-02-30"},
        ["不是对象"],
        {
            "id": "6",
            "title": "反了",
            "body": "丙",
            "effective_from": "2030-02-02",
            "effective_to": "2030-02-01",
        },
        {"id": "7", "title": "没有这个部门", "body": "丁", "department": "火星部"},
        {"id": "8", "title": ["列表"], "body": "戊"},
        {"id": "9", "title": "也好", "body": "己"},
    )
    report = run(store, path, "jsonl")
    assert report.created == 2
    assert reasons(report) == [
        (2, "JSON"), (3, "标题"), (4, "正文"), (5, "生效日期"),
        (6, "JSON"), (7, "失效日期"), (8, "部门"), (9, "标题"),
    ]  # fmt: skip


def test_a_row_that_fails_leaves_no_article_behind(store, tmp_path):
    row = {
        "id": "6",
        "title": "反了",
        "body": "丙",
        "effective_from": "2030-02-02",
        "effective_to": "2030-02-01",
    }
    run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")
    assert articles(store) == []


def test_a_line_that_is_not_utf8_is_reported_and_the_next_goes_in(store, tmp_path):
    path = tmp_path / "a.jsonl"
    good = json.dumps({"id": "2", "title": "好", "body": "好"}, ensure_ascii=False).encode()
    path.write_bytes('{"id": "1", "title": "挂失", "body": "甲"}\n'.encode("gb18030") + good + b"\n")
    report = run(store, path, "jsonl")
    assert (report.created, reasons(report)) == (1, [(1, "编码")])


def test_a_lone_surrogate_is_reported(store, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", '{"id": "1", "title": "坏\\ud800字", "body": "甲"}')
    assert reasons(run(store, path, "jsonl")) == [(1, "标题")]


def test_the_same_id_twice_in_a_file_is_reported_not_alternated(store, tmp_path):
    path = jsonl(
        tmp_path / "a.jsonl",
        {"id": "1", "title": "甲", "body": "甲"},
        {"id": "1", "title": "乙", "body": "乙"},
    )
    report = run(store, path, "jsonl")
    assert (report.created, reasons(report)) == (1, [(2, "编号")])
    assert "第 1 行" in report.failed[0].reason


def test_a_title_beyond_the_limit_is_refused_not_cut(store, tmp_path):
    path = jsonl(
        tmp_path / "a.jsonl",
        {"id": "1", "title": "长" * 401, "body": "甲"},
        {"id": "2", "title": "长" * 400, "body": "乙"},
    )
    report = run(store, path, "jsonl")
    assert "401" in report.failed[0].reason
    assert newest(store, "2").title == "长" * 400


def test_a_very_long_body_goes_in_to_its_last_line(store, tmp_path):
    body = "\n\n".join(
        f"第{number}条 本行依法开展业务，核验客户身份，留存交易记录。" for number in range(12_000)
    )
    run(store, jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "长文", "body": body}), "jsonl")
    assert (
        newest(store, "1").text.rstrip().endswith("第11999条 本行依法开展业务，核验客户身份，留存交易记录。")
    )


def test_a_stated_empty_title_is_taken_from_the_text(store, tmp_path):
    report = run(
        store,
        jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "", "body": "可以到网点办理。请带证件"}),
        "jsonl",
    )
    assert (report.created, report.untitled) == (1, 1)
    assert newest(store, "1").title == "可以到网点办理"


def test_rows_without_an_id_keep_their_identity(store, tmp_path):
    run(store, jsonl(tmp_path / "a.jsonl", {"title": "挂失", "body": "甲"}), "jsonl")
    report = run(store, jsonl(tmp_path / "b.jsonl", {"title": "挂失", "body": "乙"}), "jsonl")
    assert (report.created, report.updated) == (0, 1)


def test_a_row_without_a_node_goes_under_its_kind(store, tmp_path):
    run(store, jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "甲", "body": "甲", "kind": "faq"}), "jsonl")
    with store.read() as session:
        titles = session.scalars(select(Node.title).order_by(Node.id)).all()
    assert titles == ["导入知识", "faq"]


def test_a_row_that_names_another_node_moves_its_article(store, tmp_path):
    row = {"id": "1", "title": "甲", "body": "甲", "node": "个人业务/借记卡"}
    run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")
    report = run(store, jsonl(tmp_path / "b.jsonl", {**row, "node": "个人业务/存款"}), "jsonl")
    assert report.updated == 1
    assert articles(store)[0].node.title == "存款"
    assert newest(store, "1").number == 1


def test_dates_without_a_zone_are_the_banks(store, tmp_path):
    row = {
        "id": "1",
        "title": "甲",
        "body": "甲",
        "effective_from": "2031年1月2日",
        "effective_to": "2031/3/4 08:30",
    }
    run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")
    revision = newest(store, "1")
    assert revision.effective_from == datetime(2031, 1, 2, tzinfo=ZONE)
    assert revision.effective_to == datetime(2031, 3, 4, 8, 30, tzinfo=ZONE)


def test_a_past_publication_is_the_instant_of_approval(store, tmp_path):
    row = {"id": "1", "title": "甲", "body": "甲", "published_at": "2029-01-02T03:04:05Z"}
    run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")
    assert newest(store, "1").shown_from == datetime(2029, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_a_future_publication_without_a_start_is_reported(store, tmp_path):
    row = {"id": "1", "title": "甲", "body": "甲", "published_at": "2031-01-02"}
    assert reasons(run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")) == [(1, "发布日期")]


def test_wording_may_be_a_list_of_texts_and_titled_blocks(store, tmp_path):
    row = {
        "id": "1",
        "title": "甲",
        "body": "甲",
        "wording": ["您好。", {"title": "追问", "text": "请稍等。"}],
    }
    run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")
    assert [(block.title, block.text) for block in newest(store, "1").wording] == [
        ("标准话术 1", "您好。"),
        ("追问", "请稍等。"),
    ]


def test_plain_text_keeps_its_signs(store, tmp_path):
    row = {"id": "1", "title": "甲", "body": "a < b\n**不是粗体**", "format": "text"}
    run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")
    revision = newest(store, "1")
    assert "a < b" in revision.text
    assert "**不是粗体**" in revision.text


def test_scripts_in_imported_html_do_not_survive(store, tmp_path):
    row = {"id": "1", "title": "甲", "body": "<p>好<script>alert(1)</script></p>", "format": "html"}
    run(store, jsonl(tmp_path / "a.jsonl", row), "jsonl")
    assert "script" not in newest(store, "1").html
    assert "alert" not in newest(store, "1").html


CSV_TEXT = (
    "编号,标题,正文,分类,文号,对外口径,标签,生效日期\r\n"
    '7,"借记卡，挂失","第一行\r\n第二行说“好”",个人业务/借记卡,远银〔1〕号,"您好。\r\n---\r\n再见。","挂失，补卡",2029-01-01\r\n'
)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_file_is_read_in_any_usual_encoding(store, tmp_path, codec):
    path = tmp_path / "a.csv"
    path.write_bytes(CSV_TEXT.encode(codec))
    report = run(store, path, "csv")
    revision = newest(store, "7")
    assert (report.created, report.failed) == (1, [])
    assert (revision.title, revision.document_number) == ("借记卡，挂失", "远银〔1〕号")
    assert revision.source.splitlines() == ["第一行", "第二行说“好”"]
    assert [block.text for block in revision.wording] == ["您好。", "再见。"]
    assert revision.tags == "挂失、补卡"


def test_broken_bytes_in_one_csv_row_keep_only_that_row_out(store, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("标题,正文\n好的,甲\n".encode() + b"\xff\xfe\xfa,\xe4\xb8\n" + "也好,乙\n".encode())
    report = run(store, path, "csv")
    assert (report.created, [number for number, _field in reasons(report)]) == (2, [3])


def test_a_csv_row_with_too_many_cells_is_reported(store, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("标题,正文\n甲,乙,丙\n丁,戊\n", encoding="utf-8")
    report = run(store, path, "csv")
    assert (report.created, reasons(report)) == (1, [(2, "列")])


def test_a_csv_file_without_a_title_column_says_what_it_found(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("名字,正文\n甲,乙\n", encoding="utf-8")
    with pytest.raises(Invalid, match="名字、正文"):
        list(read_rows(path, "csv"))


def test_a_csv_cell_may_hold_a_whole_regulation(store, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"标题,正文\n甲,{'规定' * 100_000}\n", encoding="utf-8")
    assert run(store, path, "csv").created == 1


def test_an_excel_sheet_is_read_with_numbers_and_dates(store, tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["编号", "标题", "内容", "生效日期"])
        sheet.write_row(1, 0, [1001, "年费", "一百元"])
        sheet.write_datetime(1, 3, date(2029, 3, 4), book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_row(3, 0, [1002, "工本费", "十元"])
    report = run(store, path, "xlsx")
    assert (report.created, report.failed) == (2, [])
    assert newest(store, "1001").effective_from == datetime(2029, 3, 4, tzinfo=ZONE)


def test_a_file_that_is_no_workbook_is_refused_as_a_whole(tmp_path):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(Invalid, match="Excel"):
        list(read_rows(path, "xlsx"))


def test_a_folder_of_markdown_gives_nodes_and_ids_from_its_paths(store, tmp_path):
    folder = tmp_path / "知识" / "信用卡"
    folder.mkdir(parents=True)
    (folder / "年费.md").write_text(
        '+++\ntitle = "信用卡年费"\ntags = ["年费"]\n+++\n普卡一百元。\n', encoding="utf-8"
    )
    (folder / "还款.md").write_text(
        '---\ntitle: 怎么还款\nsummary: "三种方式"\n---\n柜台、网银、手机。\n', encoding="utf-8"
    )
    (folder / "标题在里面.md").write_text("# 分期怎么办\n\n打客服。\n", encoding="utf-8")
    (folder / "坏的.md").write_text("+++\ntitle = \n+++\n正文\n", encoding="utf-8")
    report = run(store, tmp_path / "知识", "markdown")
    assert (report.created, [failure.label for failure in report.failed]) == (3, ["信用卡/坏的.md"])
    assert newest(store, "信用卡/年费.md").title == "信用卡年费"
    assert newest(store, "信用卡/还款.md").summary == "三种方式"
    assert newest(store, "信用卡/标题在里面.md").title == "分期怎么办"
    assert {article.node.title for article in articles(store)} == {"信用卡"}


def test_a_rule_at_the_top_of_a_text_is_not_a_front_matter():
    text = "---\n这里只是一条分隔线\n---\n正文"
    assert split_front_matter(text) == ({}, text)


def test_front_matter_lists_are_read():
    values, body = split_front_matter("---\ntags:\n- 甲\n- 乙\nmore: [丙, 丁]\n---\n正文")
    assert (values["tags"], values["more"], body) == (["甲", "乙"], ["丙", "丁"], "正文")


def test_a_dry_run_reports_and_writes_nothing(store, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "甲", "body": "甲"}, {"id": "2", "body": "乙"})
    report = run(store, path, "jsonl", dry_run=True)
    assert (report.created, len(report.failed)) == (1, 1)
    assert articles(store) == []


def test_batches_are_transactions_and_each_is_audited(store, tmp_path):
    path = jsonl(
        tmp_path / "a.jsonl", *({"id": str(n), "title": f"第{n}篇", "body": "甲"} for n in range(250))
    )
    seen: list[int] = []
    chosen = ImportOptions("test")
    import_rows(store, read_rows(path, "jsonl"), chosen, FixedClock(NOW), ZONE, seen.append)
    with store.read() as session:
        events = session.scalars(select(AuditEvent)).all()
        assert first_broken(session) is None
    assert [json.loads(event.detail)["created"] for event in events] == [100, 100, 50]
    assert seen == list(range(1, 251))


def test_an_unknown_default_department_stops_before_anything_is_written(store, tmp_path):
    path = jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "甲", "body": "甲"})
    with pytest.raises(Invalid, match="火星部"):
        run(store, path, "jsonl", department="火星部")
    assert articles(store) == []


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotFound, match="nowhere"):
        read_rows(tmp_path / "nowhere.jsonl", "jsonl")
