"""The search use-case: conditions, rights and the person's lock in; checked rows for the page out."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope, audience_scope
from kb.activity import view_counts
from kb.briefcase import kept_article_ids
from kb.clock import day_start, local_day
from kb.errors import Invalid, SearchUnavailable
from kb.feeds import heat
from kb.found import FoundArticle, FoundRevision, found_revisions
from kb.lexicon import pins_for
from kb.models import Article, DateLock, Revision
from kb.nodes import subtree_ids
from kb.ports import (
    DateField,
    DateRange,
    EngineAnswer,
    EngineHit,
    EngineQuery,
    HiddenHits,
    Scope,
    SearchEngine,
    Sort,
    StatusFilter,
)
from kb.prepared import ask
from kb.revisions import is_shown_at

QUERY_LIMIT = 64
PINNED = "置顶"
PAGE_SIZE = 20
DEEPEST_PAGE = 500
HEAT_DAYS = 30


class Preset(StrEnum):
    """Time ranges that need no dates to be typed."""

    ANY = "any"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    CUSTOM = "custom"


class Place(StrEnum):
    """Where to search besides the whole base; chosen in the box like a scope."""

    BRIEFCASE = "briefcase"


PRESET_DAYS = {Preset.WEEK: 7, Preset.MONTH: 30, Preset.QUARTER: 90, Preset.YEAR: 365}


@dataclass(frozen=True)
class TimeChoice:
    """The time range as chosen by a person: days are calendar days of the bank's zone, both inclusive."""

    preset: Preset = Preset.ANY
    field: DateField = DateField.PUBLISHED
    start_on: date | None = None
    end_on: date | None = None

    def range(self, now: datetime, zone: ZoneInfo) -> DateRange | None:
        """Return the range of instants, or ``None`` for any time.

        Raises:
            Invalid: if the days are the wrong way round.
        """
        if self.preset in PRESET_DAYS:
            first = local_day(now, zone) - timedelta(days=PRESET_DAYS[self.preset] - 1)
            return DateRange(self.field, day_start(first, zone), None)
        if self.preset is not Preset.CUSTOM or (self.start_on is None and self.end_on is None):
            return None
        if self.start_on and self.end_on and self.end_on < self.start_on:
            raise Invalid("结束日期不能早于开始日期。", {"to": "结束日期不能早于开始日期。"})
        return DateRange(
            self.field,
            day_start(self.start_on, zone) if self.start_on else None,
            day_start(self.end_on + timedelta(days=1), zone) if self.end_on else None,
        )


@dataclass(frozen=True)
class SearchRequest:
    """Everything a search page's address holds."""

    text: str
    scope: Scope = Scope.ALL
    sort: Sort = Sort.RELEVANCE
    status: StatusFilter = StatusFilter.PREFER
    time: TimeChoice = TimeChoice()
    node_id: int | None = None
    department_id: int | None = None
    place: Place | None = None
    verbatim: bool = False
    as_of: datetime | None = None
    page: int = 1
    page_size: int = PAGE_SIZE


@dataclass(frozen=True)
class ResultRow:
    """One hit with its row from the database, checked against rights at this moment."""

    hit: EngineHit
    revision: FoundRevision
    views: int

    @property
    def article(self) -> FoundArticle:
        """The article of the hit."""
        return self.revision.article


