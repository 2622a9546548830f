"""The numbered scenarios of docs/PERMISSIONS.md: one test for each, under the same number."""

import re
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import secret_bank
import small_bank
from flask import Flask
from flask.testing import FlaskClient
from secret_bank import MARKER, QUERY, Secret, actor_of
from small_bank import NOON, PASSWORD
from sqlalchemy import select

from indexer.extract.sandbox import SandboxedExtractor
from indexer.follower import Follower
from indexer.language import Language
from indexer.whoosh_engine import WhooshEngine, WhooshUpdater
from kb.access import Actor, Permission, audience_scope, may, may_on
from kb.accounts import change_person, close_account, reset_password
from kb.articles import RevisionText
from kb.audiences import Rule, all_audiences, save_audience, set_article_audience
from kb.audit import first_broken
from kb.clock import FixedClock
from kb.database import Database
from kb.departments import ensure_department
from kb.drafts import open_draft
from kb.errors import Forbidden, Invalid, NotFound
from kb.grants import Grantee, add_grant, remove_grant
from kb.models import Article, AuditEvent, Department, Node, Person, PersonRole, Revision, Role
from kb.node_changes import move_node, set_node_audience
from kb.nodes import nodes_by_id, visible_tree
from kb.placement import Placement
from kb.publishing import approve, submit
from web.app import create_app
from web.settings import Settings
from web.wiring import Services

ROOT = Path(__file__).resolve().parents[2]
WRITE, APPROVE, MODERATE = (
    Permission.ARTICLE_WRITE,
    Permission.ARTICLE_APPROVE,
    Permission.COMMENT_MODERATE,
)
Token = Callable[[FlaskClient], str]


class Bank:
    """The secret bank behind its app, changed by one scenario and thrown away."""

    def __init__(self, home: Path, secret: Secret, language: Language) -> None:
        self.secret, self.world = secret, secret.world
        settings = Settings(home=home)
        self.database = Database(settings.database_url)
        self.clock = FixedClock(NOON)
        self.follower = Follower(
            self.database, WhooshUpdater(settings.index_directory, language), SandboxedExtractor(), self.clock
        )
        engine = WhooshEngine(settings.index_directory, language)
        self.app: Flask = create_app(
            settings, Services(settings, self.database, self.clock, settings.zone, engine)
        )

    def scope_of(self, username: str) -> set[int]:
        """The articles that a person may read."""
        with self.database.read() as session:
            scope = audience_scope(session, actor_of(session, username))
            return set(session.scalars(select(Article.id).where(scope.clause())))


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
    built_home: tuple[Path, small_bank.World],
    language: Language,
) -> tuple[Path, Secret]:
    home = Path(shutil.copytree(built_home[0], tmp_path_factory.mktemp("scenarios") / "home"))
    database = Database(Settings(home=home).database_url)
    with database.write() as session:
        secret = secret_bank.add(session, built_home[1])
        # The walk wants a grant everywhere; here grants are what the scenarios are about.
        remove_grant(session, None, secret.ids["grant_id"], NOON)
    updater = WhooshUpdater(Settings(home=home).index_directory, language)
    Follower(database, updater, SandboxedExtractor(), small_bank.clock()).catch_up()
    database.close()
    return home, secret


@pytest.fixture
def bank(built: tuple[Path, Secret], tmp_path: Path, language: Language) -> Iterator[Bank]:
    made = Bank(Path(shutil.copytree(built[0], tmp_path / "home")), built[1], language)
    yield made
    made.database.close()


@pytest.fixture
def browse(bank: Bank, csrf_token: Token) -> Callable[[str], FlaskClient]:
    def signed_in(username: str) -> FlaskClient:
        client = bank.app.test_client()
        form = {"username": username, "password": PASSWORD, "csrf_token": csrf_token(client)}
        assert client.post("/login", data=form).status_code == 303
        return client

    return signed_in


Browse = Callable[[str], FlaskClient]


def status(client: FlaskClient, path: str) -> int:
    with client.get(path) as answer:
        return answer.status_code


def body(client: FlaskClient, path: str) -> str:
    with client.get(path) as answer:
        return str(answer.get_data(as_text=True))


