"""Text of PDF files by page, through PDFium."""

from collections.abc import Iterator

from indexer.extract.pdf_pages import open_pdf, page_text
from kb.ports import TextPart


def read(data: bytes) -> Iterator[TextPart]:
    """Yield one part of kind ``page`` for each page that has text; numbers count from 1.

    Raises:
        Refused: if a password is needed to open the file.
    """
    document = open_pdf(data)
    for index in range(len(document)):
        page = document[index]
        text = page_text(page)
        page.close()
        if text:
            yield TextPart("page", index + 1, "", text)