@dataclass(frozen=True)
class SearchResult:
    """A page of results; ``degraded`` is true when no index answered and titles were searched instead."""

    request: SearchRequest
    locked: bool
    rows: Sequence[ResultRow]
    total: int
    full: int
    took_ms: int
    tiers: Mapping[str, int]
    nodes: Mapping[int, int]
    departments: Mapping[int, int]
    hidden: HiddenHits
    corrections: Sequence[str]
    expansions: Sequence[str]
    degraded: bool = False

    @property
    def pages(self) -> int:
        """The number of pages that can be turned."""
        return min(DEEPEST_PAGE, -(-self.total // self.request.page_size))


_LOCKS = DateLock.__table__.c
_LOCK = select(_LOCKS.preset, _LOCKS.field, _LOCKS.start_on, _LOCKS.end_on).where(
    _LOCKS.person_id == bindparam("person")
)


def lock_of(session: Session, actor: Actor) -> TimeChoice | None:
    """Return the time range that the actor has locked."""
    row = ask(session, _LOCK, person=actor.person_id).first()
    if row is None:
        return None
    return TimeChoice(Preset(row.preset), DateField(row.field), _day(row.start_on), _day(row.end_on))


def lock(session: Session, actor: Actor, choice: TimeChoice, now: datetime, zone: ZoneInfo) -> None:
    """Keep a time range for all following searches of the actor.

    Raises:
        Invalid: if the choice does not limit anything or its days are the wrong way round.
    """
    if choice.range(now, zone) is None:
        raise Invalid("请先选择一个时间范围，再锁定。", {"time": "请先选择一个时间范围，再锁定。"})
    row = session.get(DateLock, actor.person_id) or DateLock(person_id=actor.person_id)
    row.field, row.preset, row.locked_at = choice.field, choice.preset, now
    row.start_on = choice.start_on.isoformat() if choice.start_on else None
    row.end_on = choice.end_on.isoformat() if choice.end_on else None
    session.add(row)


def unlock(session: Session, actor: Actor) -> None:
    """Forget the locked time range."""
    row = session.get(DateLock, actor.person_id)
    if row is not None:
        session.delete(row)


def search(
    session: Session,
    actor: Actor,
    engine: SearchEngine,
    request: SearchRequest,
    now: datetime,
    zone: ZoneInfo,
    *,
    text_limit: int = QUERY_LIMIT,
) -> SearchResult:
    """Answer a search within the actor's rights and lock.

    Raises:
        Invalid: if the text or the dates are not usable.
    """
    started = time.perf_counter()
    scope = audience_scope(session, actor)
    locked = lock_of(session, actor)
    if locked is not None:
        request = replace(request, time=locked)
    if len(request.text) > text_limit:
        raise Invalid(
            f"搜索内容最多 {text_limit} 个字，现在是 {len(request.text)} 个字。", {"q": "请缩短搜索内容。"}
        )
    query = _engine_query(session, request, scope, now, zone)
    if request.place is Place.BRIEFCASE:
        query = replace(query, article_ids=kept_article_ids(session, actor))
    degraded = False
    try:
        answer = _with_pinned(session, engine, engine.search(query), query)
    except SearchUnavailable:
        answer, degraded = _title_search(session, query, scope), True
    rows = _rows(session, answer.hits, scope)
    return SearchResult(
        request=request,
        locked=locked is not None,
        rows=rows,
        total=answer.total,
        full=answer.full,
        took_ms=round((time.perf_counter() - started) * 1000),
        tiers=answer.tiers,
        nodes=answer.nodes,
        departments=answer.departments,
        hidden=answer.hidden,
        corrections=answer.corrections,
        expansions=answer.expansions,
        degraded=degraded,
    )


def _with_pinned(
    session: Session, engine: SearchEngine, answer: EngineAnswer, query: EngineQuery
) -> EngineAnswer:
    """Put what managers pinned for the query on top, within the rights and conditions of the search."""
    pinned = pins_for(session, query.text) if query.sort is Sort.RELEVANCE else []
    if query.article_ids is not None:
        pinned = [number for number in pinned if number in query.article_ids]
    if not pinned:
        return answer
    # Asked for nothing in particular, the engine says which of them may be shown under the conditions.
    asked = replace(query, text="", article_ids=frozenset(pinned), offset=0, limit=len(pinned))
    tops = {hit.article_id: hit for hit in engine.search(asked).hits}
    found = {hit.article_id: hit for hit in answer.hits}
    others = tuple(hit for hit in answer.hits if hit.article_id not in tops)
    if query.offset:
        return replace(answer, hits=others)
    first = tuple(_pinned(found.get(number, tops[number])) for number in pinned if number in tops)
    total = max(answer.total, len(first) + len(others))
    return replace(
        answer, hits=(first + others)[: query.limit], total=total, full=max(answer.full, len(first))
    )


def _pinned(hit: EngineHit) -> EngineHit:
    return replace(hit, tier="exact", why=(PINNED, *hit.why))


def _engine_query(
    session: Session, request: SearchRequest, scope: AudienceScope, now: datetime, zone: ZoneInfo
) -> EngineQuery:
    page = min(max(1, request.page), DEEPEST_PAGE)
    return EngineQuery(
        text=request.text,
        instant=request.as_of or now,
        access_keys=scope.keys,
        scope=request.scope,
        sort=request.sort,
        status=request.status,
        date_range=request.time.range(now, zone),
        node_ids=subtree_ids(session, request.node_id) if request.node_id is not None else None,
        department_id=request.department_id,
        verbatim=request.verbatim,
        heat=heat(session, now, HEAT_DAYS) if request.sort is Sort.HOTTEST else {},
        offset=(page - 1) * request.page_size,
        limit=request.page_size,
    )


def _rows(session: Session, hits: Sequence[EngineHit], scope: AudienceScope) -> list[ResultRow]:
    # A stale index may hide a document for a moment, but it must never show one that was taken away.
    revisions = found_revisions(session, [hit.revision_id for hit in hits], scope)
    counts = view_counts(session, [hit.article_id for hit in hits])
    return [
        ResultRow(hit, revisions[hit.revision_id], counts.get(hit.article_id, 0))
        for hit in hits
        if hit.revision_id in revisions
    ]


def _title_search(session: Session, query: EngineQuery, scope: AudienceScope) -> EngineAnswer:
    matching = (
        select(Revision)
        .join(Article, Article.id == Revision.article_id)
        .where(
            is_shown_at(query.instant),
            scope.clause(),
            Revision.title.contains(query.text.strip(), autoescape=True),
        )
    )
    if query.node_ids is not None:
        matching = matching.where(Article.node_id.in_(query.node_ids))
    if query.article_ids is not None:
        matching = matching.where(Article.id.in_(query.article_ids))
    if query.department_id is not None:
        matching = matching.where(Article.owner_department_id == query.department_id)
    if query.date_range is not None:
        # A locked time range holds without an index as well.
        moment = {
            DateField.PUBLISHED: Revision.shown_from,
            DateField.UPDATED: Revision.approved_at,
            DateField.EFFECTIVE: func.coalesce(Revision.effective_from, Revision.approved_at),
        }[query.date_range.field]
        if query.date_range.start is not None:
            matching = matching.where(moment >= query.date_range.start)
        if query.date_range.end is not None:
            matching = matching.where(moment < query.date_range.end)
    total = session.scalar(select(func.count()).select_from(matching.subquery())) or 0
    found = session.scalars(
        matching.order_by(Revision.shown_from.desc()).offset(query.offset).limit(query.limit)
    )
    hits = tuple(
        EngineHit(
            revision.article_id,
            revision.id,
            "",
            revision.title,
            (),
            0.0,
            "exact",
            (),
            ("title",),
            "current",
            None,
            None,
        )
        for revision in found
    )
    return EngineAnswer(total, total, hits, {}, {}, {}, HiddenHits())


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
