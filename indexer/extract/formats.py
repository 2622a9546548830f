"""Which file formats are read, and by which readers, in the order in which they are tried."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from kb.ports import TextPart

Reader = Callable[[bytes], Iterator[TextPart]]

# A second reader runs in a child of its own, when the first one dies or calls the file broken.
READERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "docx": ("read_docx",),
        "xlsx": ("read_xlsx", "read_xls"),
        "xls": ("read_xls",),
        "pptx": ("read_pptx",),
        "pdf": ("read_pdf", "read_pdf_again"),
        "doc": ("read_doc",),
        "txt": ("read_text",),
        "md": ("read_text",),
        "csv": ("read_csv",),
        "html": ("read_html",),
        "htm": ("read_html",),
    }
)

SUPPORTED_SUFFIXES: frozenset[str] = frozenset(READERS)


def suffix_of(name: str) -> str:
    """Return the lower-case suffix of a file name without its dot, or an empty string."""
    stem, dot, suffix = name.rpartition(".")
    return suffix.strip().lower() if dot and stem else ""


def load_reader(module: str) -> Reader:
    """Import one of the modules named in ``READERS`` and return its ``read`` function.

    A reader takes the file's bytes and yields its text in reading order, so that the caller can
    stop early. It raises ``Refused`` for files that it knows it cannot read, ``Cut`` after the last
    part if it left text out, and any exception of its parser for broken files.

    Raises:
        KeyError: if the module is not a reader.
    """
    if not any(module in modules for modules in READERS.values()):
        raise KeyError(module)
    return cast(Reader, import_module(f"indexer.extract.{module}").read)
