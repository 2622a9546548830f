"""How long the heavy pages take on the server in a busy bank: ``python -m tests.bench.pages``.

Builds the small bank in a temporary folder, adds 200 people, 10,000 comments and 200,000 searches of
90 days, asks every page several times in turn and prints the medians
of a first and of a repeated request and the number of SQL questions.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import click
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import insert, select

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import small_bank  # noqa: E402
from small_bank import NOON, World  # noqa: E402

from indexer.extract.sandbox import SandboxedExtractor  # noqa: E402
from indexer.follower import Follower  # noqa: E402
from indexer.language import Language  # noqa: E402
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater  # noqa: E402
from kb.database import Database  # noqa: E402
from kb.models import Comment, Person, PersonRole, Revision, Search, View  # noqa: E402
from tests.pages import statements  # noqa: E402
from web.app import create_app  # noqa: E402
from web.settings import Settings  # noqa: E402
from web.wiring import Services, lexicon_folder  # noqa: E402

PAGES = (
    ("manager", "/insights?preset=today"),
    ("manager", "/insights?preset=week"),
    ("manager", "/insights?preset=month"),
    ("manager", "/insights?preset=custom&from=2026-08-26&to=2026-11-23"),
    ("manager", "/insights?preset=month&department={service}"),
    ("reviewer", "/moderate/comments"),
    ("agent", "/briefcase"),
    ("agent", "/"),
    ("manager", "/"),
    ("admin", "/admin/people"),
    ("manager", "/admin/nodes"),
    ("manager", "/tasks"),
)


def fill(database: Database, world: World, people: int, comments: int, searches: int) -> None:
    """Add a busy quarter of a year."""
    chance = random.Random(20261124)
    words = [f"问题{number}" for number in range(4000)]
    weights = [1 / (place + 2) for place in range(len(words))]
    with database.write() as session:
        departments = list(world.departments.values())
        session.execute(
            insert(Person),
            [
                {
                    "username": f"bench{number}",
                    "name": f"坐席{number}",
                    "department_id": departments[number % len(departments)],
                    "password_hash": "-",
                    "created_at": NOON - timedelta(days=100),
                }
                for number in range(people)
            ],
        )
        ids = session.scalars(select(Person.id).where(Person.username.startswith("bench"))).all()
        session.execute(insert(PersonRole), [{"person_id": number, "role": "agent"} for number in ids])
        asked = chance.choices(words, weights, k=searches)
        rows = []
        for text in asked:
            total = chance.choice([0, 3, 8, 20])
            rank = chance.choice([None, 1, 1, 2]) if total else None
            rows.append(
                {
                    "person_id": chance.choice(ids),
                    "text": text,
                    "folded": text,
                    "total": total,
                    "searched_at": NOON - timedelta(seconds=chance.randint(1, 90 * 86400)),
                    "opened_article_id": world.articles["loss"] if rank else None,
                    "opened_rank": rank,
                    "opened_after_ms": chance.randint(2000, 60000) if rank else None,
                    "is_reformulation": chance.random() < 0.1,
                }
            )
        session.execute(insert(Search), rows)
        revisions = session.execute(
            select(Revision.id, Revision.article_id).where(Revision.shown_from.is_not(None))
        )
        places = [(revision_id, article_id) for revision_id, article_id in revisions]
        views, said = [], []
        for number in range(searches // 2):
            revision_id, article_id = chance.choice(places)
            at = NOON - timedelta(seconds=chance.randint(1, 90 * 86400))
            own = {"article_id": article_id, "revision_id": revision_id}
            views.append({**own, "person_id": chance.choice(ids), "viewed_at": at})
            if number < comments:
                state = chance.choice(["pending", "visible", "rejected"])
                decided = None if state == "pending" else at + timedelta(minutes=chance.randint(1, 900))
                said.append(
                    {
                        **own,
                        "author_id": chance.choice(ids),
                        "kind": chance.choice(["question", "error", "suggestion"]),
                        "text": f"这里的说法需要核对{number}",
                        "state": state,
                        "state_reason": "重复" if state == "rejected" else "",
                        "decided_by_id": world.people["reviewer"] if decided else None,
                        "decided_at": decided,
                        "created_at": at,
                    }
                )
        session.execute(insert(View), views)
        session.execute(insert(Comment), said)


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


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--comments", type=int, default=10_000)
    parser.add_argument("--searches", type=int, default=200_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world = small_bank.build(home)
        services = served(home)
        fill(services.database, world, chosen.people, chosen.comments, chosen.searches)
        app = create_app(services.settings, services)
        clients = {role: signed_in(app.test_client(), role) for role, _page in PAGES}
        taken: dict[tuple[str, str], list[float]] = {page: [] for page in PAGES}
        cold: dict[tuple[str, str], list[float]] = {page: [] for page in PAGES}
        asked: dict[tuple[str, str], int] = {}
        for _round in range(chosen.rounds):
            # Long enough that whatever a page keeps for a while has to be worked out anew.
            services.clock.at += timedelta(minutes=2)
            for times in (cold, taken):
                for role, page in PAGES:
                    with statements(services.database) as questions:
                        began = time.perf_counter()
                        with clients[role].get(page.format(**world.departments)) as answer:
                            answer.get_data()
                            spent = (time.perf_counter() - began) * 1000
                    times[role, page].append(spent if answer.status_code == 200 else float("nan"))
                    asked[role, page] = max(asked.get((role, page), 0), len(questions))
        click.echo(f"{'page':<66}{'first ms':>10}{'again ms':>10}{'SQL':>6}   (medians)")
        for role, page in PAGES:
            first, again = (statistics.median(times[role, page]) for times in (cold, taken))
            click.echo(f"{page + f' ({role})':<66}{first:>10.1f}{again:>10.1f}{asked[role, page]:>6}")
        services.database.close()


if __name__ == "__main__":
    main()
