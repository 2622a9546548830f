"""Audiences: named sets of people, by department and role, and the keys that articles carry."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.models.table import Table


class Audience(Table):
    """A named set of people 可见范围; a person belongs if any rule matches."""

    __tablename__ = "audiences"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)

    rules: Mapped[list["AudienceRule"]] = relationship(cascade="all, delete-orphan", lazy="selectin")


class AudienceRule(Table):
    """People of a department (and those below it), of a role, or of both at once."""

    __tablename__ = "audience_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    audience_id: Mapped[int] = mapped_column(ForeignKey("audiences.id", ondelete="CASCADE"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    role: Mapped[str | None] = mapped_column(String(16))


class AccessKey(Table):
    """A conjunction of audiences in use, such as ``3+7``; articles and index carry the key."""

    __tablename__ = "access_keys"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
