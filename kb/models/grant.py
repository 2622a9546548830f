"""Rights at a place of the tree, and where the links to merged categories lead."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Table


class NodeGrant(Table):
    """Gives a right 授权 at a node and below it to people of a department, of a role, or to one person.

    What is stated must all fit: department and role together mean people who are in both.
    """

    __tablename__ = "node_grants"

    id: Mapped[int] = mapped_column(primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"))
    permission: Mapped[str] = mapped_column(String(32))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    role: Mapped[str | None] = mapped_column(String(16))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    __table_args__ = (
        CheckConstraint(
            "permission IN ('article:write','article:approve','comment:moderate')", name="permission"
        ),
        CheckConstraint(
            "department_id IS NOT NULL OR role IS NOT NULL OR person_id IS NOT NULL", name="somebody"
        ),
        Index("ix_node_grants_place", "node_id", "permission"),
    )


class MergedNode(Table):
    """A node that was merged into another, so that old links still lead somewhere."""

    __tablename__ = "merged_nodes"

    old_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node_id: Mapped[int] = mapped_column(ForeignKey("nodes.id", ondelete="CASCADE"), index=True)
