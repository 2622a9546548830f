"""The lexicon's entries over the shipped lists: changing them, and what running processes learn from them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from kb import audit
from kb.access import Actor, Permission, require
from kb.activity import folded_query
from kb.errors import Invalid, NotFound
from kb.masking import mask_personal_data
from kb.models import Article, LexiconEntry, LexiconVersion
from kb.ports import LexiconOverlay
from kb.prepared import ask
from kb.sensitive import SensitiveWords, shipped_list

TEXT_LIMIT = 400
WORD_LIMIT = 12
MOST_ENTRIES = 5000
_SEPARATORS = re.compile(r"[\s,，、;；=＝]+")
_SIGNS = re.compile(r"[#~\x00-\x1f]")


class Kind(StrEnum):
    """What an entry does."""

    WORD = "word"
    SYNONYM = "synonym"
    STOPWORD = "stopword"
    SENSITIVE = "sensitive"
    PIN = "pin"


@dataclass(frozen=True)
class NewEntry:
    """An entry as checked and folded, ready to be kept."""

    kind: Kind
    text: str
    article_id: int | None = None


def checked_entry(session: Session, kind: str, text: str, article_id: int | None) -> NewEntry:
    """Return an entry in the form in which it is kept.

    Args:
        kind: One of ``Kind``.
        text: As typed; synonyms stand with blanks or commas between them.
        article_id: For a pin, what shall stand on top.

    Raises:
        Invalid: if it is empty, too long, no group, known already, or pins nothing in force.
    """
    if kind not in set(Kind):
        raise Invalid("请选择词库类别。", {"kind": "请选择词库类别。"})
    chosen = Kind(kind)
    folded = mask_personal_data(_folded(chosen, text))
    if not folded or len(folded) > TEXT_LIMIT or _SIGNS.search(folded):
        raise Invalid("请填写词语。", {"text": "请填写词语，最多 400 个字，不含 # 和 ~。"})
    words = folded.split()
    if chosen is Kind.SYNONYM and len(set(words)) < 2:
        raise Invalid("同义词至少两个。", {"text": "同义词至少两个，用空格隔开。"})
    longest = max(len(word) for word in words)
    if chosen in (Kind.WORD, Kind.STOPWORD, Kind.SYNONYM) and longest > WORD_LIMIT:
        raise Invalid("词语太长。", {"text": "每个词最多 12 个字。"})
    if chosen is Kind.WORD and len(folded) < 2:
        raise Invalid("词语太短。", {"text": "词语至少两个字。"})
    if chosen is Kind.PIN and (article_id is None or session.get(Article, article_id) is None):
        raise Invalid("没有找到这篇知识。", {"article": "没有找到这篇知识。"})
    entry = NewEntry(chosen, folded, article_id if chosen is Kind.PIN else None)
    known = select(LexiconEntry.id).where(
        LexiconEntry.kind == chosen,
        LexiconEntry.text == folded,
        LexiconEntry.article_id.is_(None)
        if entry.article_id is None
        else LexiconEntry.article_id == entry.article_id,
    )
    if session.scalar(known) is not None:
        raise Invalid("词库里已经有了。", {"text": "词库里已经有了。"})
    return entry


def _folded(kind: Kind, text: str) -> str:
    if kind is Kind.PIN:
        return folded_query(text)
    parts = [part for part in _SEPARATORS.split(text.casefold()) if part]
    return " ".join(dict.fromkeys(parts)) if kind is Kind.SYNONYM else "".join(parts)


def add_entry(session: Session, actor: Actor | None, entry: NewEntry, at: datetime) -> LexiconEntry:
    """Keep an entry; running processes learn it within seconds.

    Raises:
        Forbidden: if the actor may not change the lexicon.
        Invalid: if there are too many entries.
    """
    require(actor, Permission.LEXICON_WRITE)
    if (session.scalar(select(func.count()).select_from(LexiconEntry)) or 0) >= MOST_ENTRIES:
        raise Invalid("词库的词条太多了，请先清理。")
    row = LexiconEntry(
        kind=entry.kind,
        text=entry.text,
        article_id=entry.article_id,
        created_by_id=actor.person_id if actor else None,
        created_at=at,
    )
    session.add(row)
    session.flush()
    version = _next_version(session)
    detail = {"kind": entry.kind, "text": entry.text, "article": entry.article_id, "version": version}
    audit.record(session, actor, "lexicon.add", f"lexicon:{row.id}", at, detail=detail)
    return row


def remove_entry(session: Session, actor: Actor, entry_id: int, at: datetime) -> None:
    """Take an entry out again; the shipped lists stay.

    Raises:
        Forbidden: if the actor may not change the lexicon.
        NotFound: if there is none with this id.
    """
    require(actor, Permission.LEXICON_WRITE)
    row = session.get(LexiconEntry, entry_id)
    if row is None:
        raise NotFound("没有找到这个词条。")
    version = _next_version(session)
    detail = {"kind": row.kind, "text": row.text, "article": row.article_id, "version": version}
    audit.record(session, actor, "lexicon.remove", f"lexicon:{row.id}", at, detail=detail)
    session.delete(row)


def entries(session: Session, kind: Kind | None = None) -> list[LexiconEntry]:
    """Return the entries, newest first."""
    statement = select(LexiconEntry).order_by(LexiconEntry.id.desc())
    if kind is not None:
        statement = statement.where(LexiconEntry.kind == kind)
    return list(session.scalars(statement))


def overlay_of(
    session: Session, *, added: NewEntry | None = None, without: int | None = None
) -> LexiconOverlay:
    """Return what the entries add to the shipped lists, as they are or as a change would make them.

    Args:
        added: An entry as if it were kept.
        without: The id of an entry as if it were taken out.
    """
    found = [(Kind(row.kind), row.text) for row in entries(session) if row.id != without]
    if added is not None:
        found.append((added.kind, added.text))
    return LexiconOverlay(
        version=version_of(session),
        words=tuple(text for kind, text in found if kind is Kind.WORD),
        synonyms=tuple(tuple(text.split()) for kind, text in found if kind is Kind.SYNONYM),
        stopwords=tuple(text for kind, text in found if kind is Kind.STOPWORD),
    )


def version_of(session: Session) -> int:
    """Return how often the entries were changed."""
    return session.scalar(select(LexiconVersion.value)) or 0


def newer_overlay(session: Session, known: int) -> LexiconOverlay | None:
    """Return the entries if they are not those of version ``known``."""
    return None if version_of(session) == known else overlay_of(session)


_ENTRY = LexiconEntry.__table__.c
_PINS = (
    select(_ENTRY.article_id)
    .where(_ENTRY.kind == Kind.PIN.value, _ENTRY.text == bindparam("text"))
    .order_by(_ENTRY.id)
)


def pins_for(session: Session, text: str) -> list[int]:
    """Return the articles that managers pinned for a query, the first pinned on top."""
    folded = folded_query(text)
    if not folded:
        return []
    return list(ask(session, _PINS, text=folded).scalars())


def all_pins(session: Session) -> Mapping[str, Sequence[int]]:
    """Return the pinned articles by folded query."""
    found: dict[str, list[int]] = {}
    for row in reversed(entries(session, Kind.PIN)):
        found.setdefault(row.text, []).append(row.article_id or 0)
    return found


def sensitive_words(session: Session) -> SensitiveWords:
    """Return the shipped sensitive words and those that managers added."""
    return SensitiveWords([*shipped_list(), *(row.text for row in entries(session, Kind.SENSITIVE))])


def _next_version(session: Session) -> int:
    changed = session.execute(update(LexiconVersion).values(value=LexiconVersion.value + 1))
    if changed.rowcount == 0:  # type: ignore[attr-defined]
        session.add(LexiconVersion(id=1, value=1))
        session.flush()
    return version_of(session)
