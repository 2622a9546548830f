"""Verdicts on comments: passing, rejecting, hiding, and taking a verdict back; nobody judges their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, joinedload

from kb import audit
from kb.access import Actor, Permission, audience_scope, may_on
from kb.comment_reactions import REASON_LIMIT
from kb.comment_release import detail_of, release, retract
from kb.comments import subject_of
from kb.errors import Invalid
from kb.masking import mask_personal_data
from kb.models import (
    Article,
    Comment,
    CommentReport,
    CommentState,
    Notification,
    Task,
)
from kb.notifications import notify
from kb.task_moves import rewind, title_of

# The page offers to undo for eight seconds; the rest is the way there and back.
UNDO_WITHIN = timedelta(seconds=12)
MOST_AT_ONCE = 200


class Verdict(StrEnum):
    """What a moderator decides about a comment."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    REJECT = "reject"
    HIDE = "hide"
    KEEP = "keep"


# From which states a verdict leads where; keeping answers reports and changes nothing else.
STEPS: dict[Verdict, tuple[frozenset[CommentState], CommentState]] = {
    Verdict.PASS: (
        frozenset({CommentState.PENDING, CommentState.REJECTED, CommentState.HIDDEN}),
        CommentState.VISIBLE,
    ),
    Verdict.REJECT: (frozenset({CommentState.PENDING}), CommentState.REJECTED),
    Verdict.HIDE: (frozenset({CommentState.VISIBLE}), CommentState.HIDDEN),
    Verdict.KEEP: (frozenset({CommentState.VISIBLE}), CommentState.VISIBLE),
}


class Refusal(StrEnum):
    """Why a comment could not have a verdict, or could not lose it again."""

    UNKNOWN = "unknown"
    OWN = "own"
    NO_RIGHT = "no_right"
    DECIDED = "decided"
    NOT_YOURS = "not_yours"
    TOO_LATE = "too_late"
    TAKEN_UP = "taken_up"


@dataclass(frozen=True)
class Outcome:
    """What came of a verdict on several comments: those decided, and why others were not."""

    done: tuple[int, ...]
    refused: dict[int, Refusal]


def decide(
    session: Session,
    actor: Actor,
    comment_ids: Sequence[int],
    verdict: Verdict,
    at: datetime,
    zone: ZoneInfo,
    reason: str = "",
) -> Outcome:
    """Give the same verdict on comments; each one that cannot have it is reported, not the others.

    Args:
        reason: Needed to reject and to hide; the author is told.

    Raises:
        Invalid: if the reason is missing or too long, or there are too many comments.
    """
    reason = _checked(verdict, reason)
    if len(comment_ids) > MOST_AT_ONCE:
        raise Invalid("一次最多处理 200 条评论。")
    done: list[int] = []
    refused: dict[int, Refusal] = {}
    known = _known(session, actor, comment_ids)
    for comment_id in dict.fromkeys(comment_ids):
        comment = known.get(comment_id)
        problem = _problem(session, actor, comment, verdict)
        if comment is None or problem is not None:
            refused[comment_id] = problem or Refusal.UNKNOWN
        elif _apply(session, actor, comment, verdict, at, zone, reason):
            done.append(comment_id)
        else:
            refused[comment_id] = Refusal.DECIDED
    return Outcome(tuple(done), refused)


def undo(session: Session, actor: Actor, comment_ids: Sequence[int], at: datetime) -> Outcome:
    """Take back one's own verdicts of the last seconds, with what they set going."""
    done: list[int] = []
    refused: dict[int, Refusal] = {}
    known = _known(session, actor, comment_ids[:MOST_AT_ONCE])
    for comment_id in dict.fromkeys(comment_ids):
        comment = known.get(comment_id)
        if comment is None or comment.decided_by_id != actor.person_id or comment.former_state is None:
            refused[comment_id] = Refusal.NOT_YOURS
        elif comment.decided_at is None or at - comment.decided_at > UNDO_WITHIN:
            refused[comment_id] = Refusal.TOO_LATE
        elif not _take_back(session, actor, comment, at):
            refused[comment_id] = Refusal.TAKEN_UP
        else:
            done.append(comment_id)
    return Outcome(tuple(done), refused)


