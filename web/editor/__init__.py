"""Writing knowledge: the start of a draft, the editor, saving, files, import, preview and the conflict page."""

from web.editor import files, importing, pages, preview, saving, starting
from web.editor.blueprint import blueprint

__all__ = ["blueprint", "files", "importing", "pages", "preview", "saving", "starting"]
