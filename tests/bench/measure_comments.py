"""Measures the pages of moderators, departments and readers over 10,000 comments of 200 people.

``python tests/bench/measure_comments.py [comments] [people]`` builds a small bank in a temporary folder,
fills it, asks every page some times over the real application, and prints medians in milliseconds with
the number of questions to the database.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import small_bank  # noqa: E402
from pages import statements  # noqa: E402
from sqlalchemy import insert, select  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from kb.database import Database  # noqa: E402
from kb.models import (  # noqa: E402
    Comment,
    CommentReport,
    Feedback,
    Person,
    PersonRole,
    Point,
    Revision,
    Task,
    TaskEvent,
)
from kb.passwords import hash_password  # noqa: E402

COMMENTS, PEOPLE, ROUNDS = 10_000, 200, 15
KINDS = ("question", "error", "expired", "unclear", "suggestion")
STATES = ("visible",) * 12 + ("pending",) * 6 + ("rejected", "hidden")
TASKS = ("open",) * 3 + ("adopted", "solved", "answered", "declined")


def fill(session: Session, world: small_bank.World, comments: int, people: int) -> None:
    """Add people, comments with answers, tasks with their steps, points and feedback."""
    chance = random.Random(7)
    now = small_bank.NOON
    staff = _people(session, world, people)
    shown = session.execute(
        select(Revision.id, Revision.article_id, Revision.text).where(Revision.shown_from.is_not(None))
    ).all()
    rows: list[dict[str, Any]] = []
    for number in range(1, comments + 1):
        revision_id, article_id, text = chance.choice(shown)
        state, at = chance.choice(STATES), now - timedelta(minutes=chance.randint(1, 200_000))
        is_reply = number % 4 == 0
        parent = rows[-1] if is_reply else None
        start = chance.randint(0, max(0, len(text) - 12))
        rows.append(
            {
                "id": number,
                "article_id": parent["article_id"] if parent else article_id,
                "revision_id": parent["revision_id"] if parent else revision_id,
                "parent_id": number - 1 if is_reply else None,
                "author_id": chance.choice(staff),
                "kind": "reply" if is_reply else chance.choice(KINDS),
                "is_official": is_reply and number % 8 == 0,
                "text": f"第 {number} 条：客户问到这一段怎么理解，请责任部门写明办理渠道和时限。"
                * chance.randint(1, 4),
                "is_masked": False,
                "is_sensitive": number % 50 == 0,
                "quote": "" if is_reply else text[start : start + 12].strip(),
                "state": state,
                "created_at": at,
                "decided_at": None if state == "pending" else at,
            }
        )
    session.execute(insert(Comment), rows)
    roots = [row for row in rows if row["parent_id"] is None and row["state"] == "visible"]
    _tasks(session, world, chance, roots)
    session.execute(
        insert(CommentReport),
        [
            {
                "comment_id": row["id"],
                "person_id": world.people["agent"],
                "reason": "含有内部电话",
                "reported_at": now,
            }
            for row in roots[::20]
            if row["author_id"] != world.people["agent"]
        ],
    )
    session.execute(
        insert(Point),
        [
            {
                "person_id": row["author_id"],
                "comment_id": row["id"],
                "cause": "adopted",
                "amount": 5,
                "given_at": now - timedelta(hours=number % 480),
            }
            for number, row in enumerate(roots)
        ],
    )
    session.execute(
        insert(Feedback),
        [
            {
                "article_id": article_id,
                "revision_id": revision_id,
                "person_id": person_id,
                "is_useful": is_useful,
                "reason": "" if is_useful else "unclear",
                "note": "" if is_useful else "步骤太长",
                "given_at": now - timedelta(days=1),
            }
            for revision_id, article_id, _text in shown
            for person_id in staff
            for is_useful in (chance.random() < 0.7,)
        ],
    )


def _people(session: Session, world: small_bank.World, people: int) -> list[int]:
    password = hash_password(small_bank.PASSWORD)
    departments = list(world.departments.values())
    added = [
        Person(
            username=f"seat{number:03}",
            name=f"坐席{number:03}",
            staff_number=str(5000 + number),
            department_id=departments[number % len(departments)],
            password_hash=password,
            created_at=small_bank.NOON,
            role_rows=[PersonRole(role="agent")],
        )
        for number in range(people)
    ]
    session.add_all(added)
    session.flush()
    return [person.id for person in added]


def _tasks(
    session: Session, world: small_bank.World, chance: random.Random, roots: list[dict[str, Any]]
) -> None:
    departments = list(world.departments.values())
    tasks, events = [], []
    for number, row in enumerate(roots, start=1):
        state, at, department_id = chance.choice(TASKS), row["created_at"], chance.choice(departments)
        is_closed = state not in ("open", "adopted")
        tasks.append(
            {
                "id": number,
                "comment_id": row["id"],
                "article_id": row["article_id"],
                "department_id": department_id,
                "state": state,
                "created_at": at,
                "due_at": at + timedelta(days=chance.randint(1, 90)),
                "changed_at": at,
                "closed_at": at if is_closed else None,
            }
        )
        steps = [("", "open"), *([] if state == "open" else [("open", state)])]
        events += [
            {
                "task_id": number,
                "at": at,
                "state": after,
                "former_state": before,
                "department_id": department_id,
                "spent_seconds": chance.randint(60, 400_000) if before else 0,
            }
            for before, after in steps
        ]
    session.execute(insert(Task), tasks)
    session.execute(insert(TaskEvent), events)


def measure(
    app: Any, database: Database, world: small_bank.World
) -> list[tuple[str, str, float, float, int]]:
    """Return (role, page, median ms, worst ms, questions) for every page."""
    from itsdangerous import URLSafeTimedSerializer

    loss = world.articles["loss"]
    pages = {
        "reviewer": [
            "/moderate/comments",
            "/moderate/comments?tab=visible&page=80",
            "/moderate/comments?tab=reported",
        ],
        "manager": [
            "/tasks",
            "/tasks?tab=overdue",
            "/points?period=year",
            "/feedback",
            "/moderate/comments?sensitive=1",
        ],
        "publisher": ["/tasks", "/tasks?tab=closed&page=5"],
        "agent": [f"/a/{loss}", f"/a/{loss}/comments?page=40", "/comments/mine"],
    }
    lines = []
    for role, paths in pages.items():
        client = app.test_client()
        client.get("/login")
        with client.session_transaction() as cookie:
            known = cookie.setdefault("csrf_token", "0" * 40)
        token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(known)
        form = {"username": role, "password": small_bank.PASSWORD, "csrf_token": token}
        assert client.post("/login", data=form).status_code == 303
        for path in paths:
            times = [_timed(lambda path=path, client=client: client.get(path)) for _ in range(ROUNDS)]
            with statements(database) as asked:
                client.get(path)
            walls, busy = zip(*times, strict=True)
            lines.append(
                (role, path, statistics.median(walls), statistics.median(busy), max(walls), len(asked))
            )
    return lines


def _timed(ask: Callable[[], Any]) -> tuple[float, float]:
    # On a machine that others use as well, only the time of the processor says something about the page.
    began, worked = time.perf_counter(), time.process_time()
    answer = ask()
    passed = ((time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000)
    assert answer.status_code == 200, answer.status_code
    return passed


def main(comments: int = COMMENTS, people: int = PEOPLE) -> None:
    """Build, fill, measure and print."""
    from indexer.language import Language
    from indexer.whoosh_engine import WhooshEngine
    from web.app import create_app
    from web.settings import Settings
    from web.wiring import Services, lexicon_folder

    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        world = small_bank.build(home)
        settings = Settings(home=home)
        database = Database(settings.database_url)
        with database.write() as session:
            fill(session, world, comments, people)
        engine = WhooshEngine(settings.index_directory, Language(lexicon_folder()))
        services = Services(settings, database, small_bank.clock(), settings.zone, engine)
        app = create_app(settings, services)
        print(f"{comments} comments, {people} people")
        print(f"{'role':10} {'page':42} {'median ms':>10} {'cpu ms':>8} {'worst ms':>9} {'queries':>8}")
        for role, path, median, busy, worst, count in measure(app, database, world):
            print(f"{role:10} {path:42} {median:10.1f} {busy:8.1f} {worst:9.1f} {count:8}")
        database.close()


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:3]))
