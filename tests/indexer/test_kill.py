"""Processes killed at any moment: nothing committed is lost, and the index finds its way back."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from indexer.store import IndexFolder, verify
from kb.indexing import latest_change
from tests.indexer.bank import Bank
from tests.indexer.world import ROOT, everything, ids, query

ROUNDS = int(os.environ.get("KB_KILLS", "12"))

PUBLISH = """
import random, sys
from pathlib import Path
from tests.indexer.bank import Bank
home, seed = Path(sys.argv[1]), int(sys.argv[2])
bank, chance, known = Bank(home), random.Random(seed), []
with (home / "acknowledged").open("a", buffering=1) as acknowledged:
    while True:
        if known and chance.random() < 0.4:
            bank.revise(chance.choice(known), f"改过的知识{seed}")
        else:
            known.append(bank.publish(f"知识{seed}号之{len(known)}", "挂失后七天内可以补办新卡。" * 20))
            acknowledged.write(f"{known[-1]}\\n")
            print("publishing", flush=True)
"""

FOLLOW = """
import sys, threading
from pathlib import Path
from tests.indexer.bank import Bank
print("following", flush=True)
Bank(Path(sys.argv[1])).follower().run(threading.Event())
"""


def start(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    """Start a program of this file in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def at_work(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Wait until a process says that it has begun."""
    assert process.stdout is not None
    assert process.stdout.readline(), process.communicate()[1].decode()
    return process


def kill(process: subprocess.Popen[bytes]) -> bytes:
    """Kill a process as a crash would and return what it had complained of."""
    process.send_signal(signal.SIGKILL)
    _out, complaints = process.communicate()
    return complaints


def assert_whole(bank: Bank) -> None:
    """Check what must hold after a crash, before and after catching up."""
    folder = IndexFolder(bank.index).current()
    if folder is not None:
        verify(folder)
        bank.engine().search(query("挂失"))
    follower = bank.follower()
    follower.catch_up()
    assert everything(bank.index) == bank.shown()
    with bank.database.read() as session:
        assert bank.updater().cursor() == latest_change(session)
    assert follower.step() is False


@pytest.mark.slow
def test_killing_publisher_and_follower_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(ROUNDS)
    bank = Bank(tmp_path).create()
    bank.follower().catch_up()
    for number in range(ROUNDS):
        publisher, follower = start(PUBLISH, tmp_path, number), start(FOLLOW, tmp_path)
        at_work(publisher)
        at_work(follower)
        time.sleep(chance.random() * 0.4)
        first, second = (publisher, follower) if chance.random() < 0.5 else (follower, publisher)
        complaints = kill(first)
        time.sleep(chance.random() * 0.05)
        complaints += kill(second)
        assert b"Traceback" not in complaints
        assert_whole(bank)
    acknowledged = {int(line) for line in (tmp_path / "acknowledged").read_text().split("\n")[:-1]}
    assert len(acknowledged) > ROUNDS
    assert acknowledged <= set(bank.shown())
    assert len(ids(bank.engine().search(query("知识", limit=100_000)))) == len(bank.shown())
    bank.close()


@pytest.mark.slow
def test_killing_a_rebuild_leaves_the_index_in_use_as_it_was(tmp_path: Path) -> None:
    bank = Bank(tmp_path).create()
    for number in range(40):
        bank.publish(f"知识{number}", "挂失后七天内可以补办新卡。" * 200)
    bank.follower().catch_up()
    before = everything(bank.index)
    program = FOLLOW.rsplit("\n", 2)[0] + "\nwhile True:\n    Bank(Path(sys.argv[1])).follower().rebuild()\n"
    chance = random.Random(3)
    for _ in range(max(2, ROUNDS // 4)):
        process = at_work(start(program, tmp_path))
        time.sleep(0.2 + chance.random() * 0.6)
        kill(process)
        assert everything(bank.index) == before
        assert_whole(bank)
    bank.close()
