"""What waits for a reviewer, what a person handed in, what was decided, and what a machine can check first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session, selectinload

from kb.access import Actor, Permission, audience_scope, place_scope
from kb.draft_rights import draft_clause
from kb.masking import mask_personal_data
from kb.models import (
    Article,
    Attachment,
    FileText,
    Review,
    ReviewAction,
    Revision,
    RevisionContributor,
    RevisionState,
)
from kb.sensitive import SensitiveWords

DECISIONS = (ReviewAction.APPROVED, ReviewAction.RETURNED, ReviewAction.BROKEN_GLASS)
LONG_LIFE = timedelta(days=3 * 365)


@dataclass(frozen=True)
class Check:
    """One automatic check: ``name`` and ``tone`` (``ok``, ``warn``, ``bad``) with what was found."""

    name: str
    tone: str
    found: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decided:
    """A decision that the actor took."""

    review: Review
    revision: Revision


def waiting_for(session: Session, actor: Actor) -> list[Revision]:
    """Return what the actor may decide about, the longest waiting first; never what they wrote in."""
    me = actor.person_id
    wrote = exists().where(
        RevisionContributor.revision_id == Revision.id, RevisionContributor.person_id == me
    )
    return list(
        session.scalars(
            select(Revision)
            .join(Article, Article.id == Revision.article_id)
            .where(
                Revision.state == RevisionState.IN_REVIEW,
                draft_clause(session, actor),
                place_scope(session, actor, Permission.ARTICLE_APPROVE).clause(),
                ~wrote,
                or_(Revision.author_id.is_(None), Revision.author_id != me),
                or_(Revision.submitted_by_id.is_(None), Revision.submitted_by_id != me),
            )
            .options(selectinload(Revision.article))
            .order_by(Revision.submitted_at, Revision.id)
        )
    )


def decided_by(session: Session, actor: Actor, limit: int = 50) -> list[Decided]:
    """Return what the actor decided last and may still read."""
    rows = session.execute(
        select(Review, Revision)
        .join(Revision, Revision.id == Review.revision_id)
        .join(Article, Article.id == Revision.article_id)
        .where(
            Review.actor_id == actor.person_id,
            Review.action.in_(DECISIONS),
            audience_scope(session, actor).clause(),
        )
        .options(selectinload(Revision.article))
        .order_by(Review.id.desc())
        .limit(limit)
    )
    return [Decided(*row) for row in rows]


def steps_of(session: Session, revision: Revision) -> list[Review]:
    """Return the way of a revision so far, in order."""
    return list(session.scalars(select(Review).where(Review.revision_id == revision.id).order_by(Review.id)))


def checks(session: Session, revision: Revision, words: SensitiveWords, now: datetime) -> list[Check]:
    """Return what a machine can tell a reviewer about a revision.

    Args:
        words: What a bank must not say.
        now: Aware.
    """
    said = [revision.title, revision.summary, *(block.text for block in revision.wording)]
    texts = [*said, revision.text]
    return [
        _sensitive(texts, words),
        _personal([*texts, revision.internal_notes]),
        Check("wording", "ok" if revision.wording else "warn"),
        _dates(revision, now),
        _files(session, revision),
        Check("audience", "warn" if revision.changes_audience else "ok"),
    ]


def _sensitive(texts: Sequence[str], words: SensitiveWords) -> Check:
    found = {text[start:end]: None for text in texts for start, end in words.ranges(text)}
    # Many are harmless in their place: the reviewer decides, the list only points.
    return Check("sensitive", "warn" if found else "ok", tuple(found)[:10])


def _personal(texts: Sequence[str]) -> Check:
    has_personal = any(mask_personal_data(text) != text for text in texts)
    return Check("personal", "bad" if has_personal else "ok")


def _dates(revision: Revision, now: datetime) -> Check:
    if revision.effective_to is not None and revision.effective_to <= now:
        return Check("dates", "bad", ("ended",))
    if revision.effective_from is not None and revision.effective_from < now:
        return Check("dates", "warn", ("started",))
    if revision.effective_to is not None and revision.effective_to > now + LONG_LIFE:
        return Check("dates", "warn", ("long",))
    return Check("dates", "ok", ("open",) if revision.effective_to is None else ())


def _files(session: Session, revision: Revision) -> Check:
    rows = session.execute(
        select(Attachment.name, FileText.status)
        .outerjoin(FileText, FileText.sha256 == Attachment.sha256)
        .where(Attachment.revision_id == revision.id)
    )
    unread = {name: None for name, status in rows if status not in ("ok", "waiting", None)}
    return Check("files", "warn" if unread else "ok", tuple(unread))
