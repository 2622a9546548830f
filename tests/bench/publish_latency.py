"""Measures how long a published change takes until a search shows it, beside five searches a second.

Run from the root of the repository::

    python -m tests.bench.publish_latency CORPUS.jsonl
    python -m tests.bench.publish_latency CORPUS.jsonl --home HOME --publishes 200

The corpus is imported into an empty home by the real commands; the follower runs as a process of its
own, and new commits are opened beside the searches, as in production. Every change goes the whole way: a draft, submitted, and approved by another person.
It is a script and not a test: what it prints depends on the machine.
"""

import os
import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.evaluation import percentile
from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine
from kb.access import Actor
from kb.database import Database
from kb.drafts import open_draft, save_draft
from kb.models import Article, Department, Person, Role
from kb.people import create_person
from kb.publishing import approve, submit
from kb.revision_text import TITLE_LIMIT, TYPED_BODY_LIMIT, text_of
from tests.bench.measure_corpus import (
    Command,
    Shown,
    asked,
    measure_import,
    searching,
    shown_now,
)
from tests.bench.options import kept_or_not, parser_of
from tests.bench.waiting import kept_open, wait_until_found
from web.settings import Settings
from web.wiring import lexicon_folder


@dataclass(frozen=True)
class Pair:
    """The two people that every change takes."""

    author: Actor
    approver: Actor


def two_people(session: Session) -> Pair:
    """Return a publisher of the department that owns the corpus, and a reviewer."""
    owner = session.scalars(select(Department).join(Article).limit(1)).one()
    people = [
        session.scalar(select(Person).where(Person.username == name))
        or create_person(session, name, name, secrets.token_urlsafe(24), owner, [role], datetime.now(UTC))
        for name, role in (("bench-author", Role.PUBLISHER), ("bench-approver", Role.REVIEWER))
    ]
    session.flush()
    return Pair(Actor.of(people[0]), Actor.of(people[1]))


def publish(database: Database, pair: Pair, article_id: int, word: str) -> float:
    """Publish a revision that holds a new word; return the moment of the commit of its approval."""
    with database.write() as session:
        at = datetime.now(UTC)
        draft = open_draft(session, pair.author, session.get_one(Article, article_id), at)
        text = text_of(draft)
        written = replace(
            text,
            title=f"{text.title[: TITLE_LIMIT - 20]} {word}",
            source=f"{text.source}\n\n{word}",
            change_summary=word,
        )
        draft = save_draft(session, pair.author, draft.id, draft.lock_version, written, at)
        submit(session, pair.author, draft.id, draft.lock_version, at)
        number, seen = draft.id, draft.content_hash
    with database.write() as session:
        approve(session, pair.approver, number, seen, datetime.now(UTC))
    return time.perf_counter()


def latencies(
    command: Command, database: Database, engine: WhooshEngine, articles: Sequence[Shown], count: int
) -> list[float]:
    """Publish ``count`` changes beside the searches and return how long each took to be found."""
    chance = random.Random(count)
    with database.write() as session:
        pair = two_people(session)
    follower = command.start("serve", "--part", "follower")
    waits = []
    try:
        with kept_open(engine), searching(engine, articles):
            for number in range(-3, count):
                article_id, word = chance.choice(articles).article_id, f"published{secrets.token_hex(4)}"
                since = publish(database, pair, article_id, word)
                wait = wait_until_found(engine, asked(word, verbatim=True, limit=1), article_id, since)
                # The first ones find a follower that is still starting.
                waits += [wait] if number >= 0 else []
                time.sleep(chance.uniform(0.05, 0.4))
    finally:
        follower.terminate()
        follower.wait(30)
    return waits


def main() -> None:
    """Measure and print one table."""
    parser = parser_of(__doc__, "a JSON Lines file to import")
    parser.add_argument("--home", type=Path, help="keep the home there; a filled one is not imported into")
    parser.add_argument("--publishes", type=int, default=100)
    options = parser.parse_args()
    with kept_or_not(options.home) as home:
        command = Command(home)
        if not (home / "kb.sqlite3").exists():
            list(measure_import(command, home, options.corpus))
        database = Database(Settings(home=home).database_url)
        engine = WhooshEngine(Settings(home=home).index_directory, Language(lexicon_folder()))
        articles = [shown for shown in shown_now(database) if len(shown.body) < TYPED_BODY_LIMIT // 2]
        waits = latencies(command, database, engine, articles, options.publishes)
        database.close()
    print("| measured | value |\n|---|---|")
    print(f"| machine | {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} |")
    print(f"| articles in force | {len(articles):,} |")
    print(f"| publish to searchable, p50 | {percentile(waits, 0.5):.2f} s |")
    print(f"| publish to searchable, p95 | {percentile(waits, 0.95):.2f} s |")
    print(f"| publish to searchable, max of {len(waits)} | {max(waits):.2f} s |")


if __name__ == "__main__":
    main()
