"""The list of drafts on which a person works, and those of others that they may continue."""

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_babel import gettext as _

from kb.drafts import drafts_for
from kb.models import OPEN_STATES, Revision, RevisionState
from kb.people import names_of
from web.editor.choices import may_write_somewhere
from web.editor.page import state_words
from web.session import current_actor
from web.transactions import reading

blueprint = Blueprint("drafts", __name__)


@dataclass(frozen=True)
class Line:
    """A draft with the name and tone of its state."""

    draft: Revision
    label: str
    tone: str
    is_writable: bool


@blueprint.get("/drafts")
def page() -> str:
    """Show the person's own drafts first, then those of others."""
    actor = current_actor()
    with reading() as session:
        drafts = drafts_for(session, actor, OPEN_STATES)
        may_write = may_write_somewhere(session, actor)
        own = [draft for draft in drafts if _is_own(draft, actor.person_id)]
        others = [draft for draft in drafts if not _is_own(draft, actor.person_id)] if may_write else []
        savers = {draft.saved_by_id for draft in drafts if draft.saved_by_id is not None}
        return render_template(
            "drafts/page.html",
            groups=[(_("我参与的"), _lines(own)), (_("同事的"), _lines(others))],
            is_empty=not own and not others,
            names=names_of(session, sorted(savers)),
            may_write=may_write,
        )


def _lines(drafts: list[Revision]) -> list[Line]:
    return [Line(draft, *state_words(draft), draft.state != RevisionState.IN_REVIEW) for draft in drafts]


def _is_own(draft: Revision, person_id: int) -> bool:
    return draft.submitted_by_id == person_id or any(row.person_id == person_id for row in draft.contributors)
