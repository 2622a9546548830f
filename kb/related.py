"""Related articles: which ones were found alike is kept for some minutes, and each is checked before it is named."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from kb.access import AudienceScope, Prepared
from kb.models import Article, Revision
from kb.ports import SearchEngine, SuggestQuery

LIMIT = 6
KEPT = timedelta(minutes=10)
MOST_KEPT = 5_000

_ARTICLES, _REVISIONS = Article.__table__.c, Revision.__table__.c
_SHOWN = Prepared(
    select(_ARTICLES.id, _REVISIONS.title)
    .select_from(Article.__table__)
    .join(Revision.__table__, _REVISIONS.article_id == _ARTICLES.id)
    .where(
        _ARTICLES.id.in_(bindparam("articles", expanding=True)),
        _REVISIONS.shown_from <= bindparam("moment"),
        or_(_REVISIONS.shown_to.is_(None), _REVISIONS.shown_to > bindparam("moment")),
    )
)


@dataclass(frozen=True)
class Related:
    """An article about the same thing, with its title at the moment in question."""

    article_id: int
    title: str


@dataclass(frozen=True)
class Likeness:
    """What is looked for: articles like one with a title, shown at ``as_of`` or now, for who has these rights."""

    article_id: int
    title: str
    scope: AudienceScope
    as_of: datetime | None = None


class RelatedArticles:
    """What a process found alike, whatever has been published since: a search a page would be too dear.

    Nothing kept is shown as it is. It is kept under the rights of whoever asked; who may read what, and what is
    in force under which title, is asked of the database each time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, tuple[datetime, Sequence[int]]] = OrderedDict()

    def known(self, session: Session, wanted: Likeness, now: datetime) -> Sequence[Related] | None:
        """Return what was found some minutes ago and may be shown now, best first; ``None`` if nothing was sought."""
        with self._lock:
            found = self._kept.get(self._key(wanted))
        if found is None or not timedelta(0) <= now - found[0] < KEPT:
            return None
        return self._readable(session, wanted, found[1], now)

    def find(
        self, session: Session, engine: SearchEngine, wanted: Likeness, now: datetime
    ) -> Sequence[Related]:
        """Return what is alike, found now if it was not some minutes ago.

        Raises:
            SearchUnavailable: if no index answers.
        """
        known = self.known(session, wanted, now)
        if known is not None:
            return known
        query = SuggestQuery(wanted.title, wanted.as_of or now, wanted.scope.keys, limit=LIMIT)
        numbers = [item.article_id for item in engine.related(wanted.article_id, query)]
        with self._lock:
            self._kept[self._key(wanted)] = (now, numbers)
            self._kept.move_to_end(self._key(wanted))
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._readable(session, wanted, numbers, now)

    def _key(self, wanted: Likeness) -> object:
        return wanted.article_id, wanted.title, wanted.scope.keys, wanted.as_of

    def _readable(
        self, session: Session, wanted: Likeness, numbers: Sequence[int], now: datetime
    ) -> Sequence[Related]:
        if not numbers:
            return []
        rows = _SHOWN.ask(session, wanted.scope, articles=list(numbers), moment=wanted.as_of or now)
        titles = {article_id: title for article_id, title in map(tuple, rows)}
        return [Related(number, titles[number]) for number in numbers if number in titles]
