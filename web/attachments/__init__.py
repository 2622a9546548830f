"""Attached files: sending them as they are, and showing them in place as pages, tables or text."""

from web.attachments import download, labels, picture, preview
from web.attachments.blueprint import blueprint

__all__ = ["blueprint", "download", "labels", "picture", "preview"]
