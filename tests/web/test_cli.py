"""The command ``kb`` in a home of its own; where the process itself is the subject, as a real one."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commanding import Done, run_kb
from openpyxl import Workbook
from sharing import built_once

from web.cli import run

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    {
        "id": "loss",
        "title": "借记卡挂失怎么办",
        "body": "客户致电后先做口头挂失，五天内有效。",
        "node": "个人业务/借记卡",
    },
    {"id": "fee", "title": "信用卡年费标准", "body": "普卡一百元，刷满六笔免次年。", "node": "信用卡"},
    {"id": "limit", "title": "转账限额", "body": "手机银行单日限额五十万元。", "node": "电子银行"},
]
Kb = Callable[..., Done]


def environment(home: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    return {**inherited, "KB_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def run_process(home: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "web.cli", *arguments],
        env=environment(home, **settings),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def write_rows(path: Path, *rows: object) -> str:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def filled_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three imported articles and their index."""
    folder = tmp_path_factory.mktemp("cli")
    home = folder / "home"
    source = write_rows(folder / "rows.jsonl", *ROWS)
    for arguments in (("upgrade",), ("import", source, "--source", "test"), ("index",)):
        done = run_kb(home, *arguments)
        assert done.returncode == 0, done.stderr
    return home


@pytest.fixture
def kb(filled_home: Path) -> Kb:
    return lambda *arguments, stdin="": run_kb(filled_home, *arguments, stdin=stdin)


@pytest.fixture(scope="session")
def upgraded_home(run_folder: Path) -> Path:
    def build(home: Path) -> None:
        assert run_kb(home, "upgrade").returncode == 0

    return built_once(run_folder, "upgraded", build)[0]


@pytest.fixture
def empty_home(tmp_path: Path, upgraded_home: Path) -> Path:
    """A home with a database that holds nothing."""
    return Path(shutil.copytree(upgraded_home, tmp_path / "home"))


@pytest.mark.parametrize(
    "command",
    [
        (), ("upgrade",), ("sample",), ("import",), ("index",), ("reindex",), ("search",), ("serve",), ("status",),
        ("user",), ("user", "add"), ("department",), ("department", "add"),
        ("audit",), ("audit", "verify"), ("audit", "export"),
    ],
)  # fmt: skip
def test_every_command_explains_itself(command):
    assert run([*command, "--help"]) == 0


def test_upgrade_makes_a_private_home_and_can_be_repeated(tmp_path):
    home = tmp_path / "new" / "home"
    assert run_process(home, "upgrade").returncode == 0
    assert run_kb(home, "upgrade").returncode == 0
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "secret.key").stat().st_mode & 0o077 == 0


def test_a_command_without_a_database_says_what_to_do_and_makes_none(tmp_path):
    done = run_process(tmp_path, "search", "挂失")
    assert (done.returncode, done.stdout) == (1, "")
    assert "kb upgrade" in done.stderr
    assert not list(tmp_path.glob("*.sqlite3"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "没有这个命令"),
        (("index", "--nonsense"), "没有这个选项"),
        (("search",), "查询"),
        (("search", "挂失", "--scope", "nowhere"), "attachment"),
        (("search", "挂失", "--from", "2030-13-01"), "2030-13-01"),
        (("search", "--batch", "queries.tsv"), "--run"),
        (("import",), "PATH"),
        (("user", "add", "wang"), "--name"),
    ],
)
def test_a_misused_command_exits_with_2_and_says_why_in_chinese(arguments, said, capsys):
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "错误：" in err


def test_a_wrong_setting_is_named(filled_home):
    done = run_process(filled_home, "index", KB_PORT="eighty")
    assert done.returncode == 1
    assert "KB_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_search_prints_what_it_found(kb):
    done = kb("search", "挂失")
    assert done.returncode == 0
    assert "借记卡挂失怎么办" in done.stdout


def test_search_as_json_has_exactly_the_promised_fields(kb):
    done = kb("search", "挂失", "--json")
    result = json.loads(done.stdout)
    assert list(result) == ["total", "took_ms", "tiers", "hits"]
    assert result["total"] == 1
    assert list(result["hits"][0]) == [
        "id", "external_id", "title", "scope_hits", "snippet", "tier", "why", "score", "attachment",
    ]  # fmt: skip
    assert result["hits"][0]["external_id"] == "loss"
    assert "口头挂失" in result["hits"][0]["snippet"]
    assert result["hits"][0]["attachment"] is None


