"""What follows when a comment becomes visible to readers, and when it no longer is."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.models import Article, Comment, CommentKind, CommentMention, CommentState, Person, Task
from kb.notifications import notify
from kb.readers import may_read
from kb.task_moves import cancel, open_task, path_of, title_of

EXCERPT = 80


def release(
    session: Session, comment: Comment, actor: Actor | None, at: datetime, zone: ZoneInfo, *, key: str = ""
) -> None:
    """Tell those whom a comment that just became visible concerns, and give it to the department.

    Args:
        actor: Whose doing it is; ``None`` if a rule decided.
        key: Names this event for ``once_key``, so that an undo can take back what was told.
    """
    if comment.kind != CommentKind.REPLY:
        open_task(session, comment, actor, at, zone, key)
    told = _tell_mentioned(session, comment, at, key)
    if comment.parent_id is not None:
        _tell_asker(session, comment, at, key, told)


def retract(session: Session, comment: Comment, actor: Actor | None, at: datetime) -> None:
    """Close the task of a comment that readers no longer see."""
    task = session.scalar(select(Task).where(Task.comment_id == comment.id))
    if task is not None:
        cancel(session, task, actor, at, "评论已不再显示")


def detail_of(comment: Comment) -> dict[str, object]:
    """Return what a notification about a comment carries: where it stands and how it begins."""
    return {"path": path_of(comment), "excerpt": comment.text[:EXCERPT]}


def _tell_mentioned(session: Session, comment: Comment, at: datetime, key: str) -> set[int]:
    access_key = session.scalars(select(Article.access_key).where(Article.id == comment.article_id)).one()
    # Who was mentioned while typing may have lost the right to read since.
    people = set(
        session.scalars(
            select(Person.id)
            .join(CommentMention, CommentMention.person_id == Person.id)
            .where(CommentMention.comment_id == comment.id, may_read(session, access_key))
        )
    ) - {comment.author_id}
    _tell(session, people, "mention", comment, at, key)
    return people


def _tell_asker(session: Session, comment: Comment, at: datetime, key: str, told: set[int]) -> None:
    parent = session.get(Comment, comment.parent_id)
    if parent is None or parent.state != CommentState.VISIBLE:
        return
    kind = "comment_answered" if comment.is_official else "comment_reply"
    _tell(session, {parent.author_id} - told - {comment.author_id}, kind, comment, at, key)


def _tell(session: Session, people: set[int], kind: str, comment: Comment, at: datetime, key: str) -> None:
    notify(
        session,
        people,
        kind,
        title_of(session, comment.revision_id),
        at,
        article_id=comment.article_id,
        detail=detail_of(comment),
        once_key=f"{key}:{kind}" if key else None,
    )
