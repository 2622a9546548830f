"""Managing accounts, departments and audiences on their pages, and changing one's own password."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from small_bank import NOON, PASSWORD, World
from sqlalchemy import select

from kb.database import Database
from kb.models import Audience, AudienceRule, AuditEvent, Department, Person
from tests.pages import fetch, statements, words

LoggedIn = Callable[..., FlaskClient]
Send = Callable[..., tuple[int, str]]


@pytest.fixture
def send(csrf_token: Callable[[FlaskClient], str]) -> Send:
    """Post a form as a page would, and return the status and the text of the answer."""

    def post(client: FlaskClient, path: str, **form: object) -> tuple[int, str]:
        answer = client.post(path, data={**form, "csrf_token": csrf_token(client)})
        return answer.status_code, answer.text

    return post


@pytest.fixture
def admin(client: FlaskClient, logged_in: LoggedIn) -> FlaskClient:
    return logged_in(client, "admin")


def person(database: Database, world: World, role: str) -> Person:
    with database.read() as session:
        return session.get_one(Person, world.people[role])


def test_people_are_found_by_name_department_role_and_state(admin: FlaskClient, world: World) -> None:
    assert "5 人" in words(fetch(admin, "/admin/people"))
    for query in ("q=晓雯", "q=1001", f"department={world.departments['service']}", "role=agent"):
        text = fetch(admin, f"/admin/people?{query}")
        assert "1 人" in words(text), query
        assert ">agent</a>" in text
    assert "0 人" in words(fetch(admin, "/admin/people?state=closed"))
    assert "0 人" in words(fetch(admin, "/admin/people?q=%25"))


@pytest.mark.parametrize("role", ["agent", "publisher", "reviewer", "manager"])
def test_only_administrators_manage_accounts(
    client: FlaskClient, logged_in: LoggedIn, world: World, send: Send, role: str
) -> None:
    logged_in(client, role)
    own = world.people[role]
    for path in ("/admin/people", "/admin/people/new", f"/admin/people/{own}", "/admin/departments"):
        assert client.get(path).status_code == 403
    form = {"name": "我", "department": world.departments["ops"], "roles": ["admin"]}
    assert send(client, f"/admin/people/{own}", **form)[0] == 403
    assert send(client, f"/admin/people/{own}/password")[0] == 403
    assert send(client, "/admin/people/new", username="x1", **form)[0] == 403
    assert send(client, "/admin/departments", name="新", code="new")[0] == 403


def test_a_new_account_gets_a_password_that_is_shown_once_and_works(
    admin: FlaskClient,
    world: World,
    send: Send,
    logged_in: LoggedIn,
    csrf_token: Callable[[FlaskClient], str],
) -> None:
    form = {"name": "王晓", "department": world.departments["service"], "roles": ["agent", "publisher"]}
    assert send(admin, "/admin/people/new", username="坏 名", **form)[0] == 422
    status, text = send(admin, "/admin/people/new", username="wang", staff_number="1009", **form)
    assert status == 200
    told = re.search(r'admin-secret">(\w+)<', text)
    assert told
    other = admin.application.test_client()
    login = {"username": "wang", "password": told[1], "csrf_token": csrf_token(other)}
    assert other.post("/login", data=login).status_code == 303
    assert told[1] not in fetch(admin, "/admin/people?q=wang")


def test_roles_change_with_the_next_request(
    admin: FlaskClient, world: World, send: Send, logged_in: LoggedIn, database: Database
) -> None:
    other = logged_in(admin.application.test_client(), "agent")
    assert other.get("/admin").status_code == 403
    form = {"name": "李晓雯", "department": world.departments["service"], "roles": ["manager"]}
    assert send(admin, f"/admin/people/{world.people['agent']}", **form)[0] == 303
    assert other.get("/admin").status_code == 200
    status, _text = send(admin, f"/admin/people/{world.people['agent']}", name="", department="", roles=[])
    assert status == 422
    with database.read() as session:
        event = session.scalars(select(AuditEvent).where(AuditEvent.action == "person.change")).one()
    assert '"roles": ["agent"]' in event.detail


def test_nobody_changes_their_own_roles_or_closes_themselves(
    admin: FlaskClient, world: World, send: Send
) -> None:
    own = f"/admin/people/{world.people['admin']}"
    form = {"name": "周启明", "department": world.departments["ops"]}
    assert send(admin, own, **form, roles=["admin", "publisher"])[0] == 403
    assert send(admin, own, **form, roles=["admin"])[0] == 303
    assert send(admin, f"{own}/active", active="off")[0] == 403
    assert send(admin, f"{own}/password")[0] == 403


def test_a_closed_account_is_out_at_once_and_comes_back(
    admin: FlaskClient, world: World, send: Send, logged_in: LoggedIn
) -> None:
    other = logged_in(admin.application.test_client(), "agent")
    path = f"/admin/people/{world.people['agent']}/active"
    assert send(admin, path, active="off")[0] == 303
    assert other.get("/").status_code == 302
    assert send(admin, path, active="on")[0] == 303
    logged_in(admin.application.test_client(), "agent")


def test_a_locked_account_is_unlocked(
    admin: FlaskClient, world: World, send: Send, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Person, world.people["agent"]).locked_until = NOON + timedelta(minutes=9)
    assert "已锁定" in fetch(admin, "/admin/people?role=agent")
    assert send(admin, f"/admin/people/{world.people['agent']}/unlock")[0] == 303
    assert person(database, world, "agent").locked_until is None


def test_a_reset_password_replaces_the_old_one(
    admin: FlaskClient, world: World, send: Send, csrf_token: Callable[[FlaskClient], str]
) -> None:
    _status, text = send(admin, f"/admin/people/{world.people['agent']}/password")
    told = re.search(r'admin-secret">(\w+)<', text)
    assert told
    for password, status in ((PASSWORD, 401), (told[1], 303)):
        other = admin.application.test_client()
        login = {"username": "agent", "password": password, "csrf_token": csrf_token(other)}
        assert other.post("/login", data=login).status_code == status


def test_everybody_changes_their_own_password_with_the_current_one(
    client: FlaskClient, logged_in: LoggedIn, send: Send
) -> None:
    logged_in(client)
    new = {"password": "Another-2027", "again": "Another-2027"}
    assert send(client, "/password", current="wrong", **new)[0] == 422
    assert send(client, "/password", current=PASSWORD, password="Another-2027", again="x")[0] == 422
    assert send(client, "/password", current=PASSWORD, **new)[0] == 303
    assert client.get("/").status_code == 302


def test_departments_are_added_renamed_and_moved_and_audiences_follow(
    admin: FlaskClient, world: World, send: Send, database: Database
) -> None:
    assert send(admin, "/admin/departments", name="零售一组", code="retail-1", parent="")[0] == 303
    assert send(admin, "/admin/departments", name="零售一组", code="other")[0] == 422
    with database.read() as session:
        team = session.scalars(select(Department).where(Department.code == "retail-1")).one()
    path = f"/admin/departments/{team.id}"
    assert send(admin, path, name="零售一组", parent=team.id)[0] == 422
    assert send(admin, path, name="零售业务一组", parent=world.departments["retail"])[0] == 303
    assert "零售业务一组" in fetch(admin, path)
    with database.read() as session:
        retail = session.get_one(Department, world.departments["retail"])
        assert session.get_one(Department, team.id).path == f"{retail.path}{team.id}/"


def test_an_audience_is_changed_only_after_its_effect_was_shown(
    admin: FlaskClient, world: World, send: Send, database: Database
) -> None:
    with database.read() as session:
        audience_id = session.scalars(select(Audience.id)).one()
    path = f"/admin/audiences/{audience_id}"
    form = {"name": "零售与坐席", "department": ["", world.departments["service"]], "role": ["reviewer", ""]}
    status, text = send(admin, path, **form)
    assert status == 200
    assert "1 人将看不到其中一些，2 人将新看到一些" in words(text)
    found = re.search(r'name="seen" value="(\w+)"', text)
    assert found
    assert send(admin, path, **form, seen=found[1])[0] == 303
    with database.read() as session:
        rules = session.scalars(select(AudienceRule).where(AudienceRule.audience_id == audience_id)).all()
    assert {(rule.department_id, rule.role) for rule in rules} == {
        (None, "reviewer"),
        (world.departments["service"], None),
    }
    assert send(admin, "/admin/audiences/new", name="空", department=[""], role=[""])[0] == 422
    assert send(admin, "/admin/audiences/new", name="全体坐席", department=[""], role=["agent"])[0] == 303
    assert send(admin, f"{path}/delete")[0] == 303
    assert "零售与坐席" in fetch(admin, "/admin/audiences")


def test_the_list_of_people_asks_a_fixed_number_of_questions(
    admin: FlaskClient, world: World, database: Database
) -> None:
    fetch(admin, "/admin/people")
    counts = []
    for extra in (0, 40):
        with database.write() as session:
            for number in range(extra):
                session.add(
                    Person(
                        username=f"p{number}",
                        name="某人",
                        department_id=world.departments["ops"],
                        password_hash="-",
                        created_at=NOON,
                    )
                )
        with statements(database) as asked:
            fetch(admin, "/admin/people")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 10
