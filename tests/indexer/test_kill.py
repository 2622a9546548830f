"""Processes killed at any moment: nothing committed is lost, and the index finds its way back."""

import os
import random
import time
from pathlib import Path

import pytest

from indexer.commits import verify
from indexer.store import IndexFolder
from kb.indexing import latest_change
from tests.indexer.bank import Bank
from tests.indexer.victims import ACKNOWLEDGED, COMPLAINTS, at_work, follow, kill, publish, rebuild
from tests.indexer.world import everything, ids, query

ROUNDS = int(os.environ.get("KB_KILLS", "12"))


def assert_whole(bank: Bank) -> None:
    """Check what must hold after a crash, before and after catching up."""
    folder = IndexFolder(bank.index).current()
    assert folder is not None
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
        victims = [at_work(publish, tmp_path, number), at_work(follow, tmp_path)]
        time.sleep(chance.random() * 0.3)
        chance.shuffle(victims)
        kill(victims[0])
        time.sleep(chance.random() * 0.05)
        kill(victims[1])
        assert_whole(bank)
    assert "Traceback" not in (tmp_path / COMPLAINTS).read_text()
    acknowledged = {int(line) for line in (tmp_path / ACKNOWLEDGED).read_text().split("\n")[:-1]}
    assert len(acknowledged) >= ROUNDS
    assert acknowledged <= set(bank.shown())
    found = ids(bank.engine().search(query("补办新卡", limit=100_000)))
    assert len(found) == len(set(found))
    assert set(found) <= set(bank.shown())
    bank.close()


@pytest.mark.slow
def test_killing_a_rebuild_leaves_the_index_in_use_as_it_was(tmp_path: Path) -> None:
    chance = random.Random(3)
    bank = Bank(tmp_path).create()
    for number in range(40):
        bank.publish(f"知识{number}", "挂失后七天内可以补办新卡。" * 200)
    bank.follower().catch_up()
    before = everything(bank.index)
    for _ in range(max(3, ROUNDS // 3)):
        process = at_work(rebuild, tmp_path)
        time.sleep(chance.random() * 0.5)
        kill(process)
        assert everything(bank.index) == before
        assert_whole(bank)
    bank.close()
