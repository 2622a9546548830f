"""Opens PDF files and reads the text of a page in order, through PDFium."""

from typing import Any

from pypdfium2 import PdfDocument, PdfiumError
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY

from indexer.extract.outcome import Outcome, Refused
from indexer.extract.pieces import join_wrapped

# PDFium writes this non-character where a line ends in a hyphen that is not part of the word.
_SOFT_HYPHEN = "\ufffe"


def open_pdf(data: bytes) -> Any:
    """Open a document.

    Raises:
        Refused: if a password is needed.
    """
    try:
        return PdfDocument(data)
    except PdfiumError as error:
        if error.err_code in (FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY):
            raise Refused(Outcome.ENCRYPTED) from error
        raise


def page_text(page: Any) -> str:
    """Return the text of a page with the line breaks of its layout undone."""
    text_page = page.get_textpage()
    text = join_wrapped(text_page.get_text_range().replace(_SOFT_HYPHEN, ""))
    text_page.close()
    return text