def test_01_without_an_audience_everybody_reads(bank: Bank, browse: Browse) -> None:
    for username in ("out-agent", "in-publisher", "reviewer", "manager", "admin"):
        assert status(browse(username), f"/a/{bank.world.articles['loss']}") == 200


def test_02_nobody_reads_without_a_login(bank: Bank) -> None:
    client = bank.app.test_client()
    for path in ("/", f"/a/{bank.world.articles['loss']}", "/search?q=挂失", "/suggest?q=挂失"):
        assert status(client, path) in (302, 401)
    assert status(client, "/login") == 200


def test_03_outside_the_audience_it_is_as_if_it_did_not_exist(bank: Bank, browse: Browse) -> None:
    client = browse("out-agent")
    hidden, nothing = (f"/a/{bank.secret.ids['article_id'] + step}" for step in (0, 1))
    assert status(client, hidden) == status(client, nothing) == 404
    hide = re.compile(r"/a/\d+|[0-9a-f]{32}|value=\"[^\"]{40,}\"|content=\"[^\"]{40,}\"")
    assert hide.sub("", body(client, hidden)) == hide.sub("", body(client, nothing))


def test_04_a_category_takes_everything_below_it_along(bank: Bank) -> None:
    with bank.database.write() as session:
        audience = save_audience(session, None, None, "坐席", [Rule(role=Role.AGENT)], NOON)
        node = session.get_one(Node, bank.world.nodes["personal"])
        set_node_audience(session, None, node, audience.id, NOON)
    assert bank.world.articles["loss"] not in bank.scope_of("out-reviewer")
    assert bank.world.articles["loss"] in bank.scope_of("out-agent")
    with bank.database.read() as session:
        scope = audience_scope(session, actor_of(session, "out-reviewer"))
        seen = nodes_by_id(visible_tree(session, scope))
    assert not {bank.world.nodes["personal"], bank.world.nodes["personal/debit/loss"]} & seen.keys()


def test_05_all_audiences_above_an_article_must_fit(bank: Bank) -> None:
    with bank.database.write() as session:
        agents = save_audience(session, None, None, "坐席", [Rule(role=Role.AGENT)], NOON)
        article = session.get_one(Article, bank.secret.ids["article_id"])
        set_article_audience(session, None, article, agents.id, NOON)
    readers = {
        name
        for name in ("in-agent", "in-publisher", "out-agent")
        if bank.secret.ids["article_id"] in bank.scope_of(name)
    }
    assert readers == {"in-agent"}


def test_06_a_department_means_those_below_and_both_conditions_must_fit(bank: Bank) -> None:
    with bank.database.write() as session:
        retail = session.get_one(Department, bank.world.departments["retail"])
        team = ensure_department(session, "team", "零售一组", retail)
        session.scalars(select(Person).where(Person.username == "out-agent")).unique().one().department = team
    assert bank.secret.ids["article_id"] in bank.scope_of("out-agent")
    with bank.database.write() as session:
        audience = all_audiences(session)[0].audience
        rule = Rule(bank.world.departments["retail"], Role.REVIEWER)
        save_audience(session, None, audience, audience.name, [rule], NOON)
    assert bank.secret.ids["article_id"] in bank.scope_of("in-reviewer")
    assert bank.secret.ids["article_id"] not in bank.scope_of("out-agent")


def test_07_no_list_or_count_betrays_it(bank: Bank, browse: Browse) -> None:
    client = browse("out-agent")
    for path in ("/", f"/search?q={QUERY}", f"/suggest?q={QUERY}", "/search?q=&sort=newest"):
        text = body(client, path)
        assert MARKER not in text
        assert f"/a/{bank.secret.ids['article_id']}" not in text
    assert MARKER in body(browse("in-agent"), f"/search?q={QUERY}")


def test_08_files_wording_versions_and_former_texts_are_kept_alike(bank: Bank, browse: Browse) -> None:
    article, file = bank.secret.ids["article_id"], bank.secret.ids["attachment_id"]
    paths = [f"/a/{article}/v/1", f"/a/{article}/wording", f"/a/{article}/preview", f"/files/{file}"]
    inside, outside = browse("in-agent"), browse("out-agent")
    for path in [*paths, f"/files/{file}/preview"]:
        assert status(inside, path) == 200, path
        assert status(outside, path) == 404, path
    assert MARKER not in body(outside, f"/search?q={QUERY}&as_of=2026-10-20")


