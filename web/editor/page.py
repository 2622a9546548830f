"""Draws the editor's page from a form, with everything there is to choose from and to be told."""

from collections.abc import Mapping, Sequence

from flask import render_template
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.drafts import newest_approved
from kb.models import Review, Revision, RevisionState
from kb.presence import mark_editing, others_editing
from kb.revisions import revision_at
from kb.similar import Similar
from web.editor.choices import (
    audience_choices,
    department_choices,
    interval_choices,
    node_choices,
    visible_title,
)
from web.editor.files import LARGEST_FILE, draft_files
from web.editor.form import DraftForm, article_number
from web.editor.strings import editor_strings
from web.transactions import now, services

# Where a link in the list of mistakes leads.
ANCHORS = {
    "title": "field-title",
    "summary": "field-summary",
    "wording": "field-wording",
    "source": "field-source",
    "internal_notes": "field-notes",
    "files": "field-files",
    "change_summary": "field-change",
    "effective_from": "field-from",
    "effective_to": "field-to",
    "node": "field-node",
    "department": "field-department",
    "audience": "field-audience",
    "document_number": "field-document",
    "tags": "field-tags",
    "interval": "field-interval",
    "replaces": "field-replaces",
}


def editor_page(
    session: Session,
    actor: Actor,
    draft: Revision,
    form: DraftForm,
    *,
    errors: Mapping[str, str] | None = None,
    summary: str = "",
    similar: Sequence[Similar] = (),
    losses: Sequence[str] = (),
    note: str = "",
    is_newer: bool = False,
) -> str:
    """Return the page.

    Args:
        draft: What is stored.
        form: What the fields show.
        errors: Sentences by field.
        summary: The sentence above them.
        similar: Articles that the draft may repeat.
        losses: What an import lost.
        note: Something else to say first.
        is_newer: Whether the fields hold more than what is stored.
    """
    article, moment = draft.article, now()
    label, tone = state_words(draft)
    mark_editing(session, draft.id, actor.person_id, moment)
    return render_template(
        "editor/page.html",
        draft=draft,
        form=form,
        errors=errors or {},
        summary=summary or _("内容未能保存，请按提示修改。"),
        anchors=ANCHORS,
        similar=similar,
        losses=losses,
        note=note,
        typed_is_newer=is_newer,
        state_label=label,
        state_tone=tone,
        live=revision_at(article.revisions, moment),
        newer=_newer(session, draft),
        others=others_editing(session, draft.id, actor.person_id, moment),
        returned_reason=_returned_reason(session, draft),
        nodes=node_choices(session, actor),
        departments=department_choices(session, actor, article.owner_department_id),
        audiences=audience_choices(session),
        intervals=interval_choices(form.interval),
        files=draft_files(session, draft),
        largest_file_mb=LARGEST_FILE // 1024 // 1024,
        may_discard=True,
        editor_strings=editor_strings,
        zone=services().zone.key,
        **_replaced(session, actor, form),
    )


def _newer(session: Session, draft: Revision) -> Revision | None:
    """Return the version that was approved since the draft was begun, if there is one."""
    newest = newest_approved(session, draft.article_id)
    return newest if newest is not None and newest.id != draft.based_on_id else None


def state_words(draft: Revision) -> tuple[str, str]:
    """Return the name of a draft's state and the tone of its tag."""
    return {
        RevisionState.DRAFT: (_("草稿"), "info"),
        RevisionState.IN_REVIEW: (_("审核中"), "warn"),
        RevisionState.RETURNED: (_("已退回"), "bad"),
    }.get(RevisionState(draft.state), (draft.state, "info"))


def _returned_reason(session: Session, draft: Revision) -> str:
    if draft.state != RevisionState.RETURNED:
        return ""
    reason = session.scalar(
        select(Review.reason)
        .where(Review.revision_id == draft.id, Review.action == "returned")
        .order_by(Review.id.desc())
        .limit(1)
    )
    return reason or ""


def _replaced(session: Session, actor: Actor, form: DraftForm) -> dict[str, object]:
    try:
        number = article_number(form.replaces)
    except ValueError:
        number = None
    title = visible_title(session, actor, number) if number is not None else ""
    return {"replaced_id": number, "replaced_title": title}
