"""Importing a Word, Excel or PDF file into a draft, with its pictures and the list of what was lost."""

import re
from datetime import datetime

from flask import Response, jsonify, request
from flask import session as cookie
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from kb.access import Actor
from kb.drafts import save_draft
from kb.errors import Invalid
from kb.images import add_image, address
from kb.markup import MarkupTooLarge, render
from kb.models import Article, Revision
from kb.ports import Conversion
from kb.revision_text import RevisionText, text_of
from web.addresses import LARGEST_ID
from web.editor.blueprint import blueprint
from web.editor.losses import failure_sentence, loss_sentences
from web.editor.opened import open_draft_of
from web.session import current_actor
from web.transactions import now, services, writing

_IMPORTED = re.compile(r'<img\b[^>]*?src="imported:(\d+)"[^>]*>')


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/edit/import")
def import_document(article_id: int) -> Response:
    """Answer a document as clean HTML with its pictures stored; nothing is written into the draft yet."""
    actor = current_actor()
    conversion = converted(request.files.get("document"))
    if conversion is None:
        raise Invalid("请选择要导入的文件。")
    if conversion.status != "ok":
        raise Invalid(failure_sentence(conversion))
    with writing() as session:
        draft = open_draft_of(session, actor, article_id)
        html, failed = html_with_images(session, actor, draft.article, conversion, now())
    return jsonify(html=cleaned(html), title=conversion.title[:200], losses=losses_of(conversion, failed))


def append_document(
    session: Session, actor: Actor, draft: Revision, file: FileStorage | None, at: datetime
) -> None:
    """Add an imported document to the end of a draft's text, for pages without scripts.

    Raises:
        Invalid: if nothing was chosen, nothing can be imported, or the draft is Markdown.
    """
    if draft.format != "html":
        raise Invalid("Markdown 草稿不能导入文件，请先转为富文本。")
    conversion = converted(file)
    if conversion is None:
        raise Invalid("请选择要导入的文件。")
    if conversion.status != "ok":
        raise Invalid(failure_sentence(conversion))
    html, failed = html_with_images(session, actor, draft.article, conversion, at)
    values = {**text_of(draft).__dict__, "source": draft.source + cleaned(html)}
    save_draft(session, actor, draft.id, draft.lock_version, RevisionText(**values), at)
    remember_losses(draft.article_id, losses_of(conversion, failed))


def converted(file: FileStorage | None) -> Conversion | None:
    """Return what a sent file holds; ``None`` if none was chosen."""
    if file is None or not file.filename:
        return None
    return services().converter.convert(file.filename, file.read())


def cleaned(html: str) -> str:
    """Return the part of imported HTML that a page may carry.

    Raises:
        Invalid: if it is too long or nested too deep.
    """
    try:
        return render(html, "html", limit=600_000).html
    except MarkupTooLarge as error:
        raise Invalid(str(error)) from error


def html_with_images(
    session: Session, actor: Actor, article: Article, conversion: Conversion, at: datetime
) -> tuple[str, int]:
    """Store the pictures of a document and return its HTML with their addresses, and how many failed."""
    failed = 0

    def placed(match: re.Match[str]) -> str:
        nonlocal failed
        number = int(match[1])
        try:
            image = add_image(session, actor, article, conversion.images[number], at)
        except (Invalid, IndexError):
            failed += 1
            return ""
        return f'<img src="{address(image)}" alt="" width="{min(image.width, 860)}">'

    return _IMPORTED.sub(placed, conversion.html), failed


def losses_of(conversion: Conversion, failed_images: int) -> list[str]:
    """Return the sentences on what was lost, also of pictures that could not be read."""
    sentences = loss_sentences(conversion)
    if failed_images:
        sentences.append(_("%(n)s 张图片无法读取，没有导入。", n=failed_images))
    return sentences


def remember_losses(article_id: int, sentences: list[str]) -> None:
    """Keep the list for the next page that shows the draft."""
    cookie["import_losses"] = {"article": article_id, "sentences": [item[:120] for item in sentences][:12]}


def remembered_losses(article_id: int) -> list[str]:
    """Return the list that was kept for a draft, once."""
    kept = cookie.get("import_losses")
    if not kept or kept.get("article") != article_id:
        return []
    cookie.pop("import_losses")
    return [str(item) for item in kept["sentences"]]
