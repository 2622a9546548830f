"""Files of a draft for programs: listed, attached and taken off, in the state of the draft that was read."""

from flask import request

from kb.attachments import NewFile, of_revision
from kb.draft_files import add_file, remove_file
from kb.draft_rights import visible_draft
from kb.drafts import DraftConflict
from kb.errors import Invalid
from kb.file_rules import SIZE_LIMIT
from kb.tokens import TokenScope
from web.addresses import LARGEST_ID
from web.api.blueprint import Answer, Call, blueprint, reads, writes
from web.api.drafts import ONE, expected_version, stale, version_wanted, whole

FIELD = "file"
# Room for the lines of a form around its files.
SLACK = 1024 * 1024


@blueprint.before_request
def _allow_large_files() -> None:
    if request.endpoint == "api.add_files":
        request.max_content_length = SIZE_LIMIT + SLACK


@blueprint.get(f"{ONE}/files")
@reads
def list_files(call: Call, revision_id: int) -> Answer:
    """List the files of a draft in their order, with what became of their text."""
    draft = visible_draft(call.session, call.actor, revision_id)
    files = [
        {
            "id": file.id,
            "name": file.name,
            "size": file.size,
            "sha256": file.sha256,
            "text": text.status if text is not None else "waiting",
        }
        for file, text in of_revision(call.session, draft.id)
    ]
    return Answer({"files": files}, 200, {"ETag": f'"{draft.lock_version}"'})


@blueprint.post(f"{ONE}/files")
@writes(TokenScope.WRITE)
def add_files(call: Call, revision_id: int) -> Answer:
    """Attach the files of a form (``multipart/form-data``, field ``file``, repeatable). Needs ``If-Match``.

    All of them are attached, or none.
    """
    expected = expected_version()
    if expected is None:
        return version_wanted()
    draft = visible_draft(call.session, call.actor, revision_id)
    sent = request.files.getlist(FIELD)
    if not sent:
        sentence = "请用 multipart/form-data 的 file 字段给出附件。"
        raise Invalid(sentence, {FIELD: sentence})
    try:
        for file in sent:
            new = NewFile(file.filename or "", file.read())
            add_file(call.session, call.actor, revision_id, expected, new, call.at)
            expected = draft.lock_version
    except DraftConflict as conflict:
        return stale(call, draft, conflict)
    answer = whole(call, draft)
    return Answer(answer.body, 201, answer.headers)


@blueprint.delete(f"{ONE}/files/<int(max={LARGEST_ID}):attachment_id>")
@writes(TokenScope.WRITE)
def take_file_off(call: Call, revision_id: int, attachment_id: int) -> Answer:
    """Take a file off a draft; the versions that show it keep it. Needs ``If-Match``."""
    expected = expected_version()
    if expected is None:
        return version_wanted()
    draft = visible_draft(call.session, call.actor, revision_id)
    try:
        remove_file(call.session, call.actor, revision_id, expected, attachment_id, call.at)
    except DraftConflict as conflict:
        return stale(call, draft, conflict)
    return whole(call, draft)
