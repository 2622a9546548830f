"""What is shown at any instant, against an oracle that knows nothing but the history: database and index."""

import itertools
import os
import shutil
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_bank import NOON, World
from sqlalchemy import select

from indexer.follower import Follower
from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.access import Actor
from kb.articles import RevisionText, add_revision, approve, create_article
from kb.clock import FixedClock
from kb.database import Database
from kb.models import Article, Department, Node, Person, Revision
from kb.ports import EngineQuery, Extraction, StatusFilter
from kb.revisions import is_shown_at, shown_at
from kb.withdrawal import withdraw

MINUTE = timedelta(minutes=1)
PROBES = 60
# So many times six histories are played; each time builds an index.
ROUNDS = int(os.environ.get("KB_HISTORIES", "5"))


@dataclass(frozen=True)
class Approve:
    """A revision is approved; its wished start and end lie so many minutes from then, if any."""

    wait: int
    start: int | None
    end: int | None


@dataclass(frozen=True)
class Withdraw:
    """The article is withdrawn, if it can be."""

    wait: int


@dataclass
class Oracle:
    """The history as it happened, read word by word: who was approved when, and what was wished.

    ``approved`` holds number, start and end; ``gone`` for each withdrawal the instant and the highest
    number that had been approved by then.
    """

    approved: list[tuple[int, datetime, datetime | None]] = field(default_factory=list)
    gone: list[tuple[datetime, int]] = field(default_factory=list)

    def shown(self, instant: datetime) -> int | None:
        """Return the number shown: the one started last, unless it ended or was withdrawn."""
        started = []
        for number, start, end in self.approved:
            withdrawn = min((at for at, highest in self.gone if highest >= number), default=None)
            # What was withdrawn before it began never took over from the one before it.
            if start <= instant and (withdrawn is None or withdrawn > start):
                started.append((start, number, end, withdrawn))
        if not started:
            return None
        _start, number, end, withdrawn = max(started, key=lambda entry: entry[:2])
        over = any(limit is not None and limit <= instant for limit in (end, withdrawn))
        return None if over else number


OFFSETS = st.none() | st.integers(-5, 20)
STEPS = st.lists(
    st.builds(Approve, st.integers(0, 8), OFFSETS, st.none() | st.integers(1, 40))
    | st.builds(Withdraw, st.integers(1, 8)),
    min_size=1,
    max_size=8,
)


def play(database: Database, world: World, steps: list[Approve | Withdraw]) -> tuple[int, Oracle]:
    """Let a history happen to a fresh article; return its id and what the oracle noted."""
    oracle, at = Oracle(), NOON
    with database.write() as session:
        node = session.get_one(Node, world.nodes["personal/debit"])
        owner = session.get_one(Department, world.departments["retail"])
        article_id = create_article(session, node, owner, at).id
    numbers = itertools.count(1)
    for step in steps:
        at += step.wait * MINUTE
        with database.write() as session:
            article = session.get_one(Article, article_id)
            if isinstance(step, Withdraw):
                reviewer = Actor.of(session.get_one(Person, world.people["reviewer"]))
                if article.withdrawn_at is None and oracle.approved:
                    withdraw(session, reviewer, article_id, "测试废止", at)
                    oracle.gone.append((at, oracle.approved[-1][0]))
                continue
            number = next(numbers)
            start = None if step.start is None else at + step.start * MINUTE
            end = None if step.end is None else max(at, start or at) + step.end * MINUTE
            text = RevisionText(
                f"编号{number}之口径", f"正文{number}。", effective_from=start, effective_to=end
            )
            approve(session, add_revision(session, article, text, at), at)
            # Late approval never reaches back: shown from the later of approval and wished start.
            oracle.approved.append((number, max(at, start or at), end))
    return article_id, oracle


def instants() -> list[datetime]:
    return [NOON + MINUTE * number - MINUTE / 2 for number in range(PROBES)] + [
        NOON + MINUTE * number for number in range(PROBES)
    ]


@given(histories=st.lists(STEPS, min_size=6, max_size=6))
@settings(max_examples=ROUNDS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_at_every_instant_database_and_index_show_what_the_history_says(
    histories: list[list[Approve | Withdraw]],
    built_home: tuple[Path, World],
    language: Language,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("oracle")
    shutil.copy(built_home[0] / "kb.sqlite3", home)
    world = built_home[1]
    database = Database(f"sqlite:///{home / 'kb.sqlite3'}")
    played = [play(database, world, steps) for steps in histories]
    follower = Follower(database, WhooshUpdater(home / "index", language), Nothing(), FixedClock(NOON))
    follower.catch_up()
    engine = WhooshEngine(home / "index", language)
    with database.read() as session:
        for article_id, oracle in played:
            revisions = session.scalars(select(Revision).where(Revision.article_id == article_id)).all()
            for instant in instants():
                wanted = oracle.shown(instant)
                found = shown_at(revisions, instant)
                assert (found.number if found else None) == wanted, (instant, oracle)
        for instant in instants()[::3]:
            in_database = {
                (article_id, revision_id)
                for article_id, revision_id in session.execute(
                    select(Revision.article_id, Revision.id).where(is_shown_at(instant))
                )
            }
            query = EngineQuery("", instant, None, status=StatusFilter.CURRENT, limit=1000)
            in_index = {(hit.article_id, hit.revision_id) for hit in engine.search(query).hits}
            assert in_index == in_database
    database.close()


class Nothing:
    """There is no file to read in these histories."""

    def extract(self, name: str, data: bytes) -> Extraction:
        return Extraction("empty", ())
