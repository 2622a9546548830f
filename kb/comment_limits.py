"""Keeps one click from becoming two comments, and one person from flooding the moderators."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.errors import TooMany
from kb.models import Comment, CommentState

FEW_MINUTES, MOST_IN_FEW_MINUTES = timedelta(minutes=10), 10
ONE_DAY, MOST_IN_ONE_DAY = timedelta(hours=24), 100
DOUBLE_CLICK = timedelta(minutes=2)


def sent_before(session: Session, actor: Actor, comment: Comment, at: datetime) -> Comment | None:
    """Return the same words of the actor at the same place, if they came just before: a click sent twice."""
    return session.scalar(
        select(Comment)
        .where(
            Comment.author_id == actor.person_id,
            Comment.created_at > at - DOUBLE_CLICK,
            Comment.article_id == comment.article_id,
            Comment.parent_id.is_(None)
            if comment.parent_id is None
            else Comment.parent_id == comment.parent_id,
            Comment.text == comment.text,
            Comment.state != CommentState.WITHDRAWN,
        )
        .limit(1)
    )


def limit_rate(session: Session, actor: Actor, at: datetime) -> None:
    """Refuse whoever writes faster than people do.

    Raises:
        TooMany: it works again some minutes later.
    """
    moments = session.scalars(
        select(Comment.created_at)
        .where(Comment.author_id == actor.person_id, Comment.created_at > at - ONE_DAY)
        .order_by(Comment.created_at.desc())
        .limit(MOST_IN_ONE_DAY)
    ).all()
    recent = sum(moment > at - FEW_MINUTES for moment in moments)
    if recent >= MOST_IN_FEW_MINUTES or len(moments) >= MOST_IN_ONE_DAY:
        raise TooMany("评论发得太快了，请过几分钟再发；内容已为您保留。")
