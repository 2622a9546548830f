"""Sentences in the language of the page being answered, looked up once each and kept."""

from flask import g, has_app_context
from flask_babel import get_locale, gettext

MOST_SENTENCES = 20_000

_kept: dict[tuple[str, str], str] = {}


def language() -> str:
    """Return the language of the page being drawn; asked of Babel once a request."""
    found = g.get("page_language")
    if found is None:
        found = g.page_language = str(get_locale() or "")
    return str(found)


def sentence(message: str, /, **values: object) -> str:
    """Return a message of the catalogue in the page's language, filled with values, as ``gettext`` does.

    Pages ask for dozens of them, and the catalogue of a language never changes while the product runs.
    """
    if not has_app_context():
        return str(gettext(message, **values))
    key = (language(), message)
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST_SENTENCES:
            _kept.clear()
        found = _kept[key] = str(gettext(message))
    return found % values if values else found
