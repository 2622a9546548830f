"""Golden queries: what must be found by which words, checked against an engine, before and after a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, AudienceScope, Permission, may
from kb.activity import folded_query, titles_at
from kb.errors import Forbidden, Invalid, NotFound
from kb.masking import mask_personal_data
from kb.models import Article, Department, GoldenQuery
from kb.ports import EngineQuery, SearchEngine

DEEPEST = 20
USUAL_RANK = 3
TEXT_LIMIT = 64


@dataclass(frozen=True)
class Check:
    """A golden query and the rank at which its article stands; ``None`` if not among the first twenty."""

    query: GoldenQuery
    rank: int | None

    @property
    def holds(self) -> bool:
        """Whether the article stands high enough."""
        return self.rank is not None and self.rank <= self.query.max_rank


@dataclass(frozen=True)
class Move:
    """A golden query whose rank a change alters."""

    query: GoldenQuery
    before: int | None
    after: int | None

    @property
    def has_moved(self) -> bool:
        """Whether the rank differs."""
        return self.before != self.after

    @property
    def holds(self) -> bool:
        """Whether it would hold."""
        return _holds(self.after, self.query)

    @property
    def breaks(self) -> bool:
        """Whether it held before and would not any more."""
        return _holds(self.before, self.query) and not _holds(self.after, self.query)


def may_judge_queries(actor: Actor) -> bool:
    """Return whether the actor keeps golden queries: those who write or approve, and managers."""
    wanted = (Permission.ARTICLE_WRITE, Permission.ARTICLE_APPROVE, Permission.LEXICON_WRITE)
    return any(may(actor, permission) for permission in wanted)


def golden_queries(
    session: Session,
    scope: AudienceScope | None = None,
    *,
    department_id: int | None = None,
    article_id: int | None = None,
) -> list[GoldenQuery]:
    """Return golden queries by department and text, within a scope if one is given."""
    statement = (
        select(GoldenQuery)
        .join(Article, Article.id == GoldenQuery.article_id)
        .order_by(GoldenQuery.department_id, GoldenQuery.folded, GoldenQuery.id)
    )
    if scope is not None:
        statement = statement.where(scope.clause())
    if department_id is not None:
        statement = statement.where(GoldenQuery.department_id == department_id)
    if article_id is not None:
        statement = statement.where(GoldenQuery.article_id == article_id)
    return list(session.scalars(statement))


def ensure_golden(
    session: Session,
    text: str,
    department_id: int,
    article_id: int,
    actor: Actor | None,
    at: datetime,
    *,
    max_rank: int = USUAL_RANK,
    gap_id: int | None = None,
) -> GoldenQuery:
    """Return the golden query for a text and an article, made or changed to the wanted rank."""
    folded = folded_query(text)
    known = session.scalar(
        select(GoldenQuery).where(GoldenQuery.folded == folded, GoldenQuery.article_id == article_id)
    )
    if known is not None:
        if gap_id is None:
            known.max_rank = max_rank
        return known
    query = GoldenQuery(
        text=mask_personal_data(text)[:TEXT_LIMIT],
        folded=folded,
        department_id=department_id,
        article_id=article_id,
        max_rank=max_rank,
        gap_id=gap_id,
        created_by_id=actor.person_id if actor else None,
        created_at=at,
    )
    session.add(query)
    session.flush()
    audit.record(session, actor, "golden_query.add", f"golden_query:{query.id}", at)
    return query


def add_golden(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    text: str,
    article_id: int,
    max_rank: int,
    at: datetime,
) -> GoldenQuery:
    """Judge that a query must find an article; the article's department keeps it.

    Raises:
        Forbidden: if the actor keeps no golden queries.
        Invalid: if the text, the rank or the article is not usable.
    """
    if not may_judge_queries(actor):
        raise Forbidden("您没有维护黄金查询的权限。")
    errors = {}
    if not text.strip() or len(text.strip()) > TEXT_LIMIT:
        errors["text"] = "请填写查询，最多 64 个字。"
    if not 1 <= max_rank <= DEEPEST:
        errors["max_rank"] = "名次应在 1 到 20 之间。"
    article = session.scalar(select(Article).where(Article.id == article_id, scope.clause()))
    if article is None:
        errors["article"] = "没有找到这篇知识。"
    if errors or article is None:
        raise Invalid("黄金查询没有保存。", errors)
    return ensure_golden(
        session, text.strip(), article.owner_department_id, article.id, actor, at, max_rank=max_rank
    )


def remove_golden(session: Session, actor: Actor, query_id: int, at: datetime) -> None:
    """Forget a golden query of the actor's department; managers may forget any.

    Raises:
        NotFound: if there is none that the actor keeps.
    """
    query = session.get(GoldenQuery, query_id)
    reaches = query is not None and (
        query.department_id in actor.department_ids or may(actor, Permission.LEXICON_WRITE)
    )
    if query is None or not reaches or not may_judge_queries(actor):
        raise NotFound("没有找到这条黄金查询。")
    audit.record(
        session, actor, "golden_query.remove", f"golden_query:{query.id}", at, detail={"text": query.text}
    )
    session.delete(query)


def check(
    engine: SearchEngine,
    queries: Sequence[GoldenQuery],
    now: datetime,
    pins: Mapping[str, Sequence[int]] | None = None,
) -> list[Check]:
    """Ask every query as somebody who reads everything, and return the ranks.

    Args:
        pins: Articles that stand on top, by folded query.
    """
    tops = pins or {}
    return [
        Check(query, rank_of(engine, query.text, query.article_id, now, tops.get(query.folded, ())))
        for query in queries
    ]


def rank_of(
    engine: SearchEngine, text: str, article_id: int, now: datetime, pinned: Sequence[int] = ()
) -> int | None:
    """Return the rank of an article for a text, 1 being the first; ``None`` beyond the twentieth."""
    answer = engine.search(EngineQuery(text, now, None, limit=DEEPEST))
    found = list(dict.fromkeys([*pinned, *(hit.article_id for hit in answer.hits)]))[:DEEPEST]
    return found.index(article_id) + 1 if article_id in found else None


def moves(before: Sequence[Check], after: Sequence[Check]) -> list[Move]:
    """Return the queries whose rank differs, those that break first."""
    changed = [
        Move(old.query, old.rank, new.rank)
        for old, new in zip(before, after, strict=True)
        if old.rank != new.rank
    ]
    return sorted(changed, key=lambda move: not move.breaks)


def described(
    session: Session, queries: Sequence[GoldenQuery], now: datetime
) -> tuple[Mapping[int, str], Mapping[int, str]]:
    """Return the titles of the articles and the names of the departments, by id."""
    titles = titles_at(session, [query.article_id for query in queries], now)
    departments = session.execute(select(Department.id, Department.name))
    return titles, {number: name for number, name in departments}


def _holds(rank: int | None, query: GoldenQuery) -> bool:
    return rank is not None and rank <= query.max_rank
