"""The beginning of a draft: where it belongs, from which template or file, in which form."""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Actor
from kb.drafts import open_draft, save_draft
from kb.errors import Forbidden, Invalid
from kb.gaps import begin_answer, gap_for
from kb.markup import render
from kb.models import Revision
from kb.placement import Placement
from kb.ports import Conversion
from kb.revision_text import RevisionText, text_of
from kb.templates import template, templates
from web.editor.blueprint import blueprint
from web.editor.choices import department_choices, may_write_somewhere, node_choices
from web.editor.importing import cleaned, converted, html_with_images, losses_of, remember_losses
from web.editor.losses import failure_sentence
from web.session import current_actor
from web.transactions import now, reading, writing

# What the use-cases call their fields, by the names of this form.
_FIELDS = {"owner_department": "department", "source": "document"}


@blueprint.get("/a/new")
def start() -> str:
    """Ask where the new article belongs and what it begins with."""
    actor = current_actor()
    with reading() as session:
        if not may_write_somewhere(session, actor):
            raise Forbidden("您没有撰写知识的权限。")
        sent = {"title": request.args.get("title", "")[:200], "node": request.args.get("node", "")}
        gap_id = request.args.get("gap", type=int)
        if gap_id is not None and 0 < gap_id < 2**31:
            gap = gap_for(session, actor, gap_id)
            sent = {
                "title": gap.text,
                "node": str(gap.node_id or ""),
                "department": str(gap.department_id),
                "gap": str(gap.id),
            }
        return _page(session, actor, sent, {})


@blueprint.post("/a/new")
def start_now() -> Response | tuple[str, int]:
    """Create the draft and open it in the editor."""
    actor = current_actor()
    sent = request.form.to_dict()
    conversion = converted(request.files.get("document"))
    errors = _errors(sent, conversion)
    if not errors:
        try:
            article_id = _create(actor, sent, conversion)
            return redirect(url_for("editor.edit", article_id=article_id), code=303)
        except Invalid as error:
            named = {_FIELDS.get(name, name): _(reason) for name, reason in error.errors.items()}
            errors = named or {"title": _(error.message)}
        except Forbidden as error:
            errors = {"node": _(error.message)}
    with reading() as session:
        return _page(session, actor, sent, errors), 422


def _create(actor: Actor, sent: dict[str, str], conversion: Conversion | None) -> int:
    moment = now()
    with writing() as session:
        place = Placement(int(sent["node"]), int(sent["department"]))
        draft = open_draft(session, actor, None, moment, placement=place, text=_beginning(sent))
        if conversion is not None:
            failed = _fill(session, actor, draft, conversion, sent)
        article_id = draft.article_id
        if sent.get("gap", "").isdecimal():
            begin_answer(session, actor, int(sent["gap"]), article_id, moment)
    if conversion is not None:
        remember_losses(article_id, losses_of(conversion, failed))
    return article_id


def _fill(
    session: Session, actor: Actor, draft: Revision, conversion: Conversion, sent: dict[str, str]
) -> int:
    """Write an imported document into a new draft, and return how many of its pictures failed."""
    html, failed = html_with_images(session, actor, draft.article, conversion, now())
    begun = text_of(draft)
    title = sent.get("title", "").strip() or conversion.title[:200]
    text = RevisionText(title, cleaned(html), "html", "", begun.wording, begun.internal_notes)
    save_draft(session, actor, draft.id, draft.lock_version, text, now())
    return failed


def _errors(sent: dict[str, str], conversion: Conversion | None) -> dict[str, str]:
    errors = {}
    if not sent.get("node", "").isdecimal():
        errors["node"] = _("请选择分类。")
    if not sent.get("department", "").isdecimal():
        errors["department"] = _("请选择责任部门。")
    if conversion is not None and conversion.status != "ok":
        errors["document"] = failure_sentence(conversion)
    return errors


def _beginning(sent: dict[str, str]) -> RevisionText:
    chosen = template(sent.get("template", ""))
    source = chosen.source if chosen else ""
    is_markdown = sent.get("format") == "markdown"
    return RevisionText(
        sent.get("title", "").strip(),
        source if is_markdown or not source else render(source, "markdown").html,
        "markdown" if is_markdown else "html",
        wording=chosen.wording if chosen else (),
        internal_notes=chosen.internal_notes if chosen else "",
    )


def _page(session: Session, actor: Actor, sent: dict[str, str], errors: dict[str, str]) -> str:
    form = {"title": "", "node": "", "template": "", "department": str(actor.department_id), "format": "html"}
    form.update(sent)
    return render_template(
        "editor/start.html",
        form=form,
        errors=errors,
        nodes=node_choices(session, actor),
        departments=department_choices(session, actor),
        templates=templates(),
    )