def may_moderate(session: Session, actor: Actor, comment: Comment) -> bool:
    """Return whether the actor may decide about a comment of somebody else at its place of the tree."""
    return comment.author_id != actor.person_id and bool(
        may_on(
            session,
            actor,
            Permission.COMMENT_MODERATE,
            comment.article.node,
            comment.article.owner_department_id,
        )
    )


def _checked(verdict: Verdict, reason: str) -> str:
    reason = mask_personal_data(reason.strip())
    if verdict in (Verdict.REJECT, Verdict.HIDE) and not reason:
        raise Invalid("请填写理由，评论人会看到。", {"reason": "请填写理由。"})
    if len(reason) > REASON_LIMIT:
        raise Invalid("理由最多 400 个字。", {"reason": "理由最多 400 个字。"})
    return reason


def _known(session: Session, actor: Actor, comment_ids: Iterable[int]) -> dict[int, Comment]:
    comments = session.scalars(
        select(Comment)
        .join(Article, Article.id == Comment.article_id)
        .where(Comment.id.in_(set(comment_ids)), audience_scope(session, actor).clause())
        .options(joinedload(Comment.article))
    )
    return {comment.id: comment for comment in comments}


def _problem(session: Session, actor: Actor, comment: Comment | None, verdict: Verdict) -> Refusal | None:
    if comment is None:
        return Refusal.UNKNOWN
    if comment.author_id == actor.person_id:
        return Refusal.OWN
    if not may_moderate(session, actor, comment):
        return Refusal.NO_RIGHT
    return None if comment.state in STEPS[verdict][0] else Refusal.DECIDED


def _apply(
    session: Session,
    actor: Actor,
    comment: Comment,
    verdict: Verdict,
    at: datetime,
    zone: ZoneInfo,
    reason: str,
) -> bool:
    former, state = comment.state, STEPS[verdict][1]
    changed = session.execute(
        update(Comment)
        .where(Comment.id == comment.id, Comment.state == former)
        .values(
            state=state,
            former_state=former,
            state_reason=reason,
            decided_by_id=actor.person_id,
            decided_at=at,
        )
        .execution_options(synchronize_session=False)
    )
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        return False
    session.refresh(comment)
    session.execute(
        update(CommentReport)
        .where(CommentReport.comment_id == comment.id, CommentReport.closed_at.is_(None))
        .values(closed_at=at)
    )
    detail = {"from": former, "to": state}
    audit.record(session, actor, f"comment.{verdict}", subject_of(comment), at, reason=reason, detail=detail)
    if verdict is Verdict.PASS:
        release(session, comment, actor, at, zone, key=_key(comment))
    elif verdict is not Verdict.KEEP:
        retract(session, comment, actor, at)
    if verdict is not Verdict.KEEP:
        _tell_author(session, comment, verdict, at)
    return True


def _tell_author(session: Session, comment: Comment, verdict: Verdict, at: datetime) -> None:
    kind = {Verdict.PASS: "comment_passed", Verdict.REJECT: "comment_rejected"}.get(verdict, "comment_hidden")
    detail = {**detail_of(comment), "reason": comment.state_reason}
    subject = title_of(session, comment.revision_id)
    notify(
        session,
        [comment.author_id],
        kind,
        subject,
        at,
        article_id=comment.article_id,
        detail=detail,
        once_key=_key(comment),
    )


def _take_back(session: Session, actor: Actor, comment: Comment, at: datetime) -> bool:
    task = session.scalar(select(Task).where(Task.comment_id == comment.id))
    decided_at = comment.decided_at
    if task is not None and decided_at is not None and not rewind(session, task, decided_at):
        return False
    # What was told about the verdict is told no more; whoever read it already sees the state change back.
    session.execute(
        delete(Notification).where(Notification.once_key.startswith(_key(comment), autoescape=True))
    )
    if comment.former_state == CommentState.VISIBLE:
        session.execute(
            update(CommentReport)
            .where(CommentReport.comment_id == comment.id, CommentReport.closed_at == decided_at)
            .values(closed_at=None)
        )
    detail = {"from": comment.state, "to": comment.former_state}
    audit.record(session, actor, "comment.undo", subject_of(comment), at, detail=detail)
    comment.state = comment.former_state or CommentState.PENDING
    comment.former_state = comment.decided_by_id = comment.decided_at = None
    comment.state_reason = ""
    session.flush()
    return True


def _key(comment: Comment) -> str:
    decided = comment.decided_at.isoformat() if comment.decided_at else ""
    return f"verdict:{comment.id}:{decided}"
