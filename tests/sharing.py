"""What is dear to build is built by the first test process that wants it, and used by all of a run."""

import fcntl
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Made = TypeVar("Made")


def built_once(run_folder: Path, name: str, build: Callable[[Path], Made]) -> tuple[Path, Made]:
    """Return a folder that was filled once in this run, and what filling it returned.

    Nobody may change anything in the folder: a test that writes copies it first.

    Args:
        run_folder: The folder that all processes of a run share.
        name: What the folder is called there.
        build: Fills a folder that is there and empty, and returns something that can be pickled; if it
            fails, the next process that wants the folder tries again.
    """
    folder = run_folder / name
    result = folder.with_suffix(".made")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            result.write_bytes(pickle.dumps(build(folder)))
    # Written by this very run.
    made: Made = pickle.loads(result.read_bytes())  # noqa: S301
    return folder, made
