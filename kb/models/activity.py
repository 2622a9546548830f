"""What people opened and searched, with personal data masked before it is stored."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Instant, Table


class View(Table):
    """One opening of an article by a person; ``counts`` is false for its own publishers."""

    __tablename__ = "views"

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id", ondelete="CASCADE"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    viewed_at: Mapped[datetime] = mapped_column(Instant, index=True)
    counts: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        Index("ix_views_article", "article_id", "viewed_at"),
        Index("ix_views_person", "person_id", "viewed_at"),
        Index("ix_views_counted", "article_id", "counts"),
    )


class Search(Table):
    """One finished search: what was asked under which conditions and how many hits it had.

    ``is_reformulation`` says that the same person had asked otherwise minutes before and opened nothing.
    """

    __tablename__ = "searches"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(String(200))
    folded: Mapped[str] = mapped_column(String(200), index=True)
    conditions: Mapped[str] = mapped_column(Text, default="{}")
    total: Mapped[int]
    took_ms: Mapped[int] = mapped_column(default=0)
    searched_at: Mapped[datetime] = mapped_column(Instant, index=True)
    opened_article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id", ondelete="SET NULL"))
    opened_rank: Mapped[int | None]
    opened_after_ms: Mapped[int | None]
    is_reformulation: Mapped[bool] = mapped_column(default=False, server_default=false())

    __table_args__ = (
        Index("ix_searches_person", "person_id", "searched_at"),
        # Holds all that the figures of a period add up, so that they are read from the index alone.
        Index(
            "ix_searches_figures",
            "searched_at",
            "person_id",
            "total",
            "opened_rank",
            "opened_after_ms",
            "is_reformulation",
            "folded",
        ),
    )
