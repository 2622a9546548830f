"""Publishing by command: written by one person's token, approved by another's, found as it stood before."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from commanding import Done, run_kb
from small_bank import World

from kb.clock import SystemClock

Kb = Callable[..., Done]


@pytest.fixture
def kb(home: Path) -> Kb:
    """Runs ``kb`` on the small bank, for the person whose token is given."""

    def run(*arguments: str, token: str = "", stdin: str = "", code: int = 0) -> Done:
        done = run_kb(home, *arguments, stdin=stdin, KB_TOKEN=token)
        assert done.returncode == code, done.stderr
        return done

    return run


def token_of(kb: Kb, username: str, *scopes: str) -> str:
    flags = [part for scope in scopes for part in ("--scope", scope)]
    return kb("token", "add", username, "--name", "测试", *flags).stdout.strip()


@pytest.mark.slow
def test_wording_goes_from_a_script_to_the_agents_and_stays_provable(
    kb: Kb, world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = token_of(kb, "publisher", "read", "write")
    approver = token_of(kb, "reviewer", "read", "review")
    article = str(world.articles["loss"])
    before = datetime.now(UTC).astimezone().strftime("%Y-%m-%dT%H:%M:%S%z")
    arguments = ("draft", "edit", article, "--article", "--change", "工本费降到 6 元", "--body", "-")
    made = json.loads(kb(*arguments, token=author, stdin="补卡工本费 6 元每张。").stdout)
    leaflet = home / "通知.txt"
    leaflet.write_text("随附通知", encoding="utf-8")
    attached = json.loads(kb("draft", "attach", str(made["id"]), str(leaflet), token=author).stdout)
    assert attached["lock_version"] == made["lock_version"] + 1
    handed_in = json.loads(kb("submit", str(made["id"]), token=author).stdout)
    refused = kb("approve", str(made["id"]), "--hash", handed_in["content_hash"], token=author, code=1)
    assert "review" in refused.stderr
    start = SystemClock().now() + timedelta(hours=1)
    approved = kb(
        *("approve", str(made["id"]), "--hash", handed_in["content_hash"]),
        *("--at", start.isoformat(timespec="seconds")),
        token=approver,
    )
    assert json.loads(approved.stdout)["state"] == "approved"
    kb("index")
    assert "6 元每张" not in kb("search", "补卡工本费 6 元每张", "--json", "--limit", "3").stdout
    monkeypatch.setattr(SystemClock, "now", lambda _clock: datetime.now(UTC) + timedelta(hours=1, seconds=1))
    present = json.loads(kb("search", "补卡工本费 6 元每张", "--json", "--limit", "3").stdout)
    past = json.loads(kb("search", "补卡工本费", "--json", "--limit", "3", "--as-of", before).stdout)
    assert "6 元每张" in json.dumps(present["hits"][0], ensure_ascii=False)
    assert "6 元每张" not in json.dumps(past, ensure_ascii=False)
    listed = kb("revisions", article, token=author).stdout.splitlines()
    assert [line.split("\t")[0] for line in listed] == ["V1", "V2", "V3"]
    kb("audit", "verify")


@pytest.mark.slow
def test_the_glass_is_broken_only_with_a_reason_and_by_an_administrator(kb: Kb, world: World) -> None:
    author = token_of(kb, "publisher", "read", "write")
    admin = token_of(kb, "admin", "read", "break-glass")
    article = str(world.articles["loss"])
    made = json.loads(kb("draft", "edit", article, "--article", "--change", "急", token=author).stdout)
    number, sealed = str(made["id"]), made["content_hash"]
    glass = ("break-glass", "approve", number, "--hash", sealed, "--reason")
    assert "20" in kb(*glass, "太短", token=admin, code=1).stderr
    reason = "主管行长电话批准，系统故障期间先行发布安抚口径"
    kb(*glass, reason, token=author, code=1)
    kb(*glass, reason, token=admin)
    exported = kb("audit", "export").stdout
    assert "article.break_glass" in exported
    assert reason in exported
