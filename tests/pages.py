"""Reading pages in tests: text without tags, and clients that let an answer finish its bookkeeping."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape

from flask.testing import FlaskClient
from sqlalchemy import event

from kb.database import Database

TAGS = re.compile(r"<[^>]*>")
SPACE = re.compile(r"\s+")


def fetch(client: FlaskClient, url: str, status: int = 200, **arguments: object) -> str:
    """Return the body of a page and close it, as a server does, so that what follows it has happened."""
    with client.get(url, **arguments) as answer:  # type: ignore[arg-type]
        assert answer.status_code == status, f"{url} answered {answer.status_code}"
        return str(answer.get_data(as_text=True))


def words(html: str) -> str:
    """Return the text of a page on one line."""
    return SPACE.sub(" ", unescape(TAGS.sub("", html)))


def section(html: str, element_id: str) -> str:
    """Return the source from the tag with an id to the end of the page's main part."""
    place = html.index(f'id="{element_id}"')
    return html[place : html.index("</main>", place)]


def titles(html: str) -> list[str]:
    """Return the titles of the results on a page, in order."""
    return [
        words(found) for found in re.findall(r'<a href="[^"]*" class="hit-link"[^>]*>(.*?)</a>', html, re.S)
    ]


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the questions that go to the database, without those that open and close transactions."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)
