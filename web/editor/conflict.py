"""Two people edited one draft: both contents side by side, field by field, until the later one decides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kb.access import Actor
from kb.diffs import Piece, characters
from kb.drafts import DraftConflict
from kb.models import Revision
from kb.people import names_of
from kb.revision_text import Wording
from web.addresses import LARGEST_ID
from web.editor.blueprint import blueprint
from web.editor.choices import audience_choices, department_choices, node_choices
from web.editor.form import DraftForm, form_of, read_form
from web.editor.opened import open_draft_of
from web.editor.page import editor_page
from web.editor.saving import store
from web.session import current_actor
from web.transactions import now, reading, services, writing

MERGED = frozenset(
    {"title", "source", "summary", "internal_notes", "change_summary", "tags", "document_number"}
)


@dataclass(frozen=True)
class Clash:
    """A field that differs, as texts to read; ``may_merge`` if it can be put together by hand."""

    name: str
    label: str
    theirs: str
    mine: str
    pieces: Sequence[Piece]
    may_merge: bool


def conflict_page(session: Session, actor: Actor, draft: Revision, mine: DraftForm) -> str:
    """Return the page with what is stored, what this person typed, and the difference."""
    theirs = _stored(draft)
    saver = names_of(session, [draft.saved_by_id]) if draft.saved_by_id is not None else {}
    return render_template(
        "editor/conflict.html",
        draft=draft,
        mine=mine,
        saved_by=saver.get(draft.saved_by_id or 0, ""),
        clashes=_clashes(session, actor, theirs, mine),
        is_html=mine.format == "html",
    )


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/edit/merge")
def merge(article_id: int) -> Response | str | tuple[str, int]:
    """Save what was put together on the conflict page as the next state of the draft."""
    actor, moment = current_actor(), now()
    mine = read_form(request.form)
    try:
        with writing() as session:
            draft = open_draft_of(session, actor, article_id)
            # The choices refer to what was shown; if that is old by now, the page is shown again.
            merged = merged_form(_stored(draft), mine) if draft.lock_version == mine.version else mine
            stored = store(session, actor, draft, merged, moment)
            if stored.errors:
                form = replace(merged, version=draft.lock_version)
                return editor_page(session, actor, draft, form, errors=stored.errors, is_newer=True), 422
        return redirect(url_for("editor.edit", article_id=article_id), code=303)
    except DraftConflict:
        with reading() as session:
            return conflict_page(session, actor, open_draft_of(session, actor, article_id), mine), 409


def merged_form(theirs: DraftForm, mine: DraftForm) -> DraftForm:
    """Return this person's form with the fields in which the request chose the others' or a merged text."""
    chosen: dict[str, object] = {}
    for name in _labels():
        choice = request.form.get(f"use_{name}", "mine")
        if choice == "theirs":
            chosen[name] = getattr(theirs, name)
        elif choice == "merged" and name in MERGED:
            chosen[name] = request.form.get(f"merged_{name}", getattr(mine, name))
    return replace(mine, **chosen).normal()  # type: ignore[arg-type]


def _stored(draft: Revision) -> DraftForm:
    return form_of(draft, draft.article, draft.article.review_interval_days, services().zone)


def _clashes(session: Session, actor: Actor, theirs: DraftForm, mine: DraftForm) -> list[Clash]:
    names = {
        "node": dict(node_choices(session, actor)),
        "department": dict(department_choices(session, actor)),
        "audience": dict(audience_choices(session)),
    }

    def readable(name: str, value: object) -> str:
        if name == "wording":
            return _wording_text(value)  # type: ignore[arg-type]
        if name in names:
            text = str(value)
            return names[name].get(int(text), text) if text.isdecimal() else _("与分类相同")
        return str(value)

    found = []
    for name, label in _labels().items():
        one, other = getattr(theirs, name), getattr(mine.normal(), name)
        if one == other:
            continue
        there, here = readable(name, one), readable(name, other)
        found.append(Clash(name, label, there, here, characters(there, here), name in MERGED))
    return found


def _wording_text(blocks: Sequence[Wording]) -> str:
    return "\n\n".join(f"【{block.title}】\n{block.text}" for block in blocks)


def _labels() -> dict[str, str]:
    return {
        "title": _("标题"),
        "summary": _("摘要"),
        "wording": _("对外口径"),
        "source": _("正文"),
        "format": _("书写方式"),
        "internal_notes": _("内部备注"),
        "change_summary": _("修改说明"),
        "effective_from": _("生效时间"),
        "effective_to": _("失效时间"),
        "node": _("分类"),
        "department": _("责任部门"),
        "audience": _("可见范围"),
        "document_number": _("文号"),
        "tags": _("标签"),
        "interval": _("复核周期"),
        "replaces": _("替代哪篇"),
    }
