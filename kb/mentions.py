"""People addressed with ``@`` in a comment: suggesting them while typing, finding them in the text."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from kb.models import Article, Person
from kb.readers import may_read

LONGEST_NAME = 20
MOST_MENTIONS = 10
_AT = re.compile(r"(?<![A-Za-z0-9._-])[@＠]([^\s@＠]{1,40})")
_STAFF_NUMBER = re.compile(r"[(（]([0-9A-Za-z-]{1,32})[)）]")


@dataclass(frozen=True)
class Mention:
    """A person found in a text, and the words that name them, with the ``@``."""

    person_id: int
    words: str


@dataclass(frozen=True)
class Candidate:
    """A person who may be mentioned; ``words`` is what goes into the text after the ``@``."""

    name: str
    department: str
    words: str


def candidates(session: Session, article: Article, typed: str, limit: int = 8) -> list[Candidate]:
    """Return readers of an article whose name or user name begins with what was typed.

    A name that several readers share is completed by the staff number.
    """
    typed = typed.strip()[:LONGEST_NAME]
    if not typed:
        return []
    begins = or_(
        Person.name.startswith(typed, autoescape=True),
        Person.username.startswith(typed.lower(), autoescape=True),
    )
    people = session.scalars(
        select(Person)
        .where(begins, may_read(session, article.access_key))
        .order_by(Person.name, Person.id)
        .limit(limit)
    ).all()
    shared = _shared_names(session, article, {person.name for person in people})
    return [
        Candidate(
            person.name,
            person.department.name,
            f"{person.name}({person.staff_number})" if person.name in shared else person.name,
        )
        for person in people
    ]


def mentioned(session: Session, article: Article, text: str) -> list[Mention]:
    """Return the readers of an article whom a text addresses, each once, in order.

    The longest name or user name after the ``@`` counts, since Chinese puts no blank behind it. A name
    that several readers share needs the staff number in brackets; without it nobody is meant.
    """
    found = _AT.findall(text)[: MOST_MENTIONS * 2]
    beginnings = {tail[:length] for tail in found for length in range(1, min(len(tail), LONGEST_NAME) + 1)}
    if not beginnings:
        return []
    lowered = {beginning.lower() for beginning in beginnings}
    people = session.execute(
        select(Person.id, Person.name, Person.username, Person.staff_number).where(
            or_(Person.name.in_(beginnings), Person.username.in_(lowered)),
            may_read(session, article.access_key),
        )
    ).all()
    mentions: dict[int, Mention] = {}
    for tail in found:
        mention = _best([(one, name, user, number) for one, name, user, number in people], tail)
        if mention is not None:
            mentions.setdefault(mention.person_id, mention)
    return list(mentions.values())[:MOST_MENTIONS]


def _best(people: Sequence[tuple[int, str, str, str]], tail: str) -> Mention | None:
    lowered = tail.lower()
    named = [
        (len(name), person_id, number) for person_id, name, _user, number in people if tail.startswith(name)
    ]
    named += [
        (len(user), person_id, number)
        for person_id, _name, user, number in people
        if lowered.startswith(user)
    ]
    if not named:
        return None
    length = max(entry[0] for entry in named)
    chosen = {(person_id, number) for size, person_id, number in named if size == length}
    stated = _STAFF_NUMBER.match(tail, length)
    if stated is not None:
        exact = {entry for entry in chosen if entry[1] == stated[1]}
        if exact:
            chosen, length = exact, stated.end()
    if len(chosen) != 1:
        return None
    return Mention(next(iter(chosen))[0], f"@{tail[:length]}")


def _shared_names(session: Session, article: Article, names: set[str]) -> set[str]:
    rows = session.scalars(
        select(Person.name).where(Person.name.in_(names), may_read(session, article.access_key))
    ).all()
    return {name for name in names if rows.count(name) > 1}
