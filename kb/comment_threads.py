"""The conversation under an article as one person may see it, in a number of queries that never grows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from kb.access import Actor, Permission, may_ever, may_on
from kb.models import (
    Article,
    Comment,
    CommentImage,
    CommentMention,
    CommentState,
    CommentThanks,
    Department,
    Person,
    Revision,
    Task,
)
from kb.quotes import Folded
from kb.tasks import works_for

PAGE_SIZE = 20


@dataclass(frozen=True)
class Said:
    """One comment or answer with what is shown beside it.

    ``may_be_solved`` tells that the quoted passage is no longer in the newer revision's text.
    """

    comment: Comment
    author: str
    department: str
    number: int
    mentions: Sequence[str]
    images: Sequence[CommentImage]
    thanks: int
    is_thanked: bool
    is_own: bool
    task: Task | None = None
    may_be_solved: bool = False


@dataclass(frozen=True)
class Thread:
    """A comment and its answers, oldest first."""

    root: Said
    replies: Sequence[Said] = field(default_factory=tuple)


@dataclass(frozen=True)
class Discussion:
    """A page of threads, how many there are, and what the reader may do besides answering."""

    threads: Sequence[Thread]
    total: int
    page: int
    pages: int
    may_moderate: bool
    may_answer: bool


def discussion(
    session: Session,
    actor: Actor,
    article: Article,
    current: Revision,
    page: int = 1,
    *,
    is_empty: bool = False,
) -> Discussion:
    """Return the threads of an article that the actor may read, newest first.

    Args:
        article: Must have been checked against the actor's scope.
        current: The revision in force, against which quoted passages are compared.
        page: From 1; beyond the last one it is the last one.
        is_empty: Known to have no comments, so that none are asked for.
    """
    moderates = may_ever(actor, Permission.COMMENT_MODERATE) and bool(
        may_on(session, actor, Permission.COMMENT_MODERATE, article.node, article.owner_department_id)
    )
    seen = _seen_by(actor, moderates)
    roots_of = (Comment.article_id == article.id, Comment.parent_id.is_(None), seen)
    total = 0
    if not is_empty:
        total = session.scalar(select(func.count()).select_from(Comment).where(*roots_of)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(page, 1), pages)
    rows = _rows(session, *roots_of, newest_first=True, offset=(page - 1) * PAGE_SIZE) if total else []
    answers = _rows(session, Comment.parent_id.in_([row[0].id for row in rows]), seen) if rows else []
    said = _described(session, actor, current, [*rows, *answers])
    replies: dict[int, list[Said]] = {}
    for row in answers:
        replies.setdefault(row[0].parent_id or 0, []).append(said[row[0].id])
    threads = [Thread(said[row[0].id], replies.get(row[0].id, ())) for row in rows]
    return Discussion(threads, total, page, pages, moderates, works_for(actor, article.owner_department_id))


def page_of(session: Session, actor: Actor, comment: Comment) -> int:
    """Return the page of its article's conversation on which a comment stands, for links to it."""
    root_id = comment.parent_id or comment.id
    newer = session.scalar(
        select(func.count())
        .select_from(Comment)
        .where(
            Comment.article_id == comment.article_id,
            Comment.parent_id.is_(None),
            Comment.id > root_id,
            _seen_by(actor, False),
        )
    )
    return (newer or 0) // PAGE_SIZE + 1


@dataclass(frozen=True)
class OwnComment:
    """One of the actor's own comments with the title of its article and its task."""

    comment: Comment
    title: str
    task: Task | None


def own_comments(
    session: Session, actor: Actor, visible: ColumnElement[bool], limit: int = 100
) -> list[OwnComment]:
    """Return the actor's own comments on articles they may still read, newest first, with their state."""
    rows = session.execute(
        select(Comment, Revision.title, Task)
        .join(Article, Article.id == Comment.article_id)
        .join(Revision, Revision.id == Comment.revision_id)
        .outerjoin(Task, Task.comment_id == Comment.id)
        .where(Comment.author_id == actor.person_id, visible)
        .options(joinedload(Task.department))
        .order_by(Comment.id.desc())
        .limit(limit)
    )
    return [OwnComment(comment, title, task) for comment, title, task in rows]


