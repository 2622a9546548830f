"""Finds articles that say what a draft is going to say, so that nothing is written twice."""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from kb.access import AudienceScope
from kb.articles import visible_revisions
from kb.models import Revision
from kb.ports import EngineQuery, SearchEngine, StatusFilter

CANDIDATES = 12
SHOWN = 5
# Shares from which on an author should look; found by comparing drafts with what they repeat.
TITLE_SHARE = 0.5
TEXT_SHARE = 0.35
SHINGLE = 6
LONGEST_QUERY = 60
_NOT_TEXT = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Similar:
    """An article that resembles a draft; shares are from 0 to 1."""

    article_id: int
    title: str
    title_share: float
    text_share: float


def similar_articles(
    session: Session,
    engine: SearchEngine,
    scope: AudienceScope,
    title: str,
    text: str,
    moment: datetime,
    without: int | None = None,
) -> list[Similar]:
    """Return the articles in force that the draft may repeat, the most similar first.

    Args:
        scope: The rights of the person asking; nothing outside of them is found.
        title: The draft's title.
        text: The draft's plain text.
        moment: Which revisions count as in force.
        without: The draft's own article.

    Raises:
        kb.errors.SearchUnavailable: if no index can be opened.
    """
    if not title.strip():
        return []
    query = EngineQuery(
        title.strip()[:LONGEST_QUERY], moment, scope.keys, status=StatusFilter.CURRENT, limit=CANDIDATES
    )
    hits = [hit for hit in engine.search(query).hits if hit.article_id != without]
    revisions = visible_revisions(session, [hit.revision_id for hit in hits], scope)
    pieces = shingles(text)
    found = [_compared(revision, title, pieces) for revision in revisions.values()]
    alike = [item for item in found if item.title_share >= TITLE_SHARE or item.text_share >= TEXT_SHARE]
    return sorted(alike, key=lambda item: -max(item.title_share, item.text_share))[:SHOWN]


def _compared(revision: Revision, title: str, pieces: frozenset[str]) -> Similar:
    theirs = shingles(revision.text)
    shared = len(pieces & theirs) / len(pieces) if pieces else 0.0
    return Similar(revision.article_id, revision.title, pair_share(title, revision.title), shared)


def shingles(text: str) -> frozenset[str]:
    """Return the overlapping runs of characters of a text, without blanks and marks."""
    bare = _NOT_TEXT.sub("", text)
    return frozenset(bare[start : start + SHINGLE] for start in range(len(bare) - SHINGLE + 1))


def pair_share(one: str, other: str) -> float:
    """Return how many pairs of neighbouring characters two titles share, from 0 to 1."""
    first, second = _pairs(one), _pairs(other)
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def _pairs(text: str) -> frozenset[str]:
    bare = _NOT_TEXT.sub("", text)
    return frozenset(bare[start : start + 2] for start in range(len(bare) - 1))
