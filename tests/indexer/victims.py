"""Processes made to be killed: they publish, follow or rebuild until somebody ends them."""

import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.indexer.bank import Bank

COMPLAINTS = "complaints"
ACKNOWLEDGED = "acknowledged"


def publish(home: Path, seed: int, begun: Connection) -> None:
    """Publish and revise for ever; a line is written for every article once it is committed."""
    with (home / COMPLAINTS).open("a") as complaints:
        os.dup2(complaints.fileno(), 2)
    bank, chance, known = Bank(home), random.Random(seed), list[int]()
    with (home / ACKNOWLEDGED).open("a", buffering=1) as acknowledged:
        while True:
            if known and chance.random() < 0.4:
                bank.revise(chance.choice(known), f"改过的知识{seed}")
                continue
            known.append(bank.publish(f"知识{seed}号之{len(known)}", "挂失后七天内可以补办新卡。" * 20))
            acknowledged.write(f"{known[-1]}\n")
            if len(known) == 1:
                begun.send(True)


def follow(home: Path, _seed: int, begun: Connection) -> None:
    """Follow the database for ever."""
    with (home / COMPLAINTS).open("a") as complaints:
        os.dup2(complaints.fileno(), 2)
    follower = Bank(home).follower()
    begun.send(True)
    follower.run(threading.Event())


def rebuild(home: Path, _seed: int, begun: Connection) -> None:
    """Rebuild the index for ever."""
    follower = Bank(home).follower()
    begun.send(True)
    while True:
        follower.rebuild()


def at_work(target: Callable[[Path, int, Connection], None], home: Path, seed: int = 0) -> BaseProcess:
    """Start one of these as a process of its own and return it once it has begun."""
    # Forked from a clean process that has everything imported: starting anew would take seconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.indexer.victims"])
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=target, args=(home, seed, there), daemon=True)
    process.start()
    there.close()
    assert here.poll(60) and here.recv()
    return process


def kill(process: BaseProcess) -> None:
    """Kill a process as a crash would."""
    process.kill()
    process.join(20)
    assert process.exitcode == -signal.SIGKILL
