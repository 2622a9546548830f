"""Every route with every role: what is kept for some people reaches nobody else, by any way."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import secret_bank
import small_bank
from flask import Flask
from flask.testing import FlaskClient
from secret_bank import DOCUMENT, MARKER, QUERY, Secret
from sqlalchemy import func, select
from werkzeug.routing import Rule as Route
from werkzeug.test import TestResponse

from indexer.extract.sandbox import SandboxedExtractor
from indexer.follower import Follower
from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.database import Database
from kb.models import AuditEvent, Notification, Person, Role
from kb.tokens import TokenScope, issue
from tests.web.routes import QUERIES, ROUTES, TELLING, Kind
from web.app import create_app
from web.settings import Settings
from web.wiring import Services

Token = Callable[[FlaskClient], str]
READS_EVERYTHING = {Role.MANAGER, Role.ADMIN}
# Nobody else's business, whatever the id: what the database holds under it is another person's.
NOT_THERE = {403, 404}
# What a program without a token of its own is told.
UNKNOWN = 401
# A form that is refused before anything was looked up tells nothing either.
NOT_READ = {400, 422}
TIDIED = {301, 302, 303, 308}


@dataclass
class Walker:
    """The app over the secret bank, and one signed-in browser per person."""

    app: Flask
    database: Database
    secret: Secret
    clients: dict[str, FlaskClient]

    def role(self, username: str) -> Role:
        return Role(self.secret.people[username])

    def is_inside(self, username: str) -> bool:
        return username.startswith("in-") or self.role(username) in READS_EVERYTHING


@pytest.fixture(scope="module")
def walker(
    tmp_path_factory: pytest.TempPathFactory,
    built_home: tuple[Path, small_bank.World],
    language: Language,
) -> Iterator[Walker]:
    home = Path(shutil.copytree(built_home[0], tmp_path_factory.mktemp("walk") / "home"))
    settings = Settings(home=home)
    database = Database(settings.database_url)
    with database.write() as session:
        secret = secret_bank.add(session, built_home[1])
    clock = small_bank.clock()
    updater = WhooshUpdater(settings.index_directory, language)
    Follower(database, updater, SandboxedExtractor(), clock).catch_up()
    services = Services(
        settings, database, clock, settings.zone, WhooshEngine(settings.index_directory, language)
    )
    app = create_app(settings, services)
    yield Walker(app, database, secret, {})
    database.close()


@pytest.fixture
def browser(walker: Walker, csrf_token: Token) -> Callable[[str], FlaskClient]:
    def signed_in(username: str) -> FlaskClient:
        if username not in walker.clients:
            client = walker.app.test_client()
            form = {"username": username, "password": small_bank.PASSWORD, "csrf_token": csrf_token(client)}
            assert client.post("/login", data=form).status_code == 303
            walker.clients[username] = client
        return walker.clients[username]

    return signed_in


PEOPLE = (
    *[f"{side}-{role}" for side in ("in", "out") for role in ("agent", "publisher", "reviewer")],
    "manager",
    "admin",
)
OUTSIDERS = tuple(name for name in PEOPLE if name.startswith("out-"))


def values(walker: Walker, route: Route, username: str) -> dict[str, object]:
    """What stands in the address: the secret thing where a route asks for one."""
    ids: dict[str, object] = dict(walker.secret.ids)
    with walker.database.read() as session:
        person = session.scalars(select(Person.id).where(Person.username == username)).one()
        other = session.scalar(
            select(Notification.id).where(Notification.person_id != person).order_by(Notification.id)
        )
    world = walker.secret.world
    ids |= {
        "slug": "x",
        "moment": "2026-11-20",
        "document_number": DOCUMENT,
        "kind": "csv",
        "table": "trend",
        "filename": "logo.svg",
        "version_asked": "0",
        "notification_id": other,
        "person_id": world.people["agent"],
        "department_id": world.departments["retail"],
        "audience_id": 1,
        "webhook_id": 1,
        "delivery_id": 1,
    }
    return {name: ids.get(name, 1) for name in route.arguments}


def addresses(walker: Walker, route: Route, username: str) -> list[str]:
    built = route.build(values(walker, route, username), append_unknown=False)
    assert built is not None, route.rule
    path = built[1]
    words = {**walker.secret.ids, "query": QUERY, "prefix": QUERY[:2]}
    return [path, *[f"{path}?{query.format(**words)}" for query in QUERIES.get(route.endpoint, ())]]


def routes(walker: Walker, method: str) -> list[Route]:
    return [rule for rule in walker.app.url_map.iter_rules() if method in (rule.methods or set())]


def may_use(walker: Walker, route: Route, username: str) -> bool:
    rule = ROUTES[route.endpoint]
    if rule is Kind.SECRET:
        return walker.is_inside(username)
    if rule in (Kind.OWN, Kind.TOKEN):
        return False
    if rule is Kind.CHOSEN:
        return username in ("in-reviewer", "manager")
    return isinstance(rule, Kind) or walker.role(username) in rule


def elsewhere(walker: Walker, address: str) -> str:
    """The same address for an article that does not exist."""
    return address.replace(f"/{walker.secret.ids['article_id']}", "/987654", 1)


def is_right(rule: object, allowed: bool, status: int) -> bool:
    """Whether a page answered as its rule says; an id that is not there may be 404 for everybody."""
    if status >= 500:
        return False
    if rule is Kind.TOKEN:
        return status == UNKNOWN
    if allowed:
        return status != 403 or rule in (Kind.SECRET, Kind.OWN)
    return status == 404 if rule in (Kind.SECRET, Kind.OWN) else status in NOT_THERE


def names_it(answer: TestResponse) -> bool:
    """Whether the marker stands anywhere in an answer, in whatever way it is written."""
    whole = answer.get_data().decode("utf-8", "replace") + str(answer.headers)
    return any(form in whole for form in (MARKER, json.dumps(MARKER)[1:-1], quote(MARKER)))


def test_every_route_is_classified(walker: Walker) -> None:
    known = {rule.endpoint for rule in walker.app.url_map.iter_rules()}
    assert known - ROUTES.keys() == set(), "say in tests/web/routes.py who may use these"
    assert ROUTES.keys() - known == set(), "these routes are gone"


@pytest.mark.parametrize("username", PEOPLE)
def test_files_of_a_draft_are_open_to_those_who_may_see_it_and_to_nobody_else(
    walker: Walker, browser: Callable[[str], FlaskClient], username: str
) -> None:
    at_work = username in ("in-publisher", "in-reviewer", "manager", "admin")
    file = f"/files/{walker.secret.ids['draft_attachment_id']}"
    for address in (file, f"{file}/preview", f"{file}/pages/1"):
        with browser(username).get(address) as answer:
            assert answer.status_code == (200 if at_work else 404), address
            assert at_work or not names_it(answer)


@pytest.mark.parametrize("username", PEOPLE)
def test_no_page_shows_a_secret_to_somebody_outside_its_audience(
    walker: Walker, browser: Callable[[str], FlaskClient], username: str
) -> None:
    client = browser(username)
    leaks, wrong, told = [], [], set()
    for route in routes(walker, "GET"):
        if route.endpoint not in ROUTES:
            continue
        allowed = may_use(walker, route, username)
        for address in addresses(walker, route, username):
            with client.get(address) as answer:
                tells, status = names_it(answer), answer.status_code
            if tells:
                told.add(route.endpoint)
                leaks += [] if walker.is_inside(username) else [address]
            rule = ROUTES[route.endpoint]
            if rule is Kind.SECRET and not allowed and status in TIDIED:
                # An address that is only put in order must be so for what does not exist as well.
                with client.get(elsewhere(walker, address)) as answer:
                    status = 404 if answer.status_code == status else status
            if not is_right(rule, allowed, status):
                wrong.append(f"{address} answered {status}")
    assert leaks == []
    assert wrong == [], wrong
    if walker.is_inside(username) and username != "admin":
        assert told >= TELLING, TELLING - told


@pytest.mark.parametrize("username", PEOPLE)
def test_no_form_does_anything_for_somebody_who_may_not(
    walker: Walker, browser: Callable[[str], FlaskClient], csrf_token: Token, username: str
) -> None:
    client = browser(username)
    wrong = []
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for route in routes(walker, method):
            if route.endpoint not in ROUTES or may_use(walker, route, username):
                continue
            before = events(walker)
            address = addresses(walker, route, username)[0]
            form = {
                "csrf_token": csrf_token(client),
                "v": "1",
                "text": "试",
                "reason": "试",
                "verdict": "hide",
            }
            form |= {name: str(walker.secret.ids["comment_id"]) for name in ("id", "ids")}
            with client.open(address, method=method, data=form) as answer:
                tells, status = names_it(answer), answer.status_code
            rule = ROUTES[route.endpoint]
            refused = status in NOT_THERE or (rule is Kind.CHOSEN and status < 500)
            refused |= isinstance(rule, frozenset) and status in NOT_READ
            refused = status == UNKNOWN if rule is Kind.TOKEN else refused
            if rule is Kind.SECRET and status in NOT_READ:
                with client.open(elsewhere(walker, address), method=method, data=form) as answer:
                    refused = answer.status_code == status
            if not refused or tells or events(walker) != before:
                wrong.append(f"{method} {address} answered {status}")
    assert wrong == []


@pytest.mark.parametrize("username", OUTSIDERS)
def test_counts_and_categories_do_not_betray_that_there_is_something(
    walker: Walker, browser: Callable[[str], FlaskClient], username: str
) -> None:
    client = browser(username)
    with client.get(f"/search?q={QUERY}") as answer:
        text = answer.get_data(as_text=True)
    assert f"/a/{walker.secret.ids['article_id']}" not in text
    assert f"node={walker.secret.ids['node_id']}" not in text.replace(
        f"node={walker.secret.ids['node_id']}0", ""
    )
    with client.get("/") as answer:
        assert MARKER not in answer.get_data(as_text=True)


@pytest.mark.parametrize("username", OUTSIDERS)
def test_a_secret_thing_answers_like_one_that_does_not_exist(
    walker: Walker, browser: Callable[[str], FlaskClient], username: str
) -> None:
    client = browser(username)
    for path in ("/a/{}", "/a/{}/v/1", "/a/{}/preview", "/a/{}/wording", "/a/{}/comments"):
        with client.get(path.format(walker.secret.ids["article_id"])) as there:
            secret = there.status_code, len(there.get_data())
        with client.get(path.format(walker.secret.ids["article_id"] + 1)) as nowhere:
            assert (nowhere.status_code, len(nowhere.get_data())) == secret, path


@pytest.mark.parametrize("username", OUTSIDERS)
def test_no_program_learns_or_does_more_than_its_person_may(walker: Walker, username: str) -> None:
    with walker.database.write() as session:
        person = session.scalars(select(Person).where(Person.username == username)).one()
        secret = issue(session, person, "walk", list(TokenScope), 30, small_bank.NOON)[1]
    client = walker.app.test_client()
    headers = {"Authorization": f"Bearer {secret}", "If-Match": '"1"'}
    sent = {"reason": "试", "content_hash": "0" * 64, "title": "试"}
    before, wrong = events(walker), []
    for method in ("GET", "POST", "PUT", "DELETE"):
        for route in routes(walker, method):
            if ROUTES.get(route.endpoint) is not Kind.TOKEN:
                continue
            address = addresses(walker, route, username)[0]
            body = sent if method != "GET" else None
            with client.open(address, method=method, headers=headers, json=body) as answer:
                expected = {200, 403, 422} if not route.arguments else {404}
                if names_it(answer) or answer.status_code not in expected:
                    wrong.append(f"{method} {address} answered {answer.status_code}")
    assert wrong == []
    assert events(walker) == before


def events(walker: Walker) -> int:
    with walker.database.read() as session:
        return session.scalar(select(func.count()).select_from(AuditEvent)) or 0
