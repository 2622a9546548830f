"""Processes that serve enter themselves, and an entry lives no longer than its process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commanding import run_kb
from flask.testing import FlaskClient

from web.processes import FOLLOWER, WEB, Processes
from web.settings import Settings

ENTER = """
import sys
from pathlib import Path
from web.processes import Processes
with Processes(Path(sys.argv[1])).entered("web") as entry:
    entry.be_ready()
    print("entered", flush=True)
    sys.stdin.read()
"""


def test_a_process_is_running_while_it_is_entered_and_ready_once_it_says_so(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "processes")
    assert processes.running() == []
    with processes.entered(FOLLOWER), processes.entered(WEB) as entry:
        assert [(each.part, each.is_ready) for each in processes.running()] == [
            (WEB, False),
            (FOLLOWER, False),
        ]
        entry.be_ready()
        assert processes.running()[0].is_ready
    assert processes.running() == []


def test_an_entry_ends_with_a_killed_process(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", ENTER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"entered\n"
        assert [each.pid for each in Processes(tmp_path).running()] == [other.pid]
        other.kill()
    assert Processes(tmp_path).running() == []
    assert list(tmp_path.iterdir()) == []


def test_readiness_tells_how_many_web_processes_answer(client: FlaskClient, settings: Settings) -> None:
    processes = Processes(settings.processes_directory)
    with processes.entered(WEB) as entry:
        assert "processes" not in (client.get("/readyz").json or {})
        entry.be_ready()
        assert (client.get("/readyz").json or {})["processes"] == 1


@pytest.mark.parametrize("is_ready", [True, False])
def test_the_command_lists_them_and_fails_if_nobody_answers(home: Path, is_ready: bool) -> None:
    with Processes(Settings(home=home).processes_directory).entered(WEB) as entry:
        if is_ready:
            entry.be_ready()
        done = run_kb(home, "status")
        assert done.returncode == (0 if is_ready else 1)
        assert f"网页进程 {int(is_ready)} 个" in done.stdout
        assert ("就绪" if is_ready else "正在启动") in done.stdout
        assert "索引已是最新。" in done.stdout
        found = json.loads(run_kb(home, "status", "--json").stdout)
    assert [each["is_ready"] for each in found["processes"]] == [is_ready]
    assert found["indexed_change"] == found["latest_change"] > 0
