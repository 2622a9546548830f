"""A counter of changes of what every page needs: the tree, the departments and the audiences."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kb.models.table import Table


class StructureVersion(Table):
    """The single row that tells running processes that the tree, a department or an audience changed."""

    __tablename__ = "structure_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
