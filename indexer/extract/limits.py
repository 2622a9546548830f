"""The limits of one extraction, and how a process takes them upon itself."""

import math
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass

MIB = 1024 * 1024
_OPEN_FILES = 64
_SECONDS_AFTER_PARENT = 5
_FORBIDDEN_EVENTS = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.chmod",
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class Limits:
    """What one extraction may use.

    Args:
        memory_bytes: Address space of the child.
        cpu_seconds: Processor time of the child.
        wall_seconds: Time from start to answer, over all readers that are tried.
        max_chars: Characters of text that are kept.
    """

    memory_bytes: int = 1024 * MIB
    cpu_seconds: int = 20
    wall_seconds: float = 30.0
    max_chars: int = 1_000_000


def confine(limits: Limits) -> None:
    """Put the calling process under limits for good; where the system has none, do nothing.

    The process may not write files, leave core dumps (they would hold the document), or have
    children, and it ends by itself should the parent no longer be there to end it.
    """
    try:
        import resource
    except ImportError:
        return
    signal.alarm(math.ceil(limits.wall_seconds) + _SECONDS_AFTER_PARENT)
    for kind, amount in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
    ):
        _, allowed = resource.getrlimit(kind)
        is_unlimited = allowed == resource.RLIM_INFINITY
        soft = amount if is_unlimited else min(amount, allowed)
        # Reaching the soft limit of time sends a signal that says so; the hard one kills without a word.
        is_time = kind == resource.RLIMIT_CPU and (is_unlimited or soft < allowed)
        # Some systems know a limit by name only.
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, soft + 1 if is_time else soft))


def forbid_side_effects() -> None:
    """Refuse network connections, new processes and changes to files from Python code, for good."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN_EVENTS):
        raise PermissionError(event)
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        raise PermissionError(event)
