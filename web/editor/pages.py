"""The editor's page: opening a draft, and what each of its buttons does."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Actor, Permission, audience_scope, may_on
from kb.announcement_versions import mark_material
from kb.articles import open_revision, visible_article
from kb.autosaves import drop, kept_for
from kb.drafts import DraftConflict, discard, open_draft, save_draft
from kb.errors import Conflict, Forbidden, Invalid
from kb.models import Article, Revision, RevisionState
from kb.presence import stop_editing
from kb.publishing import rebase, recall, submit
from kb.revision_text import RevisionText, text_of
from web.addresses import LARGEST_ID
from web.editor.blueprint import blueprint
from web.editor.conflict import conflict_page
from web.editor.files import add_chosen, change_files
from web.editor.form import DraftForm, form_of, from_payload, read_form
from web.editor.importing import append_document, remembered_losses
from web.editor.opened import open_draft_of
from web.editor.page import editor_page
from web.editor.saving import named, store
from web.editor.similar import alike
from web.session import current_actor
from web.transactions import now, reading, services, writing

Answer = Response | str | tuple[str, int]


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/edit")
def edit(article_id: int) -> Answer:
    """Show the draft in the editor; without one, ask whether to begin the next version."""
    actor = current_actor()
    with writing() as session:
        draft = _draft_or_none(session, actor, article_id)
        if draft is None:
            return _offer(session, actor, article_id)
        if draft.state == RevisionState.IN_REVIEW:
            return render_template("editor/waiting.html", draft=draft)
        _require_write(session, actor, draft.article)
        form = _stored_form(draft)
        kept = kept_for(session, actor, draft.id)
        if kept is None:
            return editor_page(session, actor, draft, form, losses=remembered_losses(article_id))
        typed = from_payload(kept.payload, kept.based_version)
        if typed.same_content(form):
            drop(session, actor, draft.id)
            return editor_page(session, actor, draft, form)
        if kept.based_version != draft.lock_version:
            return conflict_page(session, actor, draft, typed)
        note = _("已恢复自动保存的内容，请检查后保存。")
        return editor_page(session, actor, draft, typed, is_newer=True, note=note)


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/edit")
def act(article_id: int) -> Answer:
    """Do what the pressed button says; ``action`` names it."""
    actor = current_actor()
    action = request.form.get("action", "save")
    if action == "open":
        with writing() as session:
            article = visible_article(session, article_id, audience_scope(session, actor))
            open_draft(session, actor, article, now())
        return redirect(url_for("editor.edit", article_id=article_id), code=303)
    if action == "recall":
        with writing() as session:
            recall(session, actor, open_draft_of(session, actor, article_id).id, now())
        flash(_("已撤回，可以继续修改。"))
        return redirect(url_for("editor.edit", article_id=article_id), code=303)
    if action == "theirs":
        with writing() as session:
            drop(session, actor, open_draft_of(session, actor, article_id).id)
        return redirect(url_for("editor.edit", article_id=article_id), code=303)
    if action == "discard":
        return _discard(actor, article_id)
    return _saved_and_then(actor, article_id, action, read_form(request.form))


def _draft_or_none(session: Session, actor: Actor, article_id: int) -> Revision | None:
    if open_revision(session, article_id) is None:
        return None
    return open_draft_of(session, actor, article_id)


def _offer(session: Session, actor: Actor, article_id: int) -> str:
    article = visible_article(session, article_id, audience_scope(session, actor))
    _require_write(session, actor, article)
    newest = max(article.revisions, key=lambda revision: revision.number)
    return render_template("editor/offer.html", article=article, newest=newest)


def _require_write(session: Session, actor: Actor, article: Article) -> None:
    decision = may_on(session, actor, Permission.ARTICLE_WRITE, article.node, article.owner_department_id)
    if not decision:
        raise Forbidden(decision.reason)


def _discard(actor: Actor, article_id: int) -> Response:
    version = request.form.get("version", 0, type=int)
    with writing() as session:
        draft = open_draft_of(session, actor, article_id)
        discard(session, actor, draft.id, version, now())
    flash(_("草稿已删除。"))
    return redirect(url_for("drafts.page"), code=303)


def _saved_and_then(actor: Actor, article_id: int, action: str, form: DraftForm) -> Answer:
    """Save the form, then do the rest; whatever goes wrong, the page comes back with what was typed."""
    moment = now()
    try:
        with writing() as session:
            draft = open_draft_of(session, actor, article_id)
            stored = store(session, actor, draft, form, moment)
            if stored.errors:
                return editor_page(session, actor, draft, form, errors=stored.errors, is_newer=True), 422
            return _next(session, actor, draft, action)
    except DraftConflict:
        with reading() as session:
            return conflict_page(session, actor, open_draft_of(session, actor, article_id), form), 409


def _stored_form(draft: Revision) -> DraftForm:
    return form_of(draft, draft.article, draft.article.review_interval_days, services().zone)


def _next(session: Session, actor: Actor, draft: Revision, action: str) -> Answer:
    again = redirect(url_for("editor.edit", article_id=draft.article_id), code=303)
    try:
        # Without scripts a chosen file comes along with whatever button was pressed.
        chosen = [file for file in request.files.getlist("files") if file.filename]
        if chosen or action == "attach":
            add_chosen(session, actor, draft, chosen, now())
        if action == "submit":
            return _submit(session, actor, draft)
        if action == "compare":
            return redirect(url_for("editor.compare", article_id=draft.article_id), code=303)
        if action == "to-rich":
            _to_rich(session, actor, draft)
        elif action == "rebase":
            rebase(session, actor, draft.id, draft.lock_version, now())
            flash(_("已记下您对照过新版本，可以提交了。"))
        elif action == "import":
            append_document(session, actor, draft, request.files.get("document"), now())
        elif action.startswith("file-"):
            change_files(session, actor, draft, action, now())
        elif action != "attach":
            flash(_("草稿已保存。"))
    except Invalid as error:
        return editor_page(session, actor, draft, _stored_form(draft), errors=named(error)), 422
    return again


def _submit(session: Session, actor: Actor, draft: Revision) -> Answer:
    form = _stored_form(draft)
    if "similar_seen" not in request.form:
        similar = alike(session, actor, draft)
        if similar:
            return editor_page(session, actor, draft, form, similar=similar), 422
    try:
        with session.begin_nested():
            submit(session, actor, draft.id, draft.lock_version, now())
            mark_material(session, actor, draft, "slip" not in request.form, now())
    except Invalid as error:
        summary = _("草稿已保存，但还不能提交，请按提示修改。")
        return editor_page(session, actor, draft, form, errors=named(error), summary=summary), 422
    except Conflict as error:
        return editor_page(session, actor, draft, form, errors={"title": _(error.message)}), 409
    stop_editing(session, draft.id, actor.person_id)
    flash(_("已提交审核，审核人会收到通知。"))
    return redirect(url_for("drafts.page"), code=303)


def _to_rich(session: Session, actor: Actor, draft: Revision) -> None:
    values = {**text_of(draft).__dict__, "source": draft.html, "format": "html"}
    save_draft(session, actor, draft.id, draft.lock_version, RevisionText(**values), now())
