"""What every bench asks of its command line: a corpus, and a folder that is kept or goes away."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def parser_of(
    description: str | None, corpus: str = "JSON Lines with title and body"
) -> argparse.ArgumentParser:
    """Return a parser whose help is the docstring of the bench, with the corpus as its first argument.

    Args:
        description: The docstring of the module.
        corpus: What the corpus has to be; empty for a bench that takes none.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if corpus:
        parser.add_argument("corpus", type=Path, help=corpus)
    return parser


@contextmanager
def kept_or_not(folder: Path | None) -> Iterator[Path]:
    """Yield a folder, made if need be, or a temporary one if none is wanted."""
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)
        return
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
