"""Comments on articles, who they mention, their pictures, thanks and reports, and the rules of moderation."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.models.article import Article, Revision
from kb.models.person import Person
from kb.models.table import Instant, Table


class CommentKind(StrEnum):
    """What a comment says about the text; a reply belongs to a comment and has no kind of its own."""

    QUESTION = "question"
    ERROR = "error"
    EXPIRED = "expired"
    UNCLEAR = "unclear"
    SUGGESTION = "suggestion"
    REPLY = "reply"


class CommentState(StrEnum):
    """Who may see a comment: its author always, others once it is visible."""

    PENDING = "pending"
    VISIBLE = "visible"
    REJECTED = "rejected"
    HIDDEN = "hidden"
    WITHDRAWN = "withdrawn"


class ModerationMode(StrEnum):
    """Whether comments at a node wait for a moderator or are visible at once."""

    PRE = "pre"
    POST = "post"


class Comment(Table):
    """A comment 评论 on one revision, pinned if wanted to a quoted passage; ``text`` is masked.

    ``quote_offset`` is where the quote begins in the revision's plain text; for a quote out of official
    wording ``quote_block`` is the block's position and the offset counts in it. ``former_state`` is what
    the last verdict replaced, so that it can be taken back.
    """

    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[str] = mapped_column(String(16))
    is_official: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(Text)
    is_masked: Mapped[bool] = mapped_column(default=False)
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    quote: Mapped[str] = mapped_column(String(500), default="")
    quote_prefix: Mapped[str] = mapped_column(String(64), default="")
    quote_suffix: Mapped[str] = mapped_column(String(64), default="")
    quote_offset: Mapped[int | None]
    quote_block: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(16), default=CommentState.PENDING)
    former_state: Mapped[str | None] = mapped_column(String(16))
    state_reason: Mapped[str] = mapped_column(String(400), default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)

    article: Mapped[Article] = relationship()
    revision: Mapped[Revision] = relationship()
    author: Mapped[Person] = relationship(foreign_keys=[author_id])
    parent: Mapped["Comment | None"] = relationship(remote_side=[id])
    images: Mapped[list["CommentImage"]] = relationship(
        order_by="CommentImage.position", cascade="all, delete-orphan"
    )

    __table_args__ = (
        CheckConstraint("kind IN ('question','error','expired','unclear','suggestion','reply')", name="kind"),
        CheckConstraint("state IN ('pending','visible','rejected','hidden','withdrawn')", name="state"),
        CheckConstraint("(kind = 'reply') = (parent_id IS NOT NULL)", name="replies_have_a_parent"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> author_id", name="not_ones_own"),
        Index("ix_comments_article", "article_id", "state"),
        Index("ix_comments_queue", "state", "created_at"),
        Index("ix_comments_author", "author_id", "created_at"),
    )


class CommentMention(Table):
    """A person whom a comment addresses with ``@``."""

    __tablename__ = "comment_mentions"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    words: Mapped[str] = mapped_column(String(120))


class CommentImage(Table):
    """A picture of a comment, re-encoded before it was stored."""

    __tablename__ = "comment_images"

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    position: Mapped[int]
    sha256: Mapped[str] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    media_type: Mapped[str] = mapped_column(String(32))
    width: Mapped[int]
    height: Mapped[int]

    __table_args__ = (UniqueConstraint("comment_id", "position"),)


class CommentThanks(Table):
    """One person's thanks 感谢 for a comment."""

    __tablename__ = "comment_thanks"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    thanked_at: Mapped[datetime] = mapped_column(Instant)


class CommentReport(Table):
    """A reader's report 举报 that a visible comment should not be; open until a moderator looked."""

    __tablename__ = "comment_reports"

    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(400))
    reported_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant, index=True)


class ModerationRule(Table):
    """How comments are moderated at a node and, unless they say otherwise, at those below it."""

    __tablename__ = "moderation_rules"

    node_id: Mapped[int] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"), primary_key=True)
    mode: Mapped[str] = mapped_column(String(8))
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    set_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (CheckConstraint("mode IN ('pre','post')", name="mode"),)
