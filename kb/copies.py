"""Copied wording: writing down who took which exact text when, and finding it again for a complaint."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope, Permission, may
from kb.errors import Forbidden
from kb.masking import mask_personal_data
from kb.models import Article, Copy, Department, Person, Revision, Role, WordingBlock

CALL_ID = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
TOKEN = re.compile(r"[A-Za-z0-9-]{8,64}")
OLDEST_REPORT = timedelta(hours=12)


@dataclass(frozen=True)
class CopiedLine:
    """One copy with the exact text and the names around it."""

    copy: Copy
    person: str
    staff_number: str
    department: str
    title: str
    number: int
    block_title: str
    text: str


@dataclass(frozen=True)
class CopyFilter:
    """What is looked for; empty parts do not count. Instants are aware, ``until`` is exclusive."""

    person: str = ""
    article: str = ""
    call_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Said(Protocol):
    """A piece of wording, or what is read of one."""

    @property
    def text(self) -> str:
        """What may be read to a customer."""


def text_of(blocks: Sequence[Said], block: int | None) -> str | None:
    """Return what the copy button hands out: one block, counted from 1, or all; ``None`` if there is none."""
    texts = [item.text.strip() for item in blocks]
    if block is not None:
        texts = texts[block - 1 : block] if block > 0 else []
    return "\n\n".join(texts) or None


def record_copy(
    session: Session,
    actor: Actor,
    revision: Revision,
    block: int | None,
    at: datetime,
    *,
    token: str,
    call_id: str = "",
    age: timedelta = timedelta(0),
) -> Copy | None:
    """Write down that the actor copied wording.

    Args:
        revision: What they had before them; its wording is loaded.
        block: Which block, from 1; ``None`` for all of them.
        at: When the report arrived.
        token: Made by the page for this one copy; a second report with it changes nothing.
        call_id: Of the call it was for; what looks like a person's number is masked.
        age: How long before ``at`` it happened, at most twelve hours.

    Returns:
        The row, or ``None`` if there is no such block or the report was known.
    """
    text = text_of(revision.wording, block)
    if text is None or not TOKEN.fullmatch(token):
        return None
    if session.scalar(select(Copy.id).where(Copy.token == token)) is not None:
        return None
    call_id = call_id.strip()
    row = Copy(
        person_id=actor.person_id,
        article_id=revision.article_id,
        revision_id=revision.id,
        block=block,
        text_hash=hashlib.sha256(text.encode()).hexdigest(),
        token=token,
        call_id=mask_personal_data(call_id) if CALL_ID.fullmatch(call_id) else "",
        copied_at=at - min(max(age, timedelta(0)), OLDEST_REPORT),
    )
    session.add(row)
    session.flush()
    return row


def find_copies(
    session: Session,
    actor: Actor,
    scope: AudienceScope,
    wanted: CopyFilter,
    *,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[CopiedLine], int]:
    """Return a page of copies, newest first, and how many there are, in three queries.

    Managers see all, reviewers those of articles that their department or one below it owns.

    Raises:
        Forbidden: if the actor may not look.
    """
    if not (decision := may(actor, Permission.COPY_READ)):
        raise Forbidden(decision.reason)
    conditions = [scope.clause(), *_conditions(wanted)]
    if Role.MANAGER not in actor.roles:
        below = select(Department.id).where(
            Department.path.contains(f"/{actor.department_id}/", autoescape=True)
        )
        conditions.append(Article.owner_department_id.in_(below))
    rows = session.execute(
        select(Copy, Person.name, Person.staff_number, Department.name, Revision.title, Revision.number)
        .join(Person, Person.id == Copy.person_id)
        .join(Department, Department.id == Person.department_id)
        .join(Article, Article.id == Copy.article_id)
        .join(Revision, Revision.id == Copy.revision_id)
        .where(*conditions)
        .order_by(Copy.copied_at.desc(), Copy.id.desc())
        .offset(offset)
        .limit(limit)
    ).all()
    total = session.scalar(
        select(func.count())
        .select_from(Copy)
        .join(Person, Person.id == Copy.person_id)
        .join(Article, Article.id == Copy.article_id)
        .join(Revision, Revision.id == Copy.revision_id)
        .where(*conditions)
    )
    blocks = _wording(session, {row[0].revision_id for row in rows})
    return [_line(blocks.get(row[0].revision_id, []), *row) for row in rows], total or 0


def _line(
    blocks: Sequence[WordingBlock],
    copy: Copy,
    person: str,
    staff_number: str,
    department: str,
    title: str,
    number: int,
) -> CopiedLine:
    block = blocks[copy.block - 1] if copy.block is not None and copy.block <= len(blocks) else None
    text = text_of(blocks, copy.block) or ""
    block_title = block.title if block is not None else ""
    return CopiedLine(copy, person, staff_number, department, title, number, block_title, text)


def _conditions(wanted: CopyFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if person := wanted.person.strip():
        conditions.append(
            or_(
                Person.name.contains(person, autoescape=True),
                Person.staff_number == person,
                Person.username == person.lower(),
            )
        )
    if article := wanted.article.strip():
        by_title = Revision.title.contains(article, autoescape=True)
        is_number = article.isascii() and article.isdigit() and len(article) < 10
        conditions.append(or_(Copy.article_id == int(article), by_title) if is_number else by_title)
    if call_id := wanted.call_id.strip():
        conditions.append(Copy.call_id == mask_personal_data(call_id))
    if wanted.since is not None:
        conditions.append(Copy.copied_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(Copy.copied_at < wanted.until)
    return conditions


def _wording(session: Session, revision_ids: set[int]) -> Mapping[int, list[WordingBlock]]:
    found: dict[int, list[WordingBlock]] = {}
    if revision_ids:
        for block in session.scalars(
            select(WordingBlock)
            .where(WordingBlock.revision_id.in_(revision_ids))
            .order_by(WordingBlock.revision_id, WordingBlock.position)
        ):
            found.setdefault(block.revision_id, []).append(block)
    return found
