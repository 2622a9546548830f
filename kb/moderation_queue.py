"""The moderator's queue: comments by state with what helps to judge them, in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from kb.access import Actor, Permission, audience_scope, place_scope
from kb.models import (
    Article,
    Comment,
    CommentImage,
    CommentKind,
    CommentReport,
    CommentState,
    Department,
    Node,
    Person,
    Revision,
)
from kb.nodes import subtree_ids

PAGE_SIZE = 50


class Tab(StrEnum):
    """Which comments the queue shows."""

    PENDING = "pending"
    REPORTED = "reported"
    VISIBLE = "visible"
    REJECTED = "rejected"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class Filters:
    """What of a tab is shown; ``None`` and ``""`` do not narrow."""

    tab: Tab = Tab.PENDING
    kind: str = ""
    department_id: int | None = None
    node_id: int | None = None
    author_id: int | None = None
    is_sensitive: bool = False
    page: int = 1


@dataclass(frozen=True)
class History:
    """What became of the comments a person wrote so far."""

    visible: int = 0
    refused: int = 0
    pending: int = 0


@dataclass(frozen=True)
class Report:
    """Why a reader reported a comment."""

    reason: str
    reported_at: datetime


@dataclass(frozen=True)
class Waiting:
    """One comment of the queue."""

    comment: Comment
    author: str
    department: str
    title: str
    number: int
    node: str
    is_own: bool
    answers: str
    history: History
    reports: Sequence[Report]
    images: Sequence[CommentImage]


@dataclass(frozen=True)
class Queue:
    """A page of the queue, how many match, and how many every tab holds."""

    rows: Sequence[Waiting]
    total: int
    pages: int
    counts: Mapping[Tab, int]


def moderates_anything(session: Session, actor: Actor) -> bool:
    """Return whether there is any place of the tree where the actor judges comments."""
    places = place_scope(session, actor, Permission.COMMENT_MODERATE)
    return places.by_role or bool(places.granted)


def waiting_count(session: Session, actor: Actor) -> int:
    """Return how many comments wait for the actor's verdict, their own left out."""
    places = place_scope(session, actor, Permission.COMMENT_MODERATE)
    if not (places.by_role or places.granted):
        return 0
    mine = and_(audience_scope(session, actor).clause(), places.clause())
    waiting = and_(Comment.state == CommentState.PENDING, Comment.author_id != actor.person_id)
    return session.scalar(_counted().where(mine, waiting)) or 0