def test_search_keeps_to_a_scope(kb):
    assert (
        json.loads(kb("search", "口头挂失", "--scope", "title", "--verbatim", "--json").stdout)["total"] == 0
    )
    assert json.loads(kb("search", "口头挂失", "--scope", "content", "--json").stdout)["total"] == 1


def test_search_keeps_to_a_node_and_what_is_below_it(kb):
    assert json.loads(kb("search", "挂失", "--node", "个人业务", "--json").stdout)["total"] == 1
    assert json.loads(kb("search", "挂失", "--node", "信用卡", "--json").stdout)["total"] == 0


def test_search_keeps_to_dates_and_to_a_past_instant(kb):
    assert json.loads(kb("search", "挂失", "--to", "2020-01-01", "--json").stdout)["total"] == 0
    assert json.loads(kb("search", "挂失", "--from", "2020-01-01", "--json").stdout)["total"] == 1
    before = kb("search", "挂失", "--as-of", "2020-01-01", "--status", "current", "--json")
    assert json.loads(before.stdout)["total"] == 0


@pytest.mark.parametrize("option", ["--node", "--department", "--as"])
def test_search_refuses_an_unknown_condition(kb, option):
    done = kb("search", "挂失", option, "火星")
    assert done.returncode == 1
    assert "火星" in done.stderr


def test_search_gives_no_more_than_asked_for(kb):
    result = json.loads(kb("search", "", "--limit", "2", "--json").stdout)
    assert (result["total"], len(result["hits"])) == (3, 2)


def test_searches_on_the_command_line_are_not_recorded(kb, filled_home):
    from sqlalchemy import func, select

    from kb.database import Database, sqlite_url
    from kb.models import Search

    kb("search", "挂失")
    database = Database(sqlite_url(filled_home / "kb.sqlite3"))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Search)) == 0
    database.close()


@pytest.mark.parametrize(
    "queries",
    [
        "q1\t挂失\nq2\t年费\n",
        "qid\tquery\nq1\t挂失\nq2\t年费\n",
        "qid\tsplit\tvariant\tquery\tnote\nq1\tdev\tx\t挂失\tn\nq2\tdev\tx\t年费\t\n",
    ],
    ids=["bare", "header", "wide-header"],
)
def test_a_batch_answers_every_query_in_order(kb, tmp_path, queries):
    (tmp_path / "q.tsv").write_text(queries, encoding="utf-8")
    run, snippets = tmp_path / "run.tsv", tmp_path / "snippets.tsv"
    done = kb("search", "--batch", str(tmp_path / "q.tsv"), "--run", str(run), "--snippets", str(snippets))
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in run.read_text(encoding="utf-8").splitlines()]
    assert [line[:3] for line in lines if line[2] == "1"] == [["q1", "loss", "1"], ["q2", "fee", "1"]]
    assert all(float(line[3]) > 0 for line in lines)
    shown = [line.split("\t") for line in snippets.read_text(encoding="utf-8").splitlines()]
    assert [line[:3] for line in shown] == [line[:3] for line in lines]
    assert "挂失" in shown[0][3]


def test_a_batch_takes_queries_longer_than_the_box_of_a_page(kb, tmp_path):
    (tmp_path / "q.tsv").write_text(f"q1\t{'客户来电说银行卡丢了怎么挂失' * 8}\n", encoding="utf-8")
    done = kb("search", "--batch", str(tmp_path / "q.tsv"), "--run", str(tmp_path / "run.tsv"))
    assert done.returncode == 0, done.stderr


def test_a_batch_without_an_index_fails_instead_of_searching_titles(empty_home, tmp_path):
    (tmp_path / "q.tsv").write_text("q1\t挂失\n", encoding="utf-8")
    done = run_kb(
        empty_home, "search", "--batch", str(tmp_path / "q.tsv"), "--run", str(tmp_path / "run.tsv")
    )
    assert done.returncode == 1
    assert "kb index" in done.stderr


