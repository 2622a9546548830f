"""Text of PDF files by page, through pypdf: slower, but it survives files that kill PDFium."""

from collections.abc import Iterator
from io import BytesIO

from pypdf import PdfReader
from pypdf.errors import DependencyError, FileNotDecryptedError

from indexer.extract.outcome import Outcome, Refused
from indexer.extract.pieces import join_wrapped
from kb.ports import TextPart


def read(data: bytes) -> Iterator[TextPart]:
    """Yield one part of kind ``page`` for each page that has text; numbers count from 1.

    Raises:
        Refused: if a password is needed to open the file.
    """
    reader = PdfReader(BytesIO(data))
    try:
        for number, page in enumerate(reader.pages, start=1):
            text = join_wrapped(page.extract_text())
            if text:
                yield TextPart("page", number, "", text)
    except (FileNotDecryptedError, DependencyError) as error:
        raise Refused(Outcome.ENCRYPTED) from error
