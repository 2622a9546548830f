"""Saving what was typed: by hand into the draft, by itself beside it; and the state that an open page asks for."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, jsonify, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, audience_scope
from kb.autosaves import keep
from kb.drafts import save_draft
from kb.errors import Conflict, Forbidden, Invalid
from kb.models import Revision
from kb.placement import Placement
from kb.presence import mark_editing, others_editing
from kb.review_dates import LONGEST_DAYS, plan
from web.addresses import LARGEST_ID
from web.editor.blueprint import blueprint
from web.editor.form import DraftForm, article_number, read_form, text_of_form, to_payload
from web.editor.opened import open_draft_of
from web.session import current_actor
from web.transactions import now, services, writing

# What the use-cases call their fields, by the names of the form.
_FIELDS = {"owner_department": "department", "owner": "department", "text": "source", "files": "source"}


@dataclass(frozen=True)
class Stored:
    """How a save ended: the draft's state now, or sentences on what was wrong by field."""

    version: int
    errors: dict[str, str]


def store(session: Session, actor: Actor, draft: Revision, form: DraftForm, at: datetime) -> Stored:
    """Save a form into a draft.

    Raises:
        kb.drafts.DraftConflict: if somebody saved since the form was loaded; nothing was stored.
    """
    text, errors = text_of_form(form, services().zone)
    placement = _placement(form, errors)
    if form.interval and not (form.interval.isdecimal() and 0 < int(form.interval) <= LONGEST_DAYS):
        errors["interval"] = _("请选择复核周期。")
    if errors:
        return Stored(draft.lock_version, errors)
    try:
        with session.begin_nested():
            saved = save_draft(session, actor, draft.id, form.version, text, at, placement=placement)
            _set_interval(session, actor, saved, form, at)
    except Invalid as error:
        return Stored(draft.lock_version, named(error))
    except Forbidden as error:
        return Stored(draft.lock_version, {"node": _(error.message)})
    return Stored(saved.lock_version, {})


def named(error: Invalid) -> dict[str, str]:
    """Return the sentences of a failure by the fields of the editor's form."""
    found = {_FIELDS.get(name, name): _(reason) for name, reason in error.errors.items()}
    return found or {"title": _(error.message)}


def _placement(form: DraftForm, errors: dict[str, str]) -> Placement | None:
    if not form.node.isdecimal():
        errors["node"] = _("请选择分类。")
    if not form.department.isdecimal():
        errors["department"] = _("请选择责任部门。")
    replaces = None
    try:
        replaces = article_number(form.replaces)
    except ValueError:
        errors["replaces"] = _("请粘贴要替代的知识的链接，或填写它的编号。")
    if errors:
        return None
    audience = int(form.audience) if form.audience.isdecimal() else None
    return Placement(int(form.node), int(form.department), audience, replaces)


def _set_interval(session: Session, actor: Actor, draft: Revision, form: DraftForm, at: datetime) -> None:
    """Plan how often the article is looked at; that is no part of its text and holds at once."""
    article = draft.article
    wanted = int(form.interval) if form.interval.isdecimal() else None
    if wanted == article.review_interval_days:
        return
    if any(revision.shown_from is not None for revision in article.revisions):
        scope = audience_scope(session, actor)
        plan(session, actor, scope, article.id, wanted, article.responsible_id, at)
        return
    # Nobody reads it yet, so there is no date; the first approval sets one.
    article.review_interval_days = wanted
    detail = {"interval_days": wanted}
    audit.record(session, actor, "article.review_plan", f"article:{article.id}", at, detail=detail)


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/edit/save")
def autosave(article_id: int) -> Response:
    """Keep what a page holds: beside the draft, or in it if the person pressed save (``by_hand``)."""
    actor, moment = current_actor(), now()
    form = read_form(request.form)
    with writing() as session:
        draft = open_draft_of(session, actor, article_id)
        mark_editing(session, draft.id, actor.person_id, moment)
        if "by_hand" in request.form:
            version = _stored_version(session, actor, draft, form, moment)
        else:
            keep(session, actor, draft.id, form.version, to_payload(form), moment)
            version = draft.lock_version
    if "by_hand" not in request.form and version != form.version:
        # What was typed is kept all the same: the transaction above has ended well.
        raise Conflict("其他人已经保存了新的内容。您写的没有丢失，请查看两份内容后合并。")
    return jsonify(version=version, saved_at=moment.astimezone(services().zone).strftime("%H:%M"))


def _stored_version(session: Session, actor: Actor, draft: Revision, form: DraftForm, at: datetime) -> int:
    stored = store(session, actor, draft, form, at)
    if stored.errors:
        raise Invalid("内容未能保存，请按提示修改。", stored.errors)
    return stored.version


@blueprint.get(f"/a/<int(max={LARGEST_ID}):article_id>/edit/state")
def state(article_id: int) -> Response:
    """Answer who else is editing and which state of the draft is stored; proves that the login holds."""
    actor, moment = current_actor(), now()
    with writing() as session:
        draft = open_draft_of(session, actor, article_id)
        mark_editing(session, draft.id, actor.person_id, moment)
        others = others_editing(session, draft.id, actor.person_id, moment)
        version = draft.lock_version
    return jsonify(version=version, others=others, person=actor.person_id, csrf_token=generate_csrf())
