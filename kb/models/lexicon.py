"""The lexicon as changed in the browser: entries over the shipped lists, and a counter of changes."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class LexiconEntry(Table):
    """One entry 词条: a word, a group of synonyms, a stop word, a sensitive word, or a pinned article.

    ``text`` is folded by its writer; synonyms stand in it with blanks between; for a pin it is the
    query, and ``article_id`` what stands on top.
    """

    __tablename__ = "lexicon_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(String(400))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (
        CheckConstraint("kind IN ('word','synonym','stopword','sensitive','pin')", name="kind"),
        CheckConstraint("(kind = 'pin') = (article_id IS NOT NULL)", name="pin_has_article"),
        UniqueConstraint("kind", "text", "article_id"),
    )


class LexiconVersion(Table):
    """The single row that tells running processes that entries changed."""

    __tablename__ = "lexicon_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)


class DismissedProposal(Table):
    """A pair of words that a manager judged to be no synonyms."""

    __tablename__ = "lexicon_dismissals"

    id: Mapped[int] = mapped_column(primary_key=True)
    asked: Mapped[str] = mapped_column(String(200))
    instead: Mapped[str] = mapped_column(String(200))
    dismissed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    dismissed_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("asked", "instead"),)