def test_an_import_with_bad_rows_exits_with_1_and_takes_the_others(empty_home, tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", ROWS[0], "{broken", {"id": "x", "body": "没有标题"})
    done = run_kb(empty_home, "import", source)
    assert done.returncode == 1
    assert "新增 1，更新 0，未变 0，失败 2" in done.stdout
    assert [line.split("　")[0] for line in done.stderr.splitlines() if line.startswith("第")] == [
        "第 2 行",
        "第 3 行",
    ]


def test_the_same_import_twice_changes_nothing(empty_home, tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", *ROWS)
    run_kb(empty_home, "import", source)
    done = run_kb(empty_home, "import", source)
    assert (done.returncode, "新增 0，更新 0，未变 3" in done.stdout) == (0, True)


def test_a_dry_run_of_an_import_writes_nothing(empty_home, tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", *ROWS)
    assert "新增 3" in run_kb(empty_home, "import", source, "--dry-run").stdout
    assert "新增 3" in run_kb(empty_home, "import", source).stdout


def test_imports_of_every_format_go_in(empty_home, tmp_path):
    (tmp_path / "a.csv").write_bytes("标题,正文\n存款证明,到网点办理\n".encode("gb18030"))
    book = Workbook()
    for row in (["标题", "正文"], ["电子回单", "网银下载"]):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    (tmp_path / "md").mkdir()
    (tmp_path / "md" / "c.md").write_text("# 购汇\n\n每人每年五万美元。\n", encoding="utf-8")
    for name, fmt in (("a.csv", "csv"), ("b.xlsx", "xlsx"), ("md", "markdown")):
        done = run_kb(empty_home, "import", str(tmp_path / name), "--format", fmt)
        assert (done.returncode, "新增 1" in done.stdout) == (0, True), done.stderr


def test_a_missing_import_file_is_a_failure_in_chinese(kb):
    done = kb("import", "nowhere.csv")
    assert (done.returncode, "没有找到" in done.stderr) == (1, True)


def test_what_was_imported_later_is_found_after_index_and_after_reindex(empty_home, tmp_path):
    run_kb(empty_home, "index")
    run_kb(empty_home, "import", write_rows(tmp_path / "rows.jsonl", *ROWS))
    for command in ("index", "reindex"):
        assert run_kb(empty_home, command).returncode == 0
        assert json.loads(run_kb(empty_home, "search", "年费", "--json").stdout)["total"] == 1


def test_a_department_is_added_once(empty_home):
    assert run_kb(empty_home, "department", "add", "service", "客户服务中心").returncode == 0
    again = run_kb(empty_home, "department", "add", "other", "客户服务中心")
    assert (again.returncode, "客户服务中心" in again.stderr) == (1, True)
    assert run_kb(empty_home, "department", "list").stdout == "service\t客户服务中心\n"


def test_a_user_can_be_added_with_the_password_from_standard_input(empty_home):
    run_kb(empty_home, "department", "add", "service", "客户服务中心")
    arguments = ("user", "add", "wang", "--name", "王晓", "--department", "service", "--role", "agent")
    done = run_kb(empty_home, *arguments, "--password-stdin", stdin="Long-enough-7\n")
    assert done.returncode == 0, done.stderr
    again = run_kb(empty_home, *arguments, "--password-stdin", stdin="Long-enough-7\n")
    assert (again.returncode, "用户名" in again.stderr) == (1, True)


def test_a_weak_password_is_refused_with_the_reason(empty_home):
    run_kb(empty_home, "department", "add", "service", "客户服务中心")
    done = run_kb(
        empty_home, "user", "add", "wang", "--name", "王晓", "--department", "service", "--role", "agent",
        "--password-stdin", stdin="123\n",
    )  # fmt: skip
    assert (done.returncode, "密码" in done.stderr) == (1, True)


def test_the_audit_log_is_whole_until_it_is_tampered_with(empty_home, tmp_path):
    import sqlite3

    run_kb(empty_home, "import", write_rows(tmp_path / "rows.jsonl", *ROWS))
    assert run_kb(empty_home, "audit", "verify").returncode == 0
    events = [json.loads(line) for line in run_kb(empty_home, "audit", "export").stdout.splitlines()]
    assert [event["action"] for event in events] == ["article.import"]
    connection = sqlite3.connect(empty_home / "kb.sqlite3")
    connection.execute("update audit_events set actor_name = '别人'")
    connection.commit()
    connection.close()
    done = run_kb(empty_home, "audit", "verify")
    assert (done.returncode, "第 1 号" in done.stderr) == (1, True)


@pytest.mark.slow
def test_the_sample_can_be_loaded_indexed_and_searched(sample_home, tmp_path):
    built, said = sample_home
    home = shutil.copytree(built, tmp_path / "home")
    assert "演示账号 agent" in said
    assert "没有改动" in run_kb(home, "sample").stdout
    found = json.loads(run_process(home, "search", "挂失", "--as", "agent", "--json").stdout)
    assert found["total"] > 5
    in_files = json.loads(run_kb(home, "search", "挂失申请书", "--scope", "attachment", "--json").stdout)
    assert "挂失申请书.docx" in {hit["attachment"]["name"] for hit in in_files["hits"]}