def queue(session: Session, actor: Actor, filters: Filters) -> Queue:
    """Return the comments that the actor may judge, longest waiting first, newest first once judged."""
    places = place_scope(session, actor, Permission.COMMENT_MODERATE)
    mine = and_(audience_scope(session, actor).clause(), places.clause())
    wanted = and_(mine, *_conditions(session, filters))
    total = session.scalar(_counted().where(wanted)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    offset = (min(max(filters.page, 1), pages) - 1) * PAGE_SIZE
    oldest_first = filters.tab in (Tab.PENDING, Tab.REPORTED)
    order = (
        Comment.created_at if oldest_first else func.coalesce(Comment.decided_at, Comment.created_at).desc()
    )
    found = session.execute(
        select(Comment, Person.name, Department.name, Revision.title, Revision.number, Node.title)
        .join(Article, Article.id == Comment.article_id)
        .join(Node, Node.id == Article.node_id)
        .join(Revision, Revision.id == Comment.revision_id)
        .join(Person, Person.id == Comment.author_id)
        .join(Department, Department.id == Person.department_id)
        .where(wanted)
        .order_by(order, Comment.id)
        .offset(offset)
        .limit(PAGE_SIZE)
    ).all()
    comments = [row[0] for row in found]
    histories = _histories(session, {comment.author_id for comment in comments})
    ids = [comment.id for comment in comments]
    reports, images, asked = _reports(session, ids), _images(session, ids), _asked(session, comments)
    rows = [
        Waiting(
            comment,
            author,
            department,
            title,
            number,
            node,
            comment.author_id == actor.person_id,
            asked.get(comment.parent_id or 0, ""),
            histories.get(comment.author_id, History()),
            reports.get(comment.id, ()),
            images.get(comment.id, ()),
        )
        for comment, author, department, title, number, node in found
    ]
    return Queue(rows, total, pages, _counts(session, mine))


def _counted() -> Select[int]:
    return select(func.count()).select_from(Comment).join(Article, Article.id == Comment.article_id)


def _is_reported() -> ColumnElement[bool]:
    open_reports = select(CommentReport.comment_id).where(CommentReport.closed_at.is_(None))
    return and_(Comment.state == CommentState.VISIBLE, Comment.id.in_(open_reports))


def _conditions(session: Session, filters: Filters) -> list[ColumnElement[bool]]:
    found = [_is_reported() if filters.tab is Tab.REPORTED else Comment.state == filters.tab.value]
    if filters.kind in tuple(CommentKind):
        found.append(Comment.kind == filters.kind)
    if filters.department_id is not None:
        inside = select(Department.id).where(Department.path.contains(f"/{filters.department_id}/"))
        found.append(Article.owner_department_id.in_(inside))
    if filters.node_id is not None:
        found.append(Article.node_id.in_(sorted(subtree_ids(session, filters.node_id))))
    if filters.author_id is not None:
        found.append(Comment.author_id == filters.author_id)
    if filters.is_sensitive:
        found.append(Comment.is_sensitive.is_(True))
    return found


def _counts(session: Session, mine: ColumnElement[bool]) -> dict[Tab, int]:
    states = session.execute(
        select(Comment.state, func.count())
        .join(Article, Article.id == Comment.article_id)
        .where(mine)
        .group_by(Comment.state)
    )
    by_state: dict[str, int] = {state: count for state, count in states}
    reported = session.scalar(_counted().where(mine, _is_reported())) or 0
    return {tab: reported if tab is Tab.REPORTED else by_state.get(tab.value, 0) for tab in Tab}


def _histories(session: Session, author_ids: set[int]) -> dict[int, History]:
    rows = session.execute(
        select(Comment.author_id, Comment.state, func.count())
        .where(Comment.author_id.in_(author_ids))
        .group_by(Comment.author_id, Comment.state)
    )
    counts: dict[int, dict[str, int]] = {}
    for author_id, state, count in rows:
        counts.setdefault(author_id, {})[state] = count
    return {
        author_id: History(
            states.get(CommentState.VISIBLE, 0),
            states.get(CommentState.REJECTED, 0) + states.get(CommentState.HIDDEN, 0),
            states.get(CommentState.PENDING, 0),
        )
        for author_id, states in counts.items()
    }


def _reports(session: Session, ids: Sequence[int]) -> dict[int, list[Report]]:
    rows = session.execute(
        select(CommentReport.comment_id, CommentReport.reason, CommentReport.reported_at)
        .where(CommentReport.comment_id.in_(ids), CommentReport.closed_at.is_(None))
        .order_by(CommentReport.reported_at)
    )
    found: dict[int, list[Report]] = {}
    for comment_id, reason, at in rows:
        found.setdefault(comment_id, []).append(Report(reason, at))
    return found


def _images(session: Session, ids: Sequence[int]) -> dict[int, list[CommentImage]]:
    found: dict[int, list[CommentImage]] = {}
    for image in session.scalars(
        select(CommentImage).where(CommentImage.comment_id.in_(ids)).order_by(CommentImage.position)
    ):
        found.setdefault(image.comment_id, []).append(image)
    return found


def _asked(session: Session, comments: Sequence[Comment]) -> dict[int, str]:
    """Return the texts that answers among the comments answer, by id."""
    ids = {comment.parent_id for comment in comments if comment.parent_id is not None}
    rows = session.execute(select(Comment.id, Comment.text).where(Comment.id.in_(ids)))
    return {comment_id: text for comment_id, text in rows}