def test_09_words_of_those_who_know_are_not_offered_to_those_who_do_not(bank: Bank, browse: Browse) -> None:
    assert MARKER in body(browse("in-publisher"), "/")
    assert MARKER not in body(browse("out-agent"), "/")
    assert MARKER not in body(browse("out-reviewer"), f"/suggest?q={MARKER[:2]}").replace("\\u", "")


def test_10_a_message_about_it_says_nothing_to_who_may_not_read_it(bank: Bank, browse: Browse) -> None:
    assert MARKER in body(browse("in-agent"), "/notifications")
    assert MARKER not in body(browse("out-agent"), "/notifications")


def test_11_managers_and_administrators_read_everything(bank: Bank, browse: Browse) -> None:
    for username in ("manager", "admin"):
        assert status(browse(username), f"/a/{bank.secret.ids['article_id']}") == 200
    for username in ("out-agent", "out-publisher", "out-reviewer"):
        assert status(browse(username), f"/a/{bank.secret.ids['article_id']}") == 404


def test_12_rights_are_those_of_this_moment_also_for_the_past(bank: Bank, browse: Browse) -> None:
    client = browse("in-agent")
    assert status(client, f"/a/{bank.secret.ids['article_id']}/v/1") == 200
    with bank.database.write() as session:
        person = session.scalars(select(Person).where(Person.username == "in-agent")).unique().one()
        person.department = session.get_one(Department, bank.world.departments["service"])
    assert status(client, f"/a/{bank.secret.ids['article_id']}/v/1") == 404
    assert MARKER not in body(client, f"/search?q={QUERY}&as_of=2026-10-20")


def decisions(bank: Bank, username: str, permission: Permission, code: str, owner: str) -> bool:
    with bank.database.read() as session:
        node = session.get_one(Node, bank.world.nodes[code])
        department = bank.world.departments[owner]
        return bool(may_on(session, actor_of(session, username), permission, node, department))


def grant(bank: Bank, code: str, permission: Permission, to: Grantee) -> int:
    with bank.database.write() as session:
        node = session.get_one(Node, bank.world.nodes[code])
        return add_grant(session, None, node, permission, to, NOON).id


def test_13_agents_neither_write_nor_approve_nor_moderate(bank: Bank, browse: Browse) -> None:
    for permission in (WRITE, APPROVE, MODERATE):
        assert not decisions(bank, "in-agent", permission, "personal/debit/loss", "retail")
    client = browse("in-agent")
    assert status(client, "/a/new") == 403
    assert status(client, f"/a/{bank.world.articles['loss']}/edit") in (403, 404)
    assert status(client, "/moderate/comments") == 403


def test_14_publishers_write_for_their_own_department(bank: Bank) -> None:
    text = RevisionText("新的口径", "正文", change_summary="新写")
    own = bank.world.departments["retail"], bank.world.departments["cards"]
    for department, is_allowed in zip(own, (True, False), strict=True):
        with bank.database.write() as session:
            actor = actor_of(session, "in-publisher")
            placement = Placement(node_id=bank.world.nodes["card"], owner_department_id=department)
            if is_allowed:
                assert open_draft(session, actor, None, NOON, placement=placement, text=text)
            else:
                with pytest.raises((Forbidden, Invalid)):
                    open_draft(session, actor, None, NOON, placement=placement, text=text)
                session.rollback()


def test_15_reviewers_approve_in_every_category(bank: Bank) -> None:
    for code in bank.world.nodes:
        assert decisions(bank, "out-reviewer", APPROVE, code, "retail")


def test_16_nobody_approves_what_they_wrote(bank: Bank) -> None:
    with bank.database.write() as session:
        author = session.scalars(select(Person).where(Person.username == "in-publisher")).unique().one()
        author.role_rows.append(PersonRole(role=Role.REVIEWER))
        session.flush()
        actor = Actor.of(author)
        placement = Placement(node_id=bank.world.nodes["fees"], owner_department_id=author.department_id)
        text = RevisionText("自写自审", "正文", change_summary="新写")
        draft = open_draft(session, actor, None, NOON, placement=placement, text=text)
        draft = submit(session, actor, draft.id, draft.lock_version, NOON)
        number, seen = draft.id, draft.content_hash
        with pytest.raises(Forbidden):
            approve(session, actor, number, seen, NOON)
        assert session.get_one(Revision, number).approved_at is None
        assert approve(session, actor_of(session, "out-reviewer"), number, seen, NOON).approved_at is not None


