"""People, their roles and their server-side login sessions."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kb.models.department import Department
from kb.models.table import Instant, Table


class Role(StrEnum):
    """What a person does in the product."""

    AGENT = "agent"
    PUBLISHER = "publisher"
    REVIEWER = "reviewer"
    MANAGER = "manager"
    ADMIN = "admin"


class Person(Table):
    """A member of staff 用户 who can log in."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    staff_number: Mapped[str] = mapped_column(String(32), default="")
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    theme: Mapped[str] = mapped_column(String(8), default="auto")
    locale: Mapped[str] = mapped_column(String(8), default="zh")
    font_size: Mapped[str] = mapped_column(String(8), default="medium")
    single_keys: Mapped[bool] = mapped_column(default=True)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
    feed_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)

    department: Mapped[Department] = relationship(lazy="joined")
    role_rows: Mapped[list["PersonRole"]] = relationship(cascade="all, delete-orphan", lazy="selectin")

    __table_args__ = (
        CheckConstraint("theme IN ('auto','light','dark')", name="theme"),
        CheckConstraint("locale IN ('zh','en')", name="locale"),
        CheckConstraint("font_size IN ('small','medium','large')", name="font_size"),
    )


class PersonRole(Table):
    """One role of one person."""

    __tablename__ = "person_roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(16))

    __table_args__ = (
        UniqueConstraint("person_id", "role"),
        CheckConstraint("role IN ('agent','publisher','reviewer','manager','admin')", name="role"),
    )


class LoginSession(Table):
    """A login that the server can end; only the hash of its token is stored."""

    __tablename__ = "login_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant, index=True)
    address: Mapped[str] = mapped_column(String(64), default="")


class DateLock(Table):
    """The time range that a person locked for all following searches."""

    __tablename__ = "date_locks"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(String(16))
    preset: Mapped[str] = mapped_column(String(16))
    start_on: Mapped[str | None] = mapped_column(String(10))
    end_on: Mapped[str | None] = mapped_column(String(10))
    locked_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (CheckConstraint("field IN ('published','updated','effective')", name="field"),)
