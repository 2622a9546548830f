"""Files of a draft in the editor: uploads with progress, order, removal, and pictures for the text."""

from collections.abc import Sequence
from datetime import datetime

from flask import Response, jsonify, render_template, request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from kb.access import Actor
from kb.attachments import NewFile
from kb.draft_files import add_file as add_to_draft
from kb.draft_files import files_of, move_file, remove_file
from kb.errors import Invalid
from kb.images import LARGEST_FILE as LARGEST_IMAGE
from kb.images import add_image, address
from kb.models import Attachment, Revision
from web.addresses import LARGEST_ID
from web.editor.blueprint import blueprint
from web.editor.opened import open_draft_of
from web.session import current_actor
from web.transactions import now, writing

LARGEST_FILE = 50 * 1024 * 1024


def draft_files(session: Session, draft: Revision) -> list[Attachment]:
    """Return the files of a draft in their order."""
    return files_of(session, draft.id)


def add_chosen(
    session: Session, actor: Actor, draft: Revision, sent: Sequence[FileStorage], at: datetime
) -> None:
    """Attach the files that a form without scripts sent along.

    Raises:
        Invalid: if there is none, or one cannot be attached.
    """
    if not sent:
        raise Invalid("请选择要上传的附件。", {"files": "请选择要上传的附件。"})
    for file in sent:
        _add(session, actor, draft, file, draft.lock_version, at)


def change_files(session: Session, actor: Actor, draft: Revision, action: str, at: datetime) -> None:
    """Move or remove a file, as a button such as ``file-up:12`` says.

    Raises:
        Invalid: if the button says something else.
    """
    verb, _colon, number = action.partition(":")
    if not number.isdecimal() or verb not in ("file-up", "file-down", "file-remove"):
        raise Invalid("没有这个操作。")
    if verb == "file-remove":
        remove_file(session, actor, draft.id, draft.lock_version, int(number), at)
    else:
        step = -1 if verb == "file-up" else 1
        move_file(session, actor, draft.id, draft.lock_version, int(number), step, at)


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/edit/files")
def add_file(article_id: int) -> Response:
    """Attach one file, or change their order; answers the list as the page shows it."""
    actor, moment = current_actor(), now()
    version = request.form.get("version", 0, type=int)
    with writing() as session:
        draft = open_draft_of(session, actor, article_id)
        file = request.files.get("file")
        if file is not None:
            _add(session, actor, draft, file, version, moment)
        elif version == draft.lock_version:
            change_files(session, actor, draft, request.form.get("action", ""), moment)
        files = files_of(session, draft.id)
        html = render_template(
            "editor/files.html", files=files, errors={}, largest_file_mb=LARGEST_FILE // 1024 // 1024
        )
        return jsonify(html=html, version=draft.lock_version)


@blueprint.post(f"/a/<int(max={LARGEST_ID}):article_id>/edit/images")
def add_picture(article_id: int) -> Response:
    """Take a pasted or chosen picture into the article; answers its address."""
    actor = current_actor()
    file = request.files.get("image")
    data = file.read(LARGEST_IMAGE + 1) if file is not None else b""
    with writing() as session:
        draft = open_draft_of(session, actor, article_id)
        image = add_image(session, actor, draft.article, data, now())
        return jsonify(url=address(image), width=image.width, height=image.height)


def _add(
    session: Session, actor: Actor, draft: Revision, file: FileStorage, version: int, at: datetime
) -> None:
    data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        sentence = f"附件最大 {LARGEST_FILE // 1024 // 1024} MB，请压缩或拆分后再上传。"
        raise Invalid(sentence, {"files": sentence})
    add_to_draft(session, actor, draft.id, version, NewFile(file.filename or "", data), at)