def test_17_where_a_right_is_granted_only_grants_count(bank: Bank) -> None:
    number = grant(bank, "personal", APPROVE, Grantee(department_id=bank.world.departments["retail"]))
    assert decisions(bank, "in-reviewer", APPROVE, "personal/debit/loss", "retail")
    assert not decisions(bank, "out-reviewer", APPROVE, "personal/debit/loss", "retail")
    assert decisions(bank, "out-reviewer", APPROVE, "card", "retail")
    with bank.database.write() as session:
        remove_grant(session, None, number, NOON)
    assert decisions(bank, "out-reviewer", APPROVE, "personal/debit/loss", "retail")


def test_18_managers_approve_only_where_it_was_granted(bank: Bank) -> None:
    assert not decisions(bank, "manager", APPROVE, "card", "cards")
    grant(bank, "card", APPROVE, Grantee(role=Role.MANAGER))
    assert decisions(bank, "manager", APPROVE, "card/bill", "cards")
    assert not decisions(bank, "manager", APPROVE, "fees", "cards")


def test_19_administrators_never_publish(bank: Bank) -> None:
    with bank.database.read() as session:
        admin = actor_of(session, "admin")
        assert not any(may(admin, permission) for permission in (WRITE, APPROVE, MODERATE))
        ops = admin.department_id
    for permission in (WRITE, APPROVE, MODERATE):
        grant(bank, "fees", permission, Grantee(department_id=ops))
        assert not decisions(bank, "admin", permission, "fees", "ops")
        for role in (Role.ADMIN, Role.AGENT):
            with pytest.raises(Invalid):
                grant(bank, "fees", permission, Grantee(role=role))


def test_20_a_right_to_write_does_not_open_what_is_kept(bank: Bank, browse: Browse) -> None:
    with bank.database.write() as session:
        node = session.get_one(Node, bank.secret.ids["node_id"])
        add_grant(session, None, node, WRITE, Grantee(role=Role.PUBLISHER), NOON)
        article = session.get_one(Article, bank.secret.ids["article_id"])
        with pytest.raises(NotFound):
            open_draft(session, actor_of(session, "out-publisher"), article, NOON)
    client = browse("out-publisher")
    for path in ("", "/edit", "/versions"):
        assert status(client, f"/a/{bank.secret.ids['article_id']}{path}") == 404


def test_21_categories_and_audiences_are_managed_by_two_roles_who_see_the_effect(
    bank: Bank, browse: Browse, csrf_token: Token
) -> None:
    path = f"/admin/nodes/{bank.world.nodes['personal']}"
    for username in ("in-agent", "in-publisher", "in-reviewer"):
        assert status(browse(username), path) == 403
    for username in ("manager", "admin"):
        client = browse(username)
        assert status(client, path) == 200
        form = {"audience": "1", "csrf_token": csrf_token(client)}
        with client.post(f"{path}/audience", data=form) as answer:
            assert "不再看到部分知识的人" in answer.text
    with bank.database.read() as session:
        assert session.get_one(Node, bank.world.nodes["personal"]).audience_id is None


def test_22_only_administrators_grant(bank: Bank) -> None:
    for username, is_allowed in (("manager", False), ("in-reviewer", False), ("admin", True)):
        with bank.database.write() as session:
            node = session.get_one(Node, bank.world.nodes["fees"])
            if is_allowed:
                add_grant(
                    session, actor_of(session, username), node, APPROVE, Grantee(role=Role.MANAGER), NOON
                )
            else:
                with pytest.raises(Forbidden):
                    add_grant(
                        session, actor_of(session, username), node, APPROVE, Grantee(role=Role.MANAGER), NOON
                    )


def test_23_accounts_are_managed_by_administrators_and_never_ones_own(bank: Bank, browse: Browse) -> None:
    for username in ("in-agent", "in-publisher", "in-reviewer", "manager"):
        assert status(browse(username), "/admin/people") == 403
        assert status(browse(username), "/admin/departments") == 403
    with bank.database.write() as session:
        admin = actor_of(session, "admin")
        own = session.get_one(Person, admin.person_id)
        for attempt in (
            lambda: close_account(session, admin, own, NOON),
            lambda: reset_password(session, admin, own, NOON),
            lambda: _give_roles(session, admin, own, [Role.ADMIN, Role.REVIEWER]),
        ):
            with pytest.raises(Forbidden):
                attempt()


