"""Knowledge gaps: filing what was searched in vain, merging the same, answering, telling who asked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, audience_scope, may
from kb.activity import folded_query, titles_at
from kb.errors import Conflict, Forbidden, Invalid, NotFound
from kb.golden_queries import ensure_golden
from kb.masking import mask_personal_data
from kb.models import Article, Department, Gap, GapAsker, Node, Person, PersonRole, Revision, Role
from kb.notifications import notify
from kb.revisions import is_shown_at

TEXT_LIMIT = 64
REASON_LIMIT = 400


@dataclass(frozen=True)
class GapLine:
    """A gap in a queue, with how many different people asked and the titles of what answers it."""

    gap: Gap
    people: int
    department: str
    node: str
    article_title: str
    draft_title: str


def may_see_queue(actor: Actor) -> bool:
    """Return whether the actor answers for knowledge: writers, reviewers, and managers for everybody."""
    return any(
        may(actor, permission)
        for permission in (Permission.ARTICLE_WRITE, Permission.ARTICLE_APPROVE, Permission.INSIGHT_READ)
    )


def file_gap(
    session: Session,
    actor: Actor,
    text: str,
    conditions: Mapping[str, str],
    place: tuple[int | None, int],
    at: datetime,
) -> tuple[Gap, bool]:
    """File what the actor searched in vain; the same question of several people is one gap.

    Args:
        text: The query; personal data is masked before it is stored.
        conditions: The conditions of the search by the names of its address; masked as well.
        place: The nearest category, if there is one, and the department that shall answer.

    Returns:
        The gap and whether the actor asks it for the first time.

    Raises:
        Invalid: if there is nothing to ask.
    """
    masked = mask_personal_data(" ".join(text.split()))[:TEXT_LIMIT]
    if not masked:
        raise Invalid("请先输入要找的内容。", {"q": "请先输入要找的内容。"})
    folded = folded_query(masked)
    gap = session.scalar(select(Gap).where(Gap.folded == folded, Gap.state == "open"))
    if gap is None:
        kept = {name: mask_personal_data(value) for name, value in conditions.items()}
        gap = Gap(
            text=masked,
            folded=folded,
            conditions=json.dumps(kept, ensure_ascii=False, sort_keys=True),
            node_id=place[0],
            department_id=place[1],
            created_at=at,
        )
        session.add(gap)
    gap.asked_at = at
    session.flush()
    asker = session.scalar(
        select(GapAsker).where(GapAsker.gap_id == gap.id, GapAsker.person_id == actor.person_id)
    )
    if asker is not None:
        asker.asked_at = at
        return gap, False
    session.add(GapAsker(gap_id=gap.id, person_id=actor.person_id, asked_at=at))
    audit.record(session, actor, "gap.file", f"gap:{gap.id}", at)
    return gap, True


def place_for(
    session: Session, actor: Actor, node_id: int | None, near: Sequence[int]
) -> tuple[int | None, int]:
    """Return the category and the department that a question belongs to.

    Args:
        node_id: The category that was searched in, if one was.
        near: Articles that come near, best first; the first one's place is taken without a category.
    """
    scope = audience_scope(session, actor)
    path = session.scalar(select(Node.path).where(Node.id == node_id)) if node_id is not None else None
    if path is not None:
        owner = session.scalar(
            select(Article.owner_department_id)
            .join(Node, Node.id == Article.node_id)
            .where(Node.path.startswith(path, autoescape=True), scope.clause())
            .group_by(Article.owner_department_id)
            .order_by(func.count().desc(), Article.owner_department_id)
            .limit(1)
        )
        if owner is not None:
            return node_id, owner
    if near:
        nearest = session.execute(
            select(Article.node_id, Article.owner_department_id).where(Article.id == near[0], scope.clause())
        ).first()
        if nearest is not None:
            return nearest[0], nearest[1]
    return None, _default_department(session, actor)


def _default_department(session: Session, actor: Actor) -> int:
    # Whoever keeps the whole base knows whom a question without a place is for.
    keeper = session.scalar(
        select(Person.department_id)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role == Role.MANAGER, Person.is_active)
        .order_by(Person.id)
        .limit(1)
    )
    return keeper or actor.department_id


def _reach(actor: Actor) -> ColumnElement[bool]:
    if may(actor, Permission.INSIGHT_READ):
        return true()
    return Gap.department_id.in_(actor.department_ids)


def queue(
    session: Session, actor: Actor, state: str, now: datetime, *, offset: int = 0, limit: int = 30
) -> tuple[list[GapLine], int]:
    """Return a page of the gaps that the actor answers for, most asked first, and their number.

    Raises:
        Forbidden: if the actor answers for none.
    """
    if not may_see_queue(actor):
        raise Forbidden("您没有处理知识缺口的权限。")
    wanted = (Gap.state == state, _reach(actor))
    people = select(func.count()).select_from(GapAsker).where(GapAsker.gap_id == Gap.id).scalar_subquery()
    rows = session.execute(
        select(Gap, people, Department.name, Node.title)
        .join(Department, Department.id == Gap.department_id)
        .outerjoin(Node, Node.id == Gap.node_id)
        .where(*wanted)
        .order_by(people.desc(), Gap.asked_at.desc(), Gap.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    total = session.scalar(select(func.count()).select_from(Gap).where(*wanted)) or 0
    titles = _readable_titles(session, actor, [row[0] for row in rows], now)
    return [
        GapLine(
            gap, count, department, node or "",
            titles.get(gap.article_id or 0, ""), titles.get(gap.draft_article_id or 0, ""),
        )
        for gap, count, department, node in rows
    ], total  # fmt: skip


def _readable_titles(session: Session, actor: Actor, gaps: Sequence[Gap], now: datetime) -> dict[int, str]:
    wanted = {number for gap in gaps for number in (gap.article_id, gap.draft_article_id) if number}
    scope = audience_scope(session, actor)
    readable = session.scalars(select(Article.id).where(Article.id.in_(wanted), scope.clause())).all()
    shown = titles_at(session, readable, now)
    drafts = session.execute(
        select(Revision.article_id, Revision.title)
        .where(Revision.article_id.in_(readable))
        .order_by(Revision.id)
    )
    return {article_id: title for article_id, title in drafts} | shown


def open_count(session: Session, actor: Actor) -> int:
    """Return how many gaps wait for the actor; 0 for those who answer for none."""
    if not may_see_queue(actor):
        return 0
    return (
        session.scalar(select(func.count()).select_from(Gap).where(Gap.state == "open", _reach(actor))) or 0
    )


def gap_for(session: Session, actor: Actor, gap_id: int) -> Gap:
    """Return a gap that the actor answers for.

    Raises:
        NotFound: if there is none, or it is another department's.
    """
    gap = session.scalar(select(Gap).where(Gap.id == gap_id, _reach(actor)))
    if gap is None or not may_see_queue(actor):
        raise NotFound("没有找到这个知识缺口。")
    return gap


def begin_answer(session: Session, actor: Actor, gap_id: int, article_id: int, at: datetime) -> None:
    """Note the draft that shall answer a gap; it is answered when the draft comes into force."""
    gap = _open_gap(session, actor, gap_id)
    gap.draft_article_id = article_id
    audit.record(session, actor, "gap.draft", f"gap:{gap.id}", at, detail={"article": article_id})


def answer_with(session: Session, actor: Actor, gap_id: int, article_id: int, at: datetime) -> int:
    """Answer a gap with an article in force, and return how many people were told.

    Raises:
        Conflict: if the gap is closed already.
        Invalid: if the actor cannot read such an article, or it is not in force.
    """
    gap = _open_gap(session, actor, gap_id)
    scope = audience_scope(session, actor)
    shown = session.scalar(
        select(Revision.title)
        .join(Article, Article.id == Revision.article_id)
        .where(Article.id == article_id, is_shown_at(at), scope.clause())
    )
    if shown is None:
        raise Invalid("请填写一篇现行有效的知识。", {"article": "请填写一篇现行有效的知识。"})
    return _close(session, gap, article_id, shown, actor, at)


def answer_published(session: Session, at: datetime, article_id: int | None = None) -> int:
    """Close the gaps whose draft is in force by now, and return how many people were told.

    Args:
        article_id: Only the gaps that this article answers; ``None`` for all.
    """
    statement = (
        select(Gap, Revision.title)
        .join(Revision, Revision.article_id == Gap.draft_article_id)
        .where(Gap.state == "open", is_shown_at(at))
    )
    if article_id is not None:
        statement = statement.where(Gap.draft_article_id == article_id)
    told = 0
    for gap, title in session.execute(statement).all():
        if gap.draft_article_id is not None:
            told += _close(session, gap, gap.draft_article_id, title, None, at)
    return told


def gaps_are_due(session: Session, at: datetime) -> bool:
    """Return whether a draft that answers an open gap came into force, so that nobody writes in vain."""
    due = (
        select(Gap.id)
        .join(Revision, Revision.article_id == Gap.draft_article_id)
        .where(Gap.state == "open", is_shown_at(at))
        .limit(1)
    )
    return session.scalar(due) is not None


def _close(session: Session, gap: Gap, article_id: int, title: str, actor: Actor | None, at: datetime) -> int:
    gap.state, gap.article_id, gap.closed_at = "answered", article_id, at
    gap.closed_by_id = actor.person_id if actor else None
    ensure_golden(session, gap.text, gap.department_id, article_id, actor, at, gap_id=gap.id)
    audit.record(session, actor, "gap.answer", f"gap:{gap.id}", at, detail={"article": article_id})
    askers = session.scalars(select(GapAsker.person_id).where(GapAsker.gap_id == gap.id)).all()
    detail = {"query": gap.text}
    return notify(session, askers, "gap_answered", title, at, article_id=article_id, detail=detail)


def decline(session: Session, actor: Actor, gap_id: int, reason: str, at: datetime) -> None:
    """Close a gap without an answer, and tell who asked why.

    Raises:
        Invalid: without a reason, or if it is too long.
    """
    gap = _open_gap(session, actor, gap_id)
    given = mask_personal_data(reason.strip())
    if not given or len(given) > REASON_LIMIT:
        raise Invalid("请写明原因，最多 400 个字。", {"reason": "请写明原因，最多 400 个字。"})
    gap.state, gap.reason, gap.closed_at, gap.closed_by_id = "declined", given, at, actor.person_id
    audit.record(session, actor, "gap.decline", f"gap:{gap.id}", at, reason=given)
    askers = session.scalars(select(GapAsker.person_id).where(GapAsker.gap_id == gap.id)).all()
    notify(session, askers, "gap_declined", gap.text, at, detail={"reason": given}, is_private=True)


def hand_over(session: Session, actor: Actor, gap_id: int, department_id: int, at: datetime) -> None:
    """Give a gap to the department that can answer it.

    Raises:
        Invalid: if there is no such department.
    """
    gap = _open_gap(session, actor, gap_id)
    if session.get(Department, department_id) is None:
        raise Invalid("请选择部门。", {"department": "请选择部门。"})
    detail = {"from": gap.department_id, "to": department_id}
    gap.department_id = department_id
    audit.record(session, actor, "gap.transfer", f"gap:{gap.id}", at, detail=detail)


def _open_gap(session: Session, actor: Actor, gap_id: int) -> Gap:
    gap = gap_for(session, actor, gap_id)
    if gap.state != "open":
        raise Conflict("这个知识缺口已经处理过了。")
    return gap


def own_gaps(session: Session, actor: Actor, limit: int = 20) -> list[Gap]:
    """Return what the actor asked, newest first."""
    return list(
        session.scalars(
            select(Gap)
            .join(GapAsker, GapAsker.gap_id == Gap.id)
            .where(GapAsker.person_id == actor.person_id)
            .order_by(GapAsker.asked_at.desc(), Gap.id.desc())
            .limit(limit)
        )
    )
