"""Announcements in the browser: the list, reading and confirming one, writing one, and its roster."""

from web.announcements import roster, writing
from web.announcements.asking import Asking, asking_of, strip
from web.announcements.views import blueprint

for page in (writing, roster):
    page.install(blueprint)

__all__ = ["Asking", "asking_of", "blueprint", "strip"]