_Row = tuple[Comment, str, str, int]


def _rows(
    session: Session, *conditions: ColumnElement[bool], newest_first: bool = False, offset: int = 0
) -> list[_Row]:
    order = Comment.id.desc() if newest_first else Comment.id
    statement = (
        select(Comment, Person.name, Department.name, Revision.number)
        .join(Person, Person.id == Comment.author_id)
        .join(Department, Department.id == Person.department_id)
        .join(Revision, Revision.id == Comment.revision_id)
        .where(*conditions)
        .order_by(order)
    )
    if newest_first:
        statement = statement.offset(offset).limit(PAGE_SIZE)
    return [(comment, name, place, number) for comment, name, place, number in session.execute(statement)]


def _seen_by(actor: Actor, moderates: bool) -> ColumnElement[bool]:
    shown = [CommentState.VISIBLE, CommentState.PENDING] if moderates else [CommentState.VISIBLE]
    own = and_(Comment.author_id == actor.person_id, Comment.state != CommentState.WITHDRAWN)
    return or_(Comment.state.in_(shown), own)


def _described(session: Session, actor: Actor, current: Revision, rows: Sequence[_Row]) -> dict[int, Said]:
    ids = [row[0].id for row in rows]
    if not ids:
        return {}
    mentions = _grouped(
        session.execute(
            select(CommentMention.comment_id, CommentMention.words).where(CommentMention.comment_id.in_(ids))
        ).all()
    )
    images = _grouped(
        session.execute(
            select(CommentImage.comment_id, CommentImage)
            .where(CommentImage.comment_id.in_(ids))
            .order_by(CommentImage.position)
        ).all()
    )
    thanks = _thanks(session, actor, ids)
    tasks = {
        task.comment_id: task
        for task in session.scalars(
            select(Task).where(Task.comment_id.in_(ids)).options(joinedload(Task.department))
        )
    }
    gone = _gone(session, current, rows)
    return {
        comment.id: Said(
            comment,
            author,
            department,
            number,
            mentions.get(comment.id, ()),
            images.get(comment.id, ()),
            *thanks.get(comment.id, (0, False)),
            comment.author_id == actor.person_id,
            tasks.get(comment.id),
            comment.id in gone,
        )
        for comment, author, department, number in rows
    }


def _grouped(rows: Sequence[Sequence[object]]) -> dict[int, list]:  # type: ignore[type-arg]
    found: dict[int, list[object]] = {}
    for key, value in rows:
        found.setdefault(key, []).append(value)  # type: ignore[arg-type]
    return found


def _thanks(session: Session, actor: Actor, ids: Sequence[int]) -> dict[int, tuple[int, bool]]:
    mine = func.max(case((CommentThanks.person_id == actor.person_id, 1), else_=0))
    rows = session.execute(
        select(CommentThanks.comment_id, func.count(), mine)
        .where(CommentThanks.comment_id.in_(ids))
        .group_by(CommentThanks.comment_id)
    )
    return {comment_id: (count, bool(own)) for comment_id, count, own in rows}


def _gone(session: Session, current: Revision, rows: Sequence[_Row]) -> set[int]:
    """Return the comments on older revisions whose passage the current one no longer has."""
    pinned = [comment for comment, _name, _place, number in rows if comment.quote and number < current.number]
    return changed_passages(session, current, pinned)


def changed_passages(session: Session, current: Revision, comments: Sequence[Comment]) -> set[int]:
    """Return which of these comments quote words that are not in a revision's text or wording."""
    if not comments:
        return set()
    text = session.scalars(select(Revision.text).where(Revision.id == current.id)).one()
    places = [Folded(text), *(Folded(block.text) for block in current.wording)]
    return {comment.id for comment in comments if not any(place.holds(comment.quote) for place in places)}
