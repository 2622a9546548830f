"""The interface for programs under ``/api/v1``: the same rules as the pages, as JSON."""

from web.api.blueprint import blueprint

# Importing the pages puts their addresses on the blueprint.
from web.api import articles, drafts, files  # isort: skip

__all__ = ["articles", "blueprint", "drafts", "files"]
