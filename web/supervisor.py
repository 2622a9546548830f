"""Keeps child processes running: restarts them with growing pauses and ends them all together."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

SUPERVISED = "KB_SUPERVISED"
# Threads take turns at computing; an arena of memory for each of them, as glibc makes, only keeps more unused.
MEMORY = {"MALLOC_ARENA_MAX": "2"}
TICK_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 20.0
GRACE_SECONDS = 15.0


@dataclass
class Child:
    """A process to keep running.

    Args:
        name: For messages.
        command: Argument vector.
        patience: Give up on everything after so many quick deaths in a row, unless another one of its group
            runs; 0 never gives up.
        group: Those that do the same work.
        descriptors: Open files, such as a listening socket, that it uses together with this process.
    """

    name: str
    command: Sequence[str]
    patience: int = 0
    group: str = ""
    descriptors: Sequence[int] = ()
    deaths: int = 0
    started_at: float = 0.0
    due_at: float = 0.0
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process; its standard input stays open for as long as this process lives."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter with our own arguments
            self.command,
            stdin=subprocess.PIPE,
            env={**MEMORY, **os.environ, SUPERVISED: "1"},
            pass_fds=self.descriptors,
        )

    def has_died(self) -> bool:
        """Return whether the process ended, having planned its next start if so."""
        if self.process is None or self.process.poll() is None:
            return False
        self._close_pipe()
        self.process = None
        now = time.monotonic()
        self.deaths = 1 if now - self.started_at >= HEALTHY_SECONDS else self.deaths + 1
        self.due_at = now + min(FIRST_PAUSE_SECONDS * 2 ** (self.deaths - 1), LONGEST_PAUSE_SECONDS)
        return True

    def end(self, deadline: float) -> None:
        """Wait for the process to end by itself until ``deadline``, then kill it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._close_pipe()

    def _close_pipe(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()


def supervise(children: Sequence[Child], stop: threading.Event, tell: Callable[[str], None]) -> bool:
    """Run the children until ``stop`` is set or one is given up.

    Args:
        tell: Called with a Chinese sentence when a child died.

    Returns:
        Whether the end was asked for.
    """
    try:
        while not stop.is_set():
            for child in children:
                if child.has_died():
                    if _is_hopeless(child, children):
                        tell(f"{child.name}连续 {child.deaths} 次启动失败，停止运行。")
                        return False
                    tell(f"{child.name}意外退出，正在重新启动。")
                if child.process is None and time.monotonic() >= child.due_at:
                    child.start()
            stop.wait(TICK_SECONDS)
    finally:
        _end_all(children)
    return True


def _is_hopeless(child: Child, children: Sequence[Child]) -> bool:
    if not child.patience or child.deaths < child.patience:
        return False
    others = [other for other in children if other is not child and other.group == child.group]
    return not any(other.process is not None for other in others)


def _end_all(children: Sequence[Child]) -> None:
    for child in children:
        if child.process is not None and child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for child in children:
        child.end(deadline)


def stop_on_signals(stop: threading.Event) -> None:
    """Set ``stop`` on SIGTERM and SIGINT; call from the main thread."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())


def end_with_supervisor() -> None:
    """In a supervised child: leave Ctrl-C to the supervisor, and end if it was killed."""
    if os.environ.get(SUPERVISED) != "1":
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_wait_for_end_of_input, name="supervisor-watch", daemon=True).start()


def _wait_for_end_of_input() -> None:
    # The pipe closes when the supervisor is gone, however it went, also by SIGKILL.
    with contextlib.suppress(OSError, ValueError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
