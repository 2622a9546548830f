"""Binds the words of a search, so that a page can mark them in any text."""

from collections.abc import Callable

from kb.errors import SearchUnavailable
from kb.ports import Marks, SearchEngine

TextMarker = Callable[[str], Marks]


def marker_for(engine: SearchEngine, query_text: str) -> TextMarker:
    """Return what finds the words of ``query_text`` in a text; nothing, without words or index."""

    def marks(text: str) -> Marks:
        if not query_text or not text:
            return ()
        try:
            return engine.mark(query_text, text)
        except SearchUnavailable:
            return ()

    return marks
