"""PDF files as headed pages of paragraphs, through PDFium."""

from html import escape

from indexer.convert.findings import Findings
from indexer.extract.pdf_pages import open_pdf, page_text

MAX_PAGES = 200
_IMAGE_OBJECT = 3


def convert(data: bytes, found: Findings) -> None:
    """Fill ``found`` with the text of the pages in order, one paragraph for each line of text.

    Raises:
        Refused: if a password is needed to open the file.
    """
    document = open_pdf(data)
    pages = len(document)
    for index in range(min(pages, MAX_PAGES)):
        page = document[index]
        text = page_text(page)
        found.lose("image", sum(1 for _object in page.get_objects(filter=[_IMAGE_OBJECT], max_depth=3)))
        page.close()
        if not text:
            found.lose("scan_page")
            continue
        if pages > 1:
            found.html.append(f"<h2>第 {index + 1} 页</h2>")
        found.html.extend(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())
    found.lose("cut", pages - MAX_PAGES)
    if found.html:
        found.lose("layout")
