"""Writing knowledge: the start of a draft, the editor, saving, files, import, preview and the conflict page."""

from flask import Flask, Response, request

from kb.access import GRANTABLE, Permission, may
from web.editor import conflict, files, importing, pages, preview, saving, starting
from web.editor.blueprint import blueprint
from web.editor.choices import may_write_somewhere
from web.security import EDITOR_SECURITY_POLICY
from web.session import current_actor
from web.transactions import reading

__all__ = [
    "allow_large_files",
    "blueprint",
    "conflict",
    "files",
    "importing",
    "install",
    "pages",
    "preview",
    "saving",
    "starting",
]

# Room for the fields that come along with a file.
_SLACK = 1024 * 1024
# The pages that hold the rich text editor.
_EDITORS = frozenset({"editor.edit", "editor.act", "editor.merge"})
_WITH_FILES = frozenset({"editor.act", "editor.add_file", "editor.import_document", "editor.start_now"})


def install(app: Flask) -> None:
    """Teach templates who may write."""
    app.jinja_env.globals["may_write_anywhere"] = may_write


def allow_large_files() -> None:
    """Let the editor's uploads be as large as an attachment may be."""
    if request.endpoint in _WITH_FILES:
        request.max_content_length = files.LARGEST_FILE + _SLACK


@blueprint.after_request
def _allow_inline_styles(answer: Response) -> Response:
    # Not on the way to the login or to another page.
    if request.endpoint in _EDITORS and answer.mimetype == "text/html" and "Location" not in answer.headers:
        answer.headers["Content-Security-Policy"] = EDITOR_SECURITY_POLICY
    return answer


def may_write() -> bool:
    """Return whether there is any place where the person asking may write."""
    actor = current_actor()
    if may(actor, Permission.ARTICLE_WRITE):
        return True
    # Only who may be given the right at a place costs a question to the database.
    if not actor.roles & GRANTABLE.get(Permission.ARTICLE_WRITE, frozenset()):
        return False
    with reading() as session:
        return may_write_somewhere(session, actor)
