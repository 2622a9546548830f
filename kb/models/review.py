"""The way of a revision to its approval: who wrote in it, who decided what, and what was typed meanwhile."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class ReviewAction(StrEnum):
    """A step on the way of a revision."""

    SUBMITTED = "submitted"
    RECALLED = "recalled"
    RETURNED = "returned"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    BROKEN_GLASS = "broken_glass"


class RevisionContributor(Table):
    """Somebody who wrote in a draft, and who may therefore never approve it."""

    __tablename__ = "revision_contributors"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    first_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("revision_id", "person_id"),)


class Review(Table):
    """One step 审核记录; ``content_hash`` is what the actor had before their eyes."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), index=True)
    action: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    reason: Mapped[str] = mapped_column(String(400), default="")
    content_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint(
            "action IN ('submitted','recalled','returned','approved','withdrawn','broken_glass')",
            name="action",
        ),
    )


class Autosave(Table):
    """What a person has typed into a draft since they last saved it; ``payload`` is JSON of the form."""

    __tablename__ = "autosaves"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    based_version: Mapped[int]
    payload: Mapped[str] = mapped_column(Text)
    saved_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("revision_id", "person_id"),)
