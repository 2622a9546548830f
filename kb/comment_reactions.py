"""What readers do with the comments of others: thank for them, or report them."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from kb import audit, points
from kb.access import Actor
from kb.comments import readable, subject_of
from kb.errors import Forbidden, Invalid
from kb.masking import mask_personal_data
from kb.models import CommentReport, CommentState, CommentThanks, Point

REASON_LIMIT = 400


def thank(session: Session, actor: Actor, comment_id: int, at: datetime) -> bool:
    """Thank the author of a visible comment, or take the thanks back.

    Returns:
        Whether the actor's thanks stand now.
    """
    comment = readable(session, actor, comment_id)
    if comment.author_id == actor.person_id:
        raise Forbidden("不能感谢自己的评论。")
    if comment.state != CommentState.VISIBLE:
        raise Invalid("这条评论还没有公开。")
    known = session.get(CommentThanks, (comment.id, actor.person_id))
    if known is None:
        session.add(CommentThanks(comment_id=comment.id, person_id=actor.person_id, thanked_at=at))
        points.award(session, comment, "thanked", actor.person_id, at)
    else:
        session.delete(known)
        session.execute(
            delete(Point).where(
                Point.comment_id == comment.id, Point.cause == "thanked", Point.given_by_id == actor.person_id
            )
        )
    audit.record(session, actor, "comment.unthank" if known else "comment.thank", subject_of(comment), at)
    return known is None


def report(session: Session, actor: Actor, comment_id: int, reason: str, at: datetime) -> None:
    """Tell the moderators that a visible comment should not be."""
    comment = readable(session, actor, comment_id)
    if comment.state != CommentState.VISIBLE or comment.author_id == actor.person_id:
        raise Invalid("只能举报他人已公开的评论。")
    reason = mask_personal_data(reason.strip())
    if not 0 < len(reason) <= REASON_LIMIT:
        raise Invalid("请填写举报理由，最多 400 个字。", {"reason": "请填写举报理由，最多 400 个字。"})
    known = session.get(CommentReport, (comment.id, actor.person_id))
    if known is None:
        known = CommentReport(comment_id=comment.id, person_id=actor.person_id)
        session.add(known)
    known.reason, known.reported_at, known.closed_at = reason, at, None
    audit.record(session, actor, "comment.report", subject_of(comment), at, reason=reason)
