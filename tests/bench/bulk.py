"""Puts made articles into a fresh database as rows: an import of 100,000 renders and checks each for half an hour.

The articles are those that ``tests.bench.engines.product`` hands to the engine, with the same numbers, places
and access keys, so that the pages of a bench over HTTP and a comparison of engines are about the same bank.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import islice

from sqlalchemy import insert
from sqlalchemy.orm import Session

from kb.database import Database
from kb.models import (
    AccessKey,
    Article,
    Audience,
    AudienceRule,
    ChangeCounter,
    Department,
    Node,
    Revision,
    WordingBlock,
)
from kb.models.article import RevisionState
from tests.bench.corpora import NEVER, Made
from tests.bench.engines.product import DEPARTMENTS, NODES

BATCH = 2_000
# Short articles carry wording that can be copied.
SHORT = 2_000
MOST_WORDING = 200
KEYS = ("", "", "", "1", "9")


def fill_database(database: Database, articles: Iterable[Made]) -> None:
    """Add departments, categories, two audiences and the articles, all in force as of their own dates."""
    with database.write() as session:
        _places(session)
    source = iter(articles)
    while batch := list(islice(source, BATCH)):
        with database.write() as session:
            _add(session, batch)


def _places(session: Session) -> None:
    departments = [
        {"id": number, "code": f"d{number}", "name": f"部门{number}", "path": f"/{number}/"}
        for number in range(1, DEPARTMENTS + 1)
    ]
    nodes = [
        {"id": number, "code": f"n{number}", "title": f"分类{number}", "path": f"/{number}/"}
        for number in range(1, NODES + 1)
    ]
    session.execute(insert(Department), departments)
    session.execute(insert(Node), nodes)
    # The agents are in the first department; what only the ninth may read is hidden from them.
    session.execute(insert(Audience), [{"id": number, "name": f"部门{number}可见"} for number in (1, 9)])
    rules = [{"audience_id": number, "department_id": number} for number in (1, 9)]
    session.execute(insert(AudienceRule), rules)
    session.execute(insert(AccessKey), [{"key": key} for key in sorted(set(KEYS))])
    session.merge(ChangeCounter(id=1, value=1))


def _add(session: Session, batch: Sequence[Made]) -> None:
    session.execute(insert(Article), [_article(made) for made in batch])
    session.execute(insert(Revision), [_revision(made) for made in batch])
    blocks = list(_wording(batch))
    if blocks:
        session.execute(insert(WordingBlock), blocks)


def _article(made: Made) -> dict[str, object]:
    key = KEYS[made.number % len(KEYS)]
    return {
        "id": made.number,
        "node_id": made.number % NODES + 1,
        "owner_department_id": made.number % DEPARTMENTS + 1,
        "audience_id": int(key) if key else None,
        "access_key": key,
        "created_at": _instant(made.published),
        "change_seq": 1,
    }


def _revision(made: Made) -> dict[str, object]:
    digest = hashlib.sha256((made.title + made.body).encode()).hexdigest()
    paragraphs = (line for line in made.body.splitlines() if line.strip())
    return {
        "id": made.number,
        "article_id": made.number,
        "number": 1,
        "state": RevisionState.APPROVED,
        "title": made.title,
        "format": "html",
        "source": made.body,
        "html": "\n".join(f"<p>{escape(line)}</p>" for line in paragraphs),
        "text": made.body,
        "sanitizer_version": "made",
        "content_hash": digest,
        "text_hash": digest,
        "created_at": _instant(made.published),
        "approved_at": _instant(made.published),
        "shown_from": _instant(made.published),
        "shown_to": None if made.shown_to == NEVER else _instant(made.shown_to),
    }


def _wording(batch: Sequence[Made]) -> Iterator[dict[str, object]]:
    for made in batch:
        text = made.body.strip()
        if 0 < len(text) <= SHORT:
            yield {"revision_id": made.number, "position": 0, "title": "", "text": text[:MOST_WORDING]}


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
