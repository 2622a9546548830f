"""What stands around an article for one reader, counted in one question, so that nothing is asked about nothing."""

from dataclasses import dataclass

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from kb.access import Actor
from kb.models import Announcement, Attachment, Comment, Feedback
from kb.prepared import ask


@dataclass(frozen=True)
class Around:
    """How much there is, whoever may see it: comments, announcements, files, and the reader's own word."""

    comments: int
    announcements: int
    files: int
    words: int


_COMMENTS, _ANNOUNCEMENTS = Comment.__table__.c, Announcement.__table__.c
_FILES, _WORDS = Attachment.__table__.c, Feedback.__table__.c
_AROUND = select(
    select(func.count(_COMMENTS.id)).where(_COMMENTS.article_id == bindparam("article")).scalar_subquery(),
    select(func.count(_ANNOUNCEMENTS.id))
    .where(_ANNOUNCEMENTS.article_id == bindparam("article"))
    .scalar_subquery(),
    select(func.count(_FILES.id)).where(_FILES.revision_id == bindparam("revision")).scalar_subquery(),
    select(func.count(_WORDS.id))
    .where(_WORDS.revision_id == bindparam("revision"), _WORDS.person_id == bindparam("person"))
    .scalar_subquery(),
)


def around(session: Session, actor: Actor, article_id: int, revision_id: int) -> Around:
    """Return how much stands around an article and one of its revisions."""
    asked = ask(session, _AROUND, article=article_id, revision=revision_id, person=actor.person_id)
    return Around(*tuple(asked.one()))
