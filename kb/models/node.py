"""The tree of categories."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Table


class Node(Table):
    """A knowledge node 知识节点; ``path`` is ``/1/5/`` with its ancestors' ids and its own."""

    __tablename__ = "nodes"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(120), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    path: Mapped[str] = mapped_column(String(400), default="", index=True)
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("audiences.id"))
