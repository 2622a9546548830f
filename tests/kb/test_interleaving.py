"""Two people at work on the same articles at once: nothing lost, nobody approves their own, the log whole."""

import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from small_bank import NOON, World
from sqlalchemy import select

from kb import audit
from kb.access import Actor
from kb.articles import open_revision
from kb.database import Database
from kb.drafts import discard, open_draft, save_draft
from kb.errors import KnowledgeBaseError
from kb.models import Article, Person, PersonRole, Revision, RevisionContributor, RevisionState, Role
from kb.publishing import approve, rebase, recall, return_to_author, submit
from kb.revision_text import text_of

ACTIONS = 1_000
# So many actions each does against the other before they meet and begin the next ones together.
TOGETHER = 3
PATIENCE = 120.0
NAMES = ("loss", "today")


@dataclass
class Log:
    """What succeeded, in the order in which it was committed for each draft."""

    saves: dict[tuple[int, int], str] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    meeting: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))


class Worker(threading.Thread):
    """One person who does whatever comes to mind to any of the articles."""

    def __init__(self, database: Database, world: World, role: str, seed: int, log: Log) -> None:
        super().__init__()
        self._database, self._log, self._chance = database, log, random.Random(seed)
        self._articles = [world.articles[name] for name in (NAMES if seed else reversed(NAMES))]
        self._seen: dict[int, tuple[int, int, str, str]] = {}
        self._number = 0
        with database.read() as session:
            self._actor = Actor.of(session.get_one(Person, world.people[role]))

    def run(self) -> None:
        try:
            for number in range(ACTIONS // 2):
                # A busy machine would let one of the two act alone for long.
                if number % TOGETHER == 0:
                    self._log.meeting.wait(PATIENCE)
                self._act()
        except BaseException as fault:
            self._log.faults.append(fault)
            self._log.meeting.abort()
            raise

    def _act(self) -> None:
        act = self._chance.choices(
            [
                self._look,
                self._open,
                self._save,
                self._submit,
                self._approve,
                self._return,
                self._recall,
                self._discard,
            ],
            [6, 3, 8, 5, 6, 1, 1, 1],
        )[0]
        # Each writes mostly in an article of their own: what both wrote, neither may approve.
        own, other = self._articles
        is_writing = act in (self._open, self._save, self._submit)
        article_id = own if self._chance.random() < (0.9 if is_writing else 0.3) else other
        try:
            if self._chance.random() < 0.5:
                self._look(article_id)
            act(article_id)
        except KnowledgeBaseError as error:
            self._note(self._log.refused, type(error).__name__)

    def _note(self, counter: Counter[str], name: str) -> None:
        with self._log.lock:
            counter[name] += 1

    def _look(self, article_id: int) -> None:
        with self._database.read() as session:
            draft = open_revision(session, article_id)
            if draft is not None:
                self._seen[article_id] = (draft.id, draft.lock_version, draft.content_hash, draft.source)

    def _open(self, article_id: int) -> None:
        with self._database.write() as session:
            open_draft(session, self._actor, session.get_one(Article, article_id), self._at())
        self._note(self._log.done, "open")

    def _save(self, article_id: int) -> None:
        if article_id not in self._seen:
            return self._look(article_id)
        number, version, _sealed, source = self._seen[article_id]
        self._number += 1
        token = f"{self._actor.person_id}.{self._number}"
        typed = f"{source}\n\n{token}"
        with self._database.write() as session:
            stored = session.get_one(Revision, number)
            text = replace(text_of(stored), source=typed, change_summary="并行修改")
            saved = save_draft(session, self._actor, number, version, text, self._at())
            after = saved.lock_version
        with self._log.lock:
            assert (number, after) not in self._log.saves
            self._log.saves[number, after] = token
            self._log.done["save"] += 1
        return None

    def _submit(self, article_id: int) -> None:
        if article_id in self._seen:
            number, version, _sealed, _source = self._seen[article_id]
            with self._database.write() as session:
                if self._chance.random() < 0.7:
                    version = rebase(session, self._actor, number, version, self._at()).lock_version
                submit(session, self._actor, number, version, self._at())
            self._note(self._log.done, "submit")

    def _approve(self, article_id: int) -> None:
        if article_id in self._seen:
            number, _version, sealed, _source = self._seen[article_id]
            with self._database.write() as session:
                approve(session, self._actor, number, sealed, self._at())
            self._note(self._log.done, "approve")

    def _return(self, article_id: int) -> None:
        if article_id in self._seen:
            number, _version, sealed, _source = self._seen[article_id]
            with self._database.write() as session:
                return_to_author(session, self._actor, number, sealed, self._at(), "再看一遍")
            self._note(self._log.done, "return")

    def _recall(self, article_id: int) -> None:
        if article_id in self._seen:
            with self._database.write() as session:
                recall(session, self._actor, self._seen[article_id][0], self._at())
            self._note(self._log.done, "recall")

    def _discard(self, article_id: int) -> None:
        if article_id in self._seen:
            number, version, _sealed, _source = self._seen[article_id]
            with self._database.write() as session:
                discard(session, self._actor, number, version, self._at())
            self._note(self._log.done, "discard")

    def _at(self):
        self._number += 1
        return NOON + timedelta(milliseconds=self._number)


@pytest.mark.slow
def test_a_thousand_interleaved_actions_lose_nothing_and_break_no_rule(
    database: Database, world: World
) -> None:
    with database.write() as session:
        for name in ("publisher", "reviewer"):
            person = session.get_one(Person, world.people[name])
            person.department_id = world.departments["retail"]
            known = {row.role for row in person.role_rows}
            person.role_rows += [
                PersonRole(role=role) for role in (Role.PUBLISHER, Role.REVIEWER) if role not in known
            ]
    log = Log()
    workers = [
        Worker(database, world, name, seed, log) for seed, name in enumerate(("publisher", "reviewer"))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert log.faults == []
    assert log.done["save"] >= 20, log
    assert log.done["approve"] >= 2, log
    assert sum(log.refused.values()) > 50, log
    with database.read() as session:
        assert audit.first_broken(session) is None
        drafts = session.scalars(
            select(Revision).where(Revision.article_id.in_([world.articles[name] for name in NAMES]))
        ).all()
        for draft in drafts:
            _assert_nothing_lost(draft, log)
            if draft.state == RevisionState.APPROVED and draft.submitted_by_id is not None:
                wrote = set(
                    session.scalars(
                        select(RevisionContributor.person_id).where(
                            RevisionContributor.revision_id == draft.id
                        )
                    )
                )
                assert draft.approver_id is not None
                assert draft.approver_id not in wrote | {draft.author_id, draft.submitted_by_id}
        open_ones = Counter(
            draft.article_id for draft in drafts if draft.state in ("draft", "in_review", "returned")
        )
        assert all(count == 1 for count in open_ones.values())


def _assert_nothing_lost(draft: Revision, log: Log) -> None:
    """Every successful save of a draft is in its text, in the order of its versions, and nothing else."""
    tokens = [token for (number, _version), token in sorted(log.saves.items()) if number == draft.id]
    known = set(log.saves.values())
    written = [line.strip() for line in draft.source.split("\n\n") if line.strip() in known]
    assert written[len(written) - len(tokens) :] == tokens
