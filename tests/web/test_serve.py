"""``kb serve``: several web processes and one follower behind one port, each started again when it dies."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import small_bank
from commanding import run_kb

from web.listening import handed_down, open_listeners
from web.settings import Settings, usable_cores
from web.supervisor import Child, supervise

ROOT = Path(__file__).resolve().parents[2]
Server = tuple["subprocess.Popen[str]", int]


def environment(home: Path, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KB_")}
    return {**inherited, "KB_HOME": str(home), "PYTHONPATH": str(ROOT), **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, seconds: float = 2.0) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool], seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


@pytest.fixture(scope="module")
def served_home(tmp_path_factory: pytest.TempPathFactory, built_home: tuple[Path, small_bank.World]) -> Path:
    """A copy of the built home for real processes."""
    return Path(shutil.copytree(built_home[0], tmp_path_factory.mktemp("served") / "home"))


@pytest.fixture(scope="module")
def lasting_server(served_home: Path) -> Iterator[Server]:
    """``kb serve`` running on a free port, for the tests that leave it running."""
    with serving(served_home) as started:
        yield started


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "web.cli", "serve", "--processes", "2"],
        env=environment(home, KB_PORT=str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    family = []
    try:
        assert wait_until(lambda: answers(port, 60)), "the server did not start"
        family = psutil.Process(process.pid).children()
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
        for child in family:
            if child.is_running():
                child.kill()


def living(server: Server) -> list[psutil.Process]:
    """The children that run, without those whose end the supervisor has not noticed yet."""
    children = psutil.Process(server[0].pid).children()
    return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]


def web_processes(server: Server) -> list[psutil.Process]:
    return [child for child in living(server) if "--listener" in child.cmdline()]


@pytest.mark.slow
def test_nobody_is_turned_away_while_a_web_process_is_dead(lasting_server: Server) -> None:
    web_processes(lasting_server)[0].kill()
    # Asked by new connections, some of them before the supervisor noticed.
    assert all(answers(lasting_server[1], 60) for _time in range(20))
    assert wait_until(lambda: len(living(lasting_server)) == 3)


@pytest.mark.slow
def test_when_all_have_died_they_are_started_again(lasting_server: Server) -> None:
    for child in living(lasting_server):
        child.kill()
    assert wait_until(lambda: answers(lasting_server[1], 60))
    assert wait_until(lambda: len(living(lasting_server)) == 3)


@pytest.mark.slow
def test_what_is_imported_while_the_server_runs_is_found_within_seconds(
    lasting_server: Server, served_home: Path, tmp_path: Path
) -> None:
    row = {"id": "new", "title": "数字藏品兑换", "body": "暂不支持。"}
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert run_kb(served_home, "import", str(rows), "--source", "later").returncode == 0

    def is_found() -> bool:
        return bool(json.loads(run_kb(served_home, "search", "数字藏品", "--json").stdout)["total"])

    assert wait_until(is_found, 30)


@pytest.mark.slow
def test_a_port_in_use_is_a_failure_with_advice(lasting_server: Server, served_home: Path) -> None:
    done = run_kb(served_home, "serve", KB_PORT=str(lasting_server[1]))
    assert (done.returncode, "KB_PORT" in done.stderr) == (1, True)


@pytest.mark.slow
def test_the_server_ends_with_its_children_on_sigterm(lasting_server: Server) -> None:
    process, port = lasting_server
    children = living(lasting_server)
    assert len(children) == 3
    assert process.stdout is not None
    assert f"http://127.0.0.1:{port}/" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert psutil.wait_procs(children, timeout=5)[1] == []


SUPERVISE = """
import sys, threading
from web.supervisor import Child, supervise
child = "from web.supervisor import end_with_supervisor; import time; end_with_supervisor(); print(1, flush=True)"
command = [sys.executable, "-c", child + "; time.sleep(600)"]
supervise([Child(name, command) for name in "ab"], threading.Event(), print)
"""


def test_the_children_end_when_the_supervisor_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", SUPERVISE], cwd=ROOT, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        assert [supervisor.stdout.readline(), supervisor.stdout.readline()] == [b"1\n", b"1\n"]
        children = psutil.Process(supervisor.pid).children()
        supervisor.kill()
    assert len(children) == 2
    assert psutil.wait_procs(children, timeout=20)[1] == []


def test_a_connection_waits_until_a_process_takes_it() -> None:
    (listener,) = open_listeners("127.0.0.1", 0)
    with listener, socket.create_connection(listener.getsockname(), 5) as visitor:
        visitor.sendall(b"early")
        # As a web process does with the number that it was told.
        (shared,) = handed_down([os.dup(listener.fileno())])
        with shared, shared.accept()[0] as taken:
            assert taken.recv(5) == b"early"


def test_a_number_that_is_no_socket_is_refused_with_a_reason(served_home: Path) -> None:
    done = run_kb(served_home, "serve", "--listener", "987")
    assert (done.returncode, "套接字" in done.stderr) == (1, True)


def test_there_are_as_many_processes_as_cores_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KB_PROCESSES", raising=False)
    assert Settings(home=tmp_path).processes == min(8, usable_cores())
    monkeypatch.setenv("KB_PROCESSES", "3")
    assert Settings(home=tmp_path).processes == 3


class EndsAt:
    """A thing to wait on that is over after so many looks."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def is_set(self) -> bool:
        return self.left <= 0

    def wait(self, _seconds: float) -> None:
        self.left -= 1
        time.sleep(0.02)


def test_a_web_process_that_cannot_live_ends_nothing_while_another_one_runs() -> None:
    sick = Child("病", [sys.executable, "-c", "raise SystemExit(1)"], patience=1, group="web")
    sound = Child("好", [sys.executable, "-c", "import sys; sys.stdin.read()"], patience=1, group="web")
    said: list[str] = []
    assert supervise([sick, sound], EndsAt(80), said.append)  # type: ignore[arg-type]
    assert sick.deaths > 0
    assert all("病" in sentence and "重新启动" in sentence for sentence in said)


def test_web_processes_that_all_die_at_once_are_given_up() -> None:
    sick = [Child(name, [sys.executable, "-c", "raise SystemExit(1)"], 1, group="web") for name in "甲乙"]
    assert not supervise(sick, EndsAt(2_000), lambda _sentence: None)  # type: ignore[arg-type]
