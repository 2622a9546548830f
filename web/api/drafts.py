"""Drafts for programs: write, submit, decide; a draft is changed only in the state that was read."""

from flask import request

from kb.draft_fields import as_values, read_instant, read_placement, read_text
from kb.draft_rights import visible_draft
from kb.drafts import DraftConflict, discard, drafts_for, open_draft, save_draft
from kb.errors import Invalid
from kb.models import OPEN_STATES, Revision, RevisionState
from kb.placement import placement_of
from kb.publishing import approve, rebase, recall, return_to_author, submit
from kb.revision_text import text_of
from kb.tokens import TokenScope
from web.addresses import LARGEST_ID
from web.api.blueprint import Answer, Call, blueprint, reads, writes
from web.transactions import services

ONE = f"/drafts/<int(max={LARGEST_ID}):revision_id>"
MISSING_VERSION = 428
STALE = 412


@blueprint.get("/drafts")
@reads
def list_drafts(call: Call) -> Answer:
    """List the drafts that the caller may see; ``state`` and ``mine=1`` narrow it."""
    wanted = request.args.getlist("state")
    states = tuple(state for state in OPEN_STATES if not wanted or state.value in wanted)
    found = drafts_for(call.session, call.actor, states, mine=request.args.get("mine") == "1")
    return Answer({"drafts": [_brief(draft) for draft in found]})


@blueprint.post("/articles")
@writes(TokenScope.WRITE)
def new_article(call: Call) -> Answer:
    """Begin a new article with its first draft."""
    text = read_text(call.sent, services().zone)
    placement = read_placement(call.sent)
    draft = open_draft(call.session, call.actor, None, call.at, placement=placement, text=text)
    return made(call, draft)


@blueprint.get(ONE)
@reads
def show_draft(call: Call, revision_id: int) -> Answer:
    """Show one draft with the seal that an approver has to name."""
    return whole(call, visible_draft(call.session, call.actor, revision_id))


@blueprint.put(ONE)
@writes(TokenScope.WRITE)
def save(call: Call, revision_id: int) -> Answer:
    """Save into a draft; fields that are left out stay as they are. Needs ``If-Match``."""
    draft = visible_draft(call.session, call.actor, revision_id)
    expected = expected_version()
    if expected is None:
        return version_wanted()
    text = read_text(call.sent, services().zone, text_of(draft))
    placement = read_placement(call.sent, placement_of(draft))
    try:
        save_draft(call.session, call.actor, revision_id, expected, text, call.at, placement=placement)
    except DraftConflict as conflict:
        return stale(call, draft, conflict)
    return whole(call, draft)


@blueprint.delete(ONE)
@writes(TokenScope.WRITE)
def delete(call: Call, revision_id: int) -> Answer:
    """Delete a draft that was never approved. Needs ``If-Match``."""
    expected = expected_version()
    if expected is None:
        return version_wanted()
    draft = visible_draft(call.session, call.actor, revision_id)
    try:
        discard(call.session, call.actor, revision_id, expected, call.at)
    except DraftConflict as conflict:
        return stale(call, draft, conflict)
    return Answer(None, 204)


@blueprint.post(f"{ONE}/submit")
@writes(TokenScope.WRITE)
def submit_draft(call: Call, revision_id: int) -> Answer:
    """Hand a draft to the reviewers. Needs ``If-Match``; ``newest_seen`` says a newer version was read."""
    expected = expected_version()
    if expected is None:
        return version_wanted()
    draft = visible_draft(call.session, call.actor, revision_id)
    try:
        if call.sent.get("newest_seen") is True:
            expected = rebase(call.session, call.actor, revision_id, expected, call.at).lock_version
        submit(call.session, call.actor, revision_id, expected, call.at)
    except DraftConflict as conflict:
        return stale(call, draft, conflict)
    return whole(call, draft)


@blueprint.post(f"{ONE}/recall")
@writes(TokenScope.WRITE)
def recall_draft(call: Call, revision_id: int) -> Answer:
    """Take a submitted draft back."""
    return whole(call, recall(call.session, call.actor, revision_id, call.at))


@blueprint.post(f"{ONE}/approve")
@writes(TokenScope.REVIEW)
def approve_draft(call: Call, revision_id: int) -> Answer:
    """Approve exactly the draft with ``content_hash``, now or at ``effective_from``."""
    try:
        starts = read_instant(call.sent.get("effective_from"), services().zone)
    except ValueError as error:
        raise Invalid(str(error), {"effective_from": str(error)}) from None
    seen = str(call.sent.get("content_hash") or "")
    return whole(call, approve(call.session, call.actor, revision_id, seen, call.at, starts))


@blueprint.post(f"{ONE}/return")
@writes(TokenScope.REVIEW)
def return_draft(call: Call, revision_id: int) -> Answer:
    """Give the draft with ``content_hash`` back to its authors with a ``reason``."""
    seen, reason = str(call.sent.get("content_hash") or ""), str(call.sent.get("reason") or "")
    return whole(call, return_to_author(call.session, call.actor, revision_id, seen, call.at, reason))


def made(call: Call, draft: Revision) -> Answer:
    """Answer a draft that was just begun, with its address."""
    answer = whole(call, draft)
    place = f"{blueprint.url_prefix}/drafts/{draft.id}"
    return Answer(answer.body, 201, {**answer.headers, "Location": place})


def whole(call: Call, draft: Revision) -> Answer:
    """Answer a draft as it is stored now, with its ETag."""
    headers = {"ETag": f'"{draft.lock_version}"'}
    return Answer(as_values(call.session, draft, services().zone), 200, headers)


def _brief(draft: Revision) -> dict[str, object]:
    return {
        "id": draft.id,
        "article_id": draft.article_id,
        "number": draft.number,
        "state": RevisionState(draft.state).value,
        "title": draft.title,
        "content_hash": draft.content_hash,
        "lock_version": draft.lock_version,
    }


def expected_version() -> int | None:
    """Return the version of a draft that the program says it read, if it does."""
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else None


def version_wanted() -> Answer:
    """Answer that a change needs ``If-Match``."""
    title = "请用 If-Match 给出读取时的 ETag，以免覆盖他人的修改。"
    return Answer({"status": MISSING_VERSION, "title": title}, MISSING_VERSION)


def stale(call: Call, draft: Revision, conflict: DraftConflict) -> Answer:
    """Answer that somebody saved the draft since it was read, with what is stored."""
    body = {
        "status": STALE,
        "title": conflict.message,
        "saved_by": conflict.saved_by,
        "stored": as_values(call.session, draft, services().zone),
    }
    return Answer(body, STALE, {"ETag": f'"{draft.lock_version}"'})
