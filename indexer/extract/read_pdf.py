"""Text of PDF files by page, through PDFium."""

from collections.abc import Iterator

from pypdfium2 import PdfDocument, PdfiumError
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

from indexer.extract.outcome import Outcome, Refused
from indexer.extract.pieces import join_wrapped
from kb.ports import TextPart

# PDFium writes this non-character where a line ends in a hyphen that is not part of the word.
_SOFT_HYPHEN = "\ufffe"


def read(data: bytes) -> Iterator[TextPart]:
    """Yield one part of kind ``page`` for each page that has text; numbers count from 1.

    Raises:
        Refused: if a password is needed to open the file.
    """
    try:
        document = PdfDocument(data)
    except PdfiumError as error:
        if error.err_code in (FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY):
            raise Refused(Outcome.ENCRYPTED) from error
        raise
    for index in range(len(document)):
        page = document[index]
        text_page = page.get_textpage()
        text = join_wrapped(text_page.get_text_range().replace(_SOFT_HYPHEN, ""))
        text_page.close()
        page.close()
        if text:
            yield TextPart("page", index + 1, "", text)
