"""Keeps one warm child process that renders, and kills it when a piece takes too long."""

import atexit
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_START_SECONDS = 30.0

log = logging.getLogger(__name__)


class RenderingFailed(Exception):
    """A piece could not be rendered in its time, or at all."""


class Worker:
    """A child process that does one job at a time; safe to call from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._owner = os.getpid()

    def render(self, job: Mapping[str, Any], limit: float) -> tuple[dict[str, Any], float]:
        """Have the child do a job.

        Args:
            job: ``format``, ``source`` and ``piece``, as ``kb.markup.child.Renderer`` takes them.
            limit: Seconds the child may take; waiting for its turn does not count.

        Returns:
            The child's answer and the seconds it took.

        Raises:
            RenderingFailed: if the time ran out or the child died or found an error.
        """
        with self._lock:
            process = self._started()
            began = time.monotonic()
            line = _ask(process, json.dumps({**job, "limit": limit}), limit)
            took = time.monotonic() - began
            if not line:
                self._end()
        if not line:
            raise RenderingFailed(f"no answer within {limit:.1f} s")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RenderingFailed(answer["error"])
        return answer, took

    def close(self) -> None:
        """End the child; the next job starts a new one."""
        # A forked process inherits this object, perhaps locked, but the child is not its own to end.
        if os.getpid() == self._owner:
            with self._lock:
                self._end()

    def _started(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "kb.markup.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="ascii",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        except OSError as error:
            raise RenderingFailed(f"the child cannot start: {error}") from error
        self._process = process
        if not _ask(process, "", _START_SECONDS):
            self._end()
            raise RenderingFailed("the child does not start")
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        # Popen's context closes the pipes and waits; a broken pipe on closing is what a kill leaves.
        try:
            with process:
                pass
        except OSError:
            process.wait()


def _ask(process: "subprocess.Popen[str]", line: str, limit: float) -> str:
    """Send a line, if there is one, and return the next line of the answer; empty when the child died."""
    timer = threading.Timer(limit, process.kill)
    timer.daemon = True
    timer.start()
    try:
        if process.stdin is None or process.stdout is None:
            return ""
        if line:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        return process.stdout.readline()
    except (OSError, ValueError) as error:
        log.warning("rendering child: %s", error)
        return ""
    finally:
        timer.cancel()


def shared_worker() -> Worker:
    """Return this process's worker, made on first use; a forked process gets its own."""
    return _worker_of(os.getpid())


@lru_cache(maxsize=1)
def _worker_of(process_id: int) -> Worker:
    worker = Worker()
    atexit.register(worker.close)
    return worker
