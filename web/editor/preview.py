"""What a draft will look like, drawn by the server exactly as readers are going to see it."""

from urllib.parse import urlencode

from flask import Response, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from kb.draft_files import files_of
from kb.drafts import newest_approved
from kb.errors import Invalid, NotFound
from kb.markup import MarkupTooLarge, Rendered, render
from web.addresses import LARGEST_ID
from web.editor.blueprint import blueprint
from web.editor.choices import visible_title
from web.editor.form import read_form, text_of_form
from web.editor.opened import open_draft_of
from web.marking import mark_html
from web.search.marker import marker_for
from web.session import current_actor
from web.transactions import now, reading, services


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/edit/preview")
def preview(article_id: int) -> str:
    """Show what the form holds as a page; nothing is saved."""
    actor, form = current_actor(), read_form(request.form)
    text, errors = text_of_form(form, services().zone)
    rendered = _rendered(form.source, form.format)
    with reading() as session:
        draft = open_draft_of(session, actor, article_id)
        replaced = int(form.replaces) if form.replaces.isdecimal() else None
        return render_template(
            "editor/preview.html",
            draft=draft,
            text=text,
            errors=errors,
            body=mark_html(rendered.html, marker_for(services().engine, "")).html,
            lost=rendered.lost,
            files=files_of(session, draft.id),
            replaced_title=visible_title(session, actor, replaced) if replaced else "",
            at=now(),
        )


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/edit/render")
def rendered(article_id: int) -> Response:
    """Answer a source as the clean HTML that readers would get, and what would be left out."""
    actor = current_actor()
    with reading() as session:
        open_draft_of(session, actor, article_id)
    is_markdown = request.form.get("format") == "markdown"
    found = _rendered(request.form.get("source", ""), "markdown" if is_markdown else "html")
    return jsonify(html=found.html, lost=list(found.lost))


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/edit/compare")
def compare(article_id: int) -> BaseResponse:
    """Lead to the comparison of the draft with the version in force."""
    actor = current_actor()
    with reading() as session:
        draft = open_draft_of(session, actor, article_id)
        newest = newest_approved(session, article_id)
        if newest is None:
            raise NotFound("这篇知识还没有现行版本，无法对比。")
        numbers = urlencode({"from": newest.number, "to": draft.number})
    return redirect(f"{url_for('versions.compare', article_id=article_id)}?{numbers}")


def _rendered(source: str, form: str) -> Rendered:
    try:
        return render(source, "markdown" if form == "markdown" else "html")
    except MarkupTooLarge as error:
        raise Invalid(str(error), {"source": str(error)}) from error
