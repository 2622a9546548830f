"""Which official wording left the product through the copy button."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class Copy(Table):
    """Wording copied by a person: ``block`` counts from 1, ``None`` stands for all blocks together.

    ``text_hash`` is the SHA-256 of exactly what went to the clipboard; ``token`` comes from the page, so
    that a report sent twice is kept once.
    """

    __tablename__ = "copies"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"), index=True)
    block: Mapped[int | None]
    text_hash: Mapped[str] = mapped_column(String(64))
    token: Mapped[str] = mapped_column(String(64), unique=True)
    call_id: Mapped[str] = mapped_column(String(64), default="")
    copied_at: Mapped[datetime] = mapped_column(Instant, index=True)

    __table_args__ = (
        Index("ix_copies_article", "article_id", "copied_at"),
        Index("ix_copies_person", "person_id", "copied_at"),
        Index("ix_copies_call", "call_id", "copied_at"),
    )
