"""Keeps the tree, the departments and the audiences in memory, for as long as nobody changes them.

Every page asks for them, and they change a few times a month. A writing transaction that touches one of
them raises a counter in the same commit; a reading one asks for the counter and takes what was read before
under the same number. So nothing is ever older than the transaction that uses it.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import event, select, update
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction, joinedload, sessionmaker

from kb.models import AccessKey, Audience, AudienceRule, Department, Node, StructureVersion
from kb.prepared import ask

Made = TypeVar("Made")

HOLDER = "kb_structure"
_COUNTER = StructureVersion.__table__.c
# The number of the structure, for questions that read it along.
VERSION = select(_COUNTER.value).where(_COUNTER.id == 1)
WATCHED = (AccessKey, Audience, AudienceRule, Department, Node)


@dataclass(frozen=True)
class Structure:
    """What was read under one number; the rows belong to no session and are never changed.

    ``made`` keeps what was worked out from it, by whatever key the maker chooses.
    """

    version: int
    audiences: Sequence[Audience]
    keys: Sequence[str]
    nodes: Sequence[Node]
    departments: Sequence[Department]
    made: dict[object, tuple[object, Any]] = field(default_factory=dict)


class StructureHolder:
    """The newest structure read by a process; the sessions of one database share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: Structure | None = None

    def of(self, session: Session, version: int | None = None) -> Structure:
        """Return the structure as the session's transaction sees it.

        Args:
            version: Its number, if the transaction has read it already.
        """
        if version is None:
            version = ask(session, VERSION).scalar() or 0
        newest = self._newest
        if newest is not None and newest.version == version:
            return newest
        found = _read(session, version)
        with self._lock:
            if self._newest is None or self._newest.version < version:
                self._newest = found
        return found


class OnceHolder(StructureHolder):
    """The structure of one transaction, asked for once whatever number of sessions share it.

    Args:
        holder: What keeps it from one transaction to the next.
    """

    def __init__(self, holder: StructureHolder) -> None:
        super().__init__()
        self._holder = holder
        self._version: int | None = None

    def expect(self, version: int) -> None:
        """Take the number that the transaction has read along with something else."""
        self._version = version

    def of(self, session: Session, version: int | None = None) -> Structure:
        """Return the structure as the transaction sees it."""
        if self._newest is None:
            self._newest = self._holder.of(session, self._version if version is None else version)
        return self._newest


def audiences_of(session: Session) -> Sequence[Audience]:
    """Return every audience with its rules."""
    kept = _kept(session)
    return kept.audiences if kept is not None else _audiences(session)


def keys_of(session: Session) -> Sequence[str]:
    """Return every access key in use."""
    kept = _kept(session)
    return kept.keys if kept is not None else _keys(session)


def nodes_of(session: Session) -> Sequence[Node]:
    """Return every node in the order in which they stand."""
    kept = _kept(session)
    return kept.nodes if kept is not None else _nodes(session)


def departments_of(session: Session) -> Sequence[Department]:
    """Return every department in the order of creation."""
    kept = _kept(session)
    return kept.departments if kept is not None else _departments(session)


def worked_out(session: Session, key: object, make: Callable[[], Made], at: object = None) -> Made:
    """Return what ``make`` works out; a reading session takes what was made for the same key before.

    Args:
        session: Whose structure it is made from; with another structure it is made anew.
        key: What it is, with everything else that it depends on.
        make: Works it out.
        at: When it is; what was made at another time is replaced.
    """
    kept = _kept(session)
    if kept is None:
        return make()
    found = kept.made.get(key)
    if found is None or found[0] != at:
        found = kept.made[key] = (at, make())
    made: Made = found[1]
    return made


def structure_version(session: Session) -> int:
    """Return the number of the structure that a reading session sees; -1 for one that writes."""
    kept = _kept(session)
    return kept.version if kept is not None else -1


def note_version(session: Session, version: int | None) -> None:
    """Tell a reading session the number of the structure that its transaction has read in another question."""
    holder = session.info.get(HOLDER)
    if isinstance(holder, OnceHolder):
        holder.expect(version or 0)


def watch(sessions: "sessionmaker[Session]") -> None:
    """Have every session made here raise the counter when it changes something of the structure."""
    event.listen(sessions, "before_flush", _before_flush)
    event.listen(sessions, "do_orm_execute", _before_statement)


def _kept(session: Session) -> Structure | None:
    # A session that writes has no holder: it reads anew, its own changes included.
    kept = session.info.get(HOLDER)
    if isinstance(kept, StructureHolder):
        kept = session.info[HOLDER] = kept.of(session)
    return kept if isinstance(kept, Structure) else None


def _audiences(session: Session) -> Sequence[Audience]:
    return session.scalars(select(Audience).options(joinedload(Audience.rules))).unique().all()


def _keys(session: Session) -> Sequence[str]:
    return session.scalars(select(AccessKey.key)).all()


def _nodes(session: Session) -> Sequence[Node]:
    return session.scalars(select(Node).order_by(Node.position, Node.id)).all()


def _departments(session: Session) -> Sequence[Department]:
    return session.scalars(select(Department).order_by(Department.id)).all()


def _read(session: Session, version: int) -> Structure:
    audiences, nodes, departments = _audiences(session), _nodes(session), _departments(session)
    found = Structure(version, audiences, _keys(session), nodes, departments)
    # Rules go with their audience.
    for row in (*audiences, *nodes, *departments):
        session.expunge(row)
    return found


def _before_flush(session: Session, _context: UOWTransaction, _instances: object) -> None:
    touched = [row for row in (*session.new, *session.deleted) if isinstance(row, WATCHED)]
    if touched or any(isinstance(row, WATCHED) and session.is_modified(row) for row in session.dirty):
        _raise(session)


def _before_statement(state: ORMExecuteState) -> None:
    if state.is_select or state.bind_mapper is None or not issubclass(state.bind_mapper.class_, WATCHED):
        return
    _raise(state.session)


def _raise(session: Session) -> None:
    # On the connection itself: a session must not be asked to flush while it flushes.
    connection = session.connection()
    table = StructureVersion.__table__
    raised = connection.execute(update(table).where(table.c.id == 1).values(value=table.c.value + 1))  # type: ignore[arg-type]
    if raised.rowcount == 0:
        connection.execute(table.insert().values(id=1, value=1))  # type: ignore[attr-defined]