def test_24_the_last_administrator_stays(bank: Bank) -> None:
    with bank.database.write() as session:
        last = session.get_one(Person, bank.world.people["admin"])
        with pytest.raises(Forbidden):
            close_account(session, None, last, NOON)
        with pytest.raises(Forbidden):
            _give_roles(session, None, last, [Role.AGENT])


def test_25_a_closed_account_and_a_new_password_end_every_login(bank: Bank, browse: Browse) -> None:
    for username, end in (("in-agent", close_account), ("out-agent", reset_password)):
        client = browse(username)
        assert status(client, "/") == 200
        with bank.database.write() as session:
            person = session.scalars(select(Person).where(Person.username == username)).unique().one()
            end(session, None, person, NOON)
        assert status(client, "/") == 302


def test_26_a_moved_category_reaches_the_search_within_seconds_and_never_shows_too_much(
    bank: Bank, browse: Browse
) -> None:
    client = browse("out-agent")
    assert "/a/1" in body(client, "/search?q=挂失补卡业务办理口径")
    with bank.database.write() as session:
        debit = session.get_one(Node, bank.world.nodes["personal/debit"])
        move_node(session, None, debit, session.get_one(Node, bank.secret.ids["node_id"]), NOON)
    loss = f"/a/{bank.world.articles['loss']}?"
    # Before the index knows of it the database already keeps it back.
    assert loss not in body(client, "/search?q=挂失补卡业务办理口径")
    began = time.monotonic()
    bank.follower.catch_up()
    deadline = time.monotonic() + 20
    while loss not in body(browse("in-agent"), "/search?q=挂失补卡业务办理口径"):
        assert time.monotonic() < deadline
    assert time.monotonic() - began < 30
    assert loss not in body(client, "/search?q=挂失补卡业务办理口径")


def test_27_every_such_change_is_in_the_audit_log_and_the_chain_holds(bank: Bank) -> None:
    with bank.database.write() as session:
        admin = actor_of(session, "admin")
        node = session.get_one(Node, bank.world.nodes["fees"])
        number = add_grant(session, admin, node, APPROVE, Grantee(role=Role.MANAGER), NOON).id
        remove_grant(session, admin, number, NOON)
        audience = save_audience(session, admin, None, "坐席", [Rule(role=Role.AGENT)], NOON)
        set_node_audience(session, admin, node, audience.id, NOON)
        move_node(session, admin, node, session.get_one(Node, bank.world.nodes["card"]), NOON)
        person = session.get_one(Person, bank.world.people["agent"])
        _give_roles(session, admin, person, [Role.REVIEWER])
        reset_password(session, admin, person, NOON)
        close_account(session, admin, person, NOON)
    with bank.database.read() as session:
        events = session.scalars(select(AuditEvent).where(AuditEvent.actor_id == admin.person_id)).all()
        done = {event.action for event in events}
        assert first_broken(session) is None
    assert done >= {
        "grant.add", "grant.remove", "audience.create", "node.audience", "node.move",
        "person.change", "person.reset_password", "person.disable",
    }  # fmt: skip
    assert all(event.at <= NOON + timedelta(seconds=1) for event in events)


def test_every_scenario_has_its_test_and_every_test_its_scenario() -> None:
    text = (ROOT / "docs/PERMISSIONS.md").read_text(encoding="utf-8")
    written = [int(number) for number in re.findall(r"^(\d+)\. ", text, re.M)]
    source = Path(__file__).read_text(encoding="utf-8")
    tested = [int(number) for number in re.findall(r"^def test_(\d\d)_", source, re.M)]
    assert written == tested == list(range(1, len(written) + 1))


def _give_roles(session: object, actor: Actor | None, person: Person, roles: list[Role]) -> None:
    change_person(
        session,  # type: ignore[arg-type]
        actor,
        person,
        name=person.name,
        staff_number="",
        department=person.department,
        roles=roles,
        at=NOON,
    )
