"""How long the heavy pages take on the server in a busy bank: ``python -m tests.bench.pages``.

Builds the small bank in a temporary folder, adds 3,000 articles, 200 people with full briefcases, 10,000
comments with their tasks, 1,000 gaps, 200,000 searches and 100,000 openings of 90 days, asks every page
several times in turn, and prints the medians of a first and of a repeated request, of the processor's
time of a first one (on a busy machine the only fair figure), and the number of SQL questions.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import small_bank  # noqa: E402
from small_bank import NOON, World  # noqa: E402

from indexer.extract.sandbox import SandboxedExtractor  # noqa: E402
from indexer.follower import Follower  # noqa: E402
from indexer.language import Language  # noqa: E402
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater  # noqa: E402
from kb.database import Database  # noqa: E402
from kb.models import (  # noqa: E402
    Article,
    BriefcaseFolder,
    BriefcaseItem,
    Gap,
    GapAsker,
    Person,
    Revision,
    Search,
    View,
)
from kb.search_days import close_day, next_to_close  # noqa: E402
from tests.bench import measure_comments  # noqa: E402
from tests.pages import statements  # noqa: E402
from web.app import create_app  # noqa: E402
from web.settings import Settings  # noqa: E402
from web.wiring import Services, lexicon_folder  # noqa: E402

# What a copied article takes over from its model.
COPIED = (
    *("state", "format", "source", "html", "text", "headings", "sanitizer_version", "summary"),
    *("internal_notes", "content_hash", "text_hash", "created_at"),
)
PAGES = (
    ("manager", "/insights?preset=today"),
    ("manager", "/insights?preset=week"),
    ("manager", "/insights?preset=month"),
    ("manager", "/insights?preset=custom&from=2026-08-26&to=2026-11-23"),
    ("manager", "/insights?preset=month&department={service}"),
    ("reviewer", "/moderate/comments"),
    ("reviewer", "/moderate/comments?tab=visible&page=80"),
    ("manager", "/moderate/comments?sensitive=1"),
    ("publisher", "/tasks"),
    ("manager", "/tasks?tab=overdue"),
    ("agent", "/briefcase"),
    ("agent", "/briefcase?view=sheet"),
    ("agent", "/briefcase?q=口径"),
    ("publisher", "/gaps"),
    ("manager", "/points?period=year"),
    ("agent", "/"),
    ("manager", "/"),
    ("admin", "/admin/people"),
    ("manager", "/admin/nodes"),
    ("manager", "/tasks"),
)


def fill(database: Database, world: World, people: int, comments: int, searches: int, articles: int) -> None:
    """Add a busy quarter of a year."""
    chance = random.Random(20261124)
    with database.write() as session:
        measure_comments.fill(session, world, comments, people)
        places = _articles(session, world, articles)
        ids = session.scalars(select(Person.id).where(Person.username.startswith("seat"))).all()
        session.execute(insert(Search), _searches(chance, ids, places, searches))
        session.execute(insert(View), _views(chance, ids, places, searches // 2))
        _gaps(session, world, chance, ids)
        _briefcases(session, chance, [*ids, *world.people.values()], places)


def _articles(session: Session, world: World, count: int) -> list[tuple[int, int]]:
    """Add copies of an article under all categories, and return the revisions in force with their articles."""
    model = session.scalars(select(Revision).where(Revision.shown_from.is_not(None))).first()
    assert model is not None
    columns = {name: getattr(model, name) for name in COPIED}
    nodes, departments = list(world.nodes.values()), list(world.departments.values())
    first = max(world.articles.values()) + 1
    start = (session.scalar(select(func.max(Revision.id))) or 0) + 1
    session.execute(
        insert(Article),
        [
            {
                "id": first + number,
                "node_id": nodes[number % len(nodes)],
                "owner_department_id": departments[number % len(departments)],
                "created_at": NOON - timedelta(days=500),
                "review_due_at": NOON + timedelta(days=number % 400 - 40) if number % 3 else None,
            }
            for number in range(count)
        ],
    )
    session.execute(
        insert(Revision),
        [
            {
                **columns,
                "id": start + number,
                "article_id": first + number,
                "number": 1,
                "title": f"业务办理口径第 {number} 号",
                "approved_at": NOON - timedelta(days=number % 500),
                "shown_from": NOON - timedelta(days=number % 500),
                "shown_to": NOON + timedelta(days=number % 29 + 1) if number % 50 == 0 else None,
            }
            for number in range(count)
        ],
    )
    return [(start + number, first + number) for number in range(count)]


def _searches(
    chance: random.Random, people: Sequence[int], places: Sequence[tuple[int, int]], count: int
) -> list[dict[str, object]]:
    words = [f"问题{number}" for number in range(4000)]
    asked = chance.choices(words, [1 / (place + 2) for place in range(len(words))], k=count)
    rows: list[dict[str, object]] = []
    for text in asked:
        total = chance.choice([0, 3, 8, 20])
        rank = chance.choice([None, 1, 1, 2]) if total else None
        rows.append(
            {
                "person_id": chance.choice(people),
                "text": text,
                "folded": text,
                "total": total,
                "searched_at": NOON - timedelta(seconds=chance.randint(1, 90 * 86400)),
                "opened_article_id": chance.choice(places)[1] if rank else None,
                "opened_rank": rank,
                "opened_after_ms": chance.randint(2000, 60000) if rank else None,
                "is_reformulation": chance.random() < 0.1,
            }
        )
    return rows


def _views(
    chance: random.Random, people: Sequence[int], places: Sequence[tuple[int, int]], count: int
) -> list[dict[str, object]]:
    opened = chance.choices(places, [1 / (place + 5) for place in range(len(places))], k=count)
    return [
        {
            "revision_id": revision_id,
            "article_id": article_id,
            "person_id": chance.choice(people),
            "viewed_at": NOON - timedelta(seconds=chance.randint(1, 90 * 86400)),
        }
        for revision_id, article_id in opened
    ]


def _gaps(session: Session, world: World, chance: random.Random, people: Sequence[int]) -> None:
    departments = list(world.departments.values())
    rows, askers = [], []
    for number in range(1, 1001):
        at = NOON - timedelta(minutes=chance.randint(60, 100_000))
        is_open = number % 3 == 0
        rows.append(
            {
                "id": number,
                "text": f"没有找到的问题{number}",
                "folded": f"没有找到的问题{number}",
                "department_id": chance.choice(departments),
                "state": "open" if is_open else "declined",
                "reason": "" if is_open else "已有口径",
                "created_at": at,
                "asked_at": at,
                "closed_at": None if is_open else at + timedelta(minutes=50),
            }
        )
        askers += [
            {"gap_id": number, "person_id": person_id, "asked_at": at}
            for person_id in chance.sample(list(people), chance.randint(1, 12))
        ]
    session.execute(insert(Gap), rows)
    session.execute(insert(GapAsker), askers)


def _briefcases(
    session: Session, chance: random.Random, people: Sequence[int], places: Sequence[tuple[int, int]]
) -> None:
    folders, items = [], []
    for person_id in people:
        first = len(folders) + 1
        folders += [
            {
                "id": first + number,
                "person_id": person_id,
                "name": f"文件夹{number}",
                "parent_id": first + number - 1 if number % 3 else None,
                "created_at": NOON,
            }
            for number in range(9)
        ]
        items += [
            {
                "person_id": person_id,
                "folder_id": first + number % 9,
                "article_id": article_id,
                "note": "先核验身份",
                "added_at": NOON - timedelta(days=40),
                "seen_at": NOON - timedelta(days=chance.randint(1, 40)),
            }
            for number, (_revision, article_id) in enumerate(
                chance.sample(list(places), min(60, len(places)))
            )
        ]
    session.execute(insert(BriefcaseFolder), folders)
    session.execute(insert(BriefcaseItem), items)


def served(home: Path) -> Services:
    """Return the parts over a home whose index is up to date."""
    settings, language = Settings(home=home), Language(lexicon_folder())
    database, clock = Database(settings.database_url), small_bank.clock()
    updater = WhooshUpdater(settings.index_directory, language)
    Follower(database, updater, SandboxedExtractor(), clock).catch_up()
    return Services(
        settings, database, clock, settings.zone, WhooshEngine(settings.index_directory, language)
    )


def signed_in(client: FlaskClient, role: str) -> FlaskClient:
    """Log in through the form."""
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = "bench"
    key = client.application.secret_key
    assert key is not None
    token = URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps("bench")
    form = {"username": role, "password": small_bank.PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form).status_code == 303
    return client


def measure(
    app: Flask, services: Services, world: World, rounds: int
) -> list[tuple[str, float, float, float, int]]:
    """Return (page, first ms, again ms, processor's ms of a first request, SQL questions) as medians."""
    clients = {role: signed_in(app.test_client(), role) for role, _page in PAGES}
    spent: dict[tuple[str, str], tuple[list[float], list[float], list[float]]] = {
        page: ([], [], []) for page in PAGES
    }
    asked: dict[tuple[str, str], int] = {}
    for _round in range(rounds):
        # Long enough that whatever a page keeps for a while has to be worked out anew.
        services.clock.at += timedelta(minutes=2)
        for time_no in (0, 1):
            for role, page in PAGES:
                with statements(services.database) as questions:
                    began, worked = time.perf_counter(), time.process_time()
                    with clients[role].get(page.format(**world.departments)) as answer:
                        answer.get_data()
                        passed = (time.perf_counter() - began) * 1000
                assert answer.status_code == 200, (page, answer.status_code)
                spent[role, page][time_no].append(passed)
                if time_no == 0:
                    spent[role, page][2].append((time.process_time() - worked) * 1000)
                asked[role, page] = max(asked.get((role, page), 0), len(questions))
    return [
        (f"{page} ({role})", *(statistics.median(times) for times in spent[role, page]), asked[role, page])
        for role, page in PAGES
    ]


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--comments", type=int, default=10_000)
    parser.add_argument("--searches", type=int, default=200_000)
    parser.add_argument("--articles", type=int, default=3_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world = small_bank.build(home)
        services = served(home)
        fill(services.database, world, chosen.people, chosen.comments, chosen.searches, chosen.articles)
        while (day := _next_day(services)) is not None:
            with services.database.write() as session:
                close_day(session, *day)
        app = create_app(services.settings, services)
        click.echo(f"{'page':<66}{'first ms':>10}{'again ms':>10}{'cpu ms':>8}{'SQL':>6}   (medians)")
        for page, first, again, worked, questions in measure(app, services, world, chosen.rounds):
            click.echo(f"{page:<66}{first:>10.1f}{again:>10.1f}{worked:>8.1f}{questions:>6}")
        services.database.close()


def _next_day(services: Services) -> tuple[datetime, datetime] | None:
    with services.database.read() as session:
        return next_to_close(session, services.clock.now(), services.zone)


if __name__ == "__main__":
    main()
