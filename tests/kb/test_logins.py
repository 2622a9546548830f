"""Passwords, attempts to log in, and login sessions, over a real database."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import small_bank
from small_bank import NOON, PASSWORD, World
from sqlalchemy import func, select

from kb.audit import first_broken
from kb.database import Database
from kb.departments import by_name_or_code
from kb.errors import Invalid
from kb.logins import (
    FAILURES_ALLOWED,
    LOCKOUT,
    SESSIONS_ALLOWED,
    Attempt,
    check_password,
    is_stale,
    log_in,
    log_out,
    mark_seen,
    session_person,
    session_state,
)
from kb.models import AuditEvent, LoginSession, Person, PersonRole, Role
from kb.passwords import COMMON, NOBODY, check_password_rules, hash_password, is_outdated, matches
from kb.people import change_password, create_person, set_active, set_preferences

IDLE = timedelta(minutes=60)
LogIn = Callable[..., Attempt]


@pytest.fixture
def attempt(database: Database) -> LogIn:
    """Tries to log in once."""

    def attempt(
        username: str = "agent", password: str = PASSWORD, at=NOON, address: str = "10.1.2.3"
    ) -> Attempt:
        with database.read() as session:
            check = check_password(session, username, password)
        with database.write() as session:
            return log_in(session, check, at, address)

    return attempt


def actions(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def create(database: Database, **changes: object) -> Person:
    values = {"username": "newcomer", "name": "新同事", "password": "Reasonable-2026", "roles": [Role.AGENT]}
    values |= changes
    with database.write() as session:
        service = by_name_or_code(session, "service")
        assert service is not None
        return create_person(
            session, values["username"], values["name"], values["password"], service, values["roles"], NOON
        )


@pytest.mark.parametrize(
    "password", ["Short-1", "88888888", "Password123", "qwertyuiop", "aaaaaaaaab", "x" * 129]
)
def test_a_weak_password_is_refused_with_a_reason(password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_password_rules(password)
    assert refusal.value.errors["password"] == refusal.value.message != ""


def test_a_password_holding_the_user_name_is_refused() -> None:
    with pytest.raises(Invalid, match="用户名"):
        check_password_rules("zhaoliqun-2026", "zhaoliqun")


def test_eight_uncommon_characters_are_enough() -> None:
    check_password_rules("k9-Rmz4x")


def test_the_list_of_common_passwords_holds_only_ones_the_length_rule_lets_through() -> None:
    assert all(len(password) >= 8 and password == password.lower() for password in COMMON)


@pytest.mark.usefixtures("slow_passwords")
def test_a_stored_hash_is_argon2id_and_fits_only_its_password() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert matches(stored, PASSWORD)
    assert not matches(stored, PASSWORD + "x")


@pytest.mark.usefixtures("slow_passwords")
def test_the_hash_for_unknown_names_costs_the_same_and_never_fits() -> None:
    assert not is_outdated(NOBODY)
    assert not matches(None, PASSWORD)


@pytest.mark.usefixtures("slow_passwords")
def test_an_overlong_password_never_fits_by_its_beginning() -> None:
    stored = hash_password("a1" * 64)
    assert not matches(stored, "a1" * 64 + "tail")


def test_a_new_person_can_log_in(database: Database, attempt: LogIn) -> None:
    create(database, username="  NewComer ")
    assert attempt("newcomer", "Reasonable-2026").token
    assert "person.create" in actions(database)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "agent"}, "username"),
        ({"username": "张三"}, "username"),
        ({"name": "  "}, "name"),
        ({"roles": []}, "roles"),
        ({"password": "12345678"}, "password"),
    ],
)
def test_a_person_with_a_bad_field_is_refused_by_that_field(
    database: Database, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        create(database, **changes)
    assert list(refusal.value.errors) == [field]


def test_a_login_belongs_to_the_person_with_department_and_roles(database: Database, attempt: LogIn) -> None:
    token = attempt().token
    with database.read() as session:
        found = session_person(session, token, NOON, IDLE)
    assert found is not None
    person = found[0]
    assert (person.username, person.department.name) == ("agent", "客户服务中心")
    assert [row.role for row in person.role_rows] == ["agent"]


def test_only_the_hash_of_a_token_is_stored(database: Database, attempt: LogIn) -> None:
    token = attempt().token
    with database.read() as session:
        stored = session.scalars(select(LoginSession.token_hash)).one()
    assert token not in stored
    assert len(stored) == 64


def test_a_wrong_password_and_an_unknown_name_look_the_same(attempt: LogIn) -> None:
    wrong, unknown = attempt(password="wrong-password"), attempt("nobody-here", "wrong-password")
    assert (wrong.token, wrong.minutes_locked) == (unknown.token, unknown.minutes_locked) == (None, 0)


def test_the_fifth_wrong_password_locks_the_account_for_fifteen_minutes(
    database: Database, attempt: LogIn
) -> None:
    locked = [attempt(password="wrong-password").minutes_locked for _ in range(FAILURES_ALLOWED)]
    assert locked == [0, 0, 0, 0, 15]
    assert attempt().token is None
    assert actions(database)[-2:] == ["login.lock", "login.fail"]


def test_the_lock_tells_the_minutes_that_are_left(attempt: LogIn) -> None:
    for _ in range(FAILURES_ALLOWED):
        attempt(password="wrong-password")
    assert attempt(at=NOON + timedelta(minutes=11, seconds=30)).minutes_locked == 4


def test_the_right_password_works_again_after_the_lock(attempt: LogIn) -> None:
    for _ in range(FAILURES_ALLOWED):
        attempt(password="wrong-password")
    assert attempt(at=NOON + LOCKOUT).token


def test_one_mistake_after_a_lock_does_not_lock_again(attempt: LogIn) -> None:
    for _ in range(FAILURES_ALLOWED):
        attempt(password="wrong-password")
    assert attempt(password="wrong-password", at=NOON + LOCKOUT).minutes_locked == 0


def test_a_success_forgets_earlier_mistakes(attempt: LogIn) -> None:
    for _ in range(FAILURES_ALLOWED - 1):
        attempt(password="wrong-password")
    attempt()
    assert attempt(password="wrong-password").minutes_locked == 0


def test_a_comparison_made_before_a_password_change_is_worthless(database: Database) -> None:
    with database.read() as session:
        check = check_password(session, "agent", PASSWORD)
    with database.write() as session:
        agent = session.scalars(select(Person).where(Person.username == "agent")).one()
        change_password(session, agent, PASSWORD, "Another-2026-pass", NOON)
    with database.write() as session:
        assert log_in(session, check, NOON, "").token is None


@pytest.mark.usefixtures("slow_passwords")
def test_a_hash_with_weaker_settings_is_renewed_at_login(database: Database, attempt: LogIn) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with database.write() as session:
        session.scalars(select(Person).where(Person.username == "agent")).one().password_hash = weak
    assert attempt().token
    with database.read() as session:
        stored = session.scalars(select(Person.password_hash).where(Person.username == "agent")).one()
    assert not is_outdated(stored)
    assert matches(stored, PASSWORD)


def test_a_login_ends_after_an_hour_without_a_request(database: Database, attempt: LogIn) -> None:
    token = attempt().token
    with database.read() as session:
        assert session_person(session, token, NOON + IDLE - timedelta(seconds=1), IDLE)
        assert session_person(session, token, NOON + IDLE, IDLE) is None


def test_a_login_in_use_still_ends_at_its_limit(database: Database, attempt: LogIn) -> None:
    token = attempt().token
    at = NOON
    for _ in range(13):
        at += timedelta(minutes=59)
        with database.write() as session:
            mark_seen(session, token, at)
    with database.read() as session:
        assert session_person(session, token, NOON + timedelta(hours=12) - timedelta(seconds=1), IDLE)
        assert session_person(session, token, NOON + timedelta(hours=12), IDLE) is None


def test_the_state_of_a_login_changes_with_everything_about_its_person(
    database: Database, attempt: LogIn
) -> None:
    token = attempt().token

    def state() -> tuple[object, ...]:
        with database.read() as session:
            return session_state(session, token, NOON, IDLE)[1]

    def person(session):
        return session.scalars(select(Person).where(Person.username == "agent")).one()

    def rename_department(session) -> None:
        person(session).department.name = "改名的部门"

    changes = (
        lambda session: setattr(person(session), "theme", "dark"),
        lambda session: setattr(person(session), "name", "新名字"),
        lambda session: setattr(person(session), "role_rows", [PersonRole(role="manager")]),
        rename_department,
    )
    seen = {state()}
    for change in changes:
        with database.write() as session:
            change(session)
        assert state() not in seen
        seen.add(state())
    with database.read() as session:
        assert session_state(session, token, NOON + IDLE, IDLE) is None
    with database.write() as session:
        person(session).is_active = False
    with database.read() as session:
        assert session_state(session, token, NOON, IDLE) is None


def test_use_is_noted_at_most_once_a_minute(database: Database, attempt: LogIn) -> None:
    token = attempt().token
    with database.read() as session:
        login = session_person(session, token, NOON, IDLE)[1]
    assert not is_stale(login.last_seen_at, NOON + timedelta(seconds=59))
    assert is_stale(login.last_seen_at, NOON + timedelta(seconds=60))


def test_logging_out_ends_that_login_only(database: Database, attempt: LogIn) -> None:
    first, second = attempt().token, attempt(at=NOON + timedelta(seconds=1)).token
    with database.write() as session:
        log_out(session, first, NOON)
    with database.read() as session:
        assert session_person(session, first, NOON, IDLE) is None
        assert session_person(session, second, NOON, IDLE)
    assert actions(database)[-1] == "logout"


def test_the_oldest_login_gives_way_to_one_too_many(database: Database, attempt: LogIn) -> None:
    tokens = [attempt(at=NOON + timedelta(seconds=number)).token for number in range(SESSIONS_ALLOWED + 1)]
    at = NOON + timedelta(minutes=1)
    with database.read() as session:
        alive = [session_person(session, token, at, IDLE) is not None for token in tokens]
    assert alive == [False] + [True] * SESSIONS_ALLOWED


def test_ended_logins_are_swept_away_at_the_next_login(database: Database, attempt: LogIn) -> None:
    attempt()
    attempt("publisher", at=NOON + timedelta(hours=13))
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(LoginSession)) == 1


def test_a_disabled_person_is_out_at_once_and_stays_out(
    database: Database, attempt: LogIn, world: World
) -> None:
    token = attempt().token
    with database.write() as session:
        set_active(session, session.get_one(Person, world.people["agent"]), False, NOON)
    with database.read() as session:
        assert session_person(session, token, NOON, IDLE) is None
    assert attempt().token is None


def test_changing_the_password_ends_every_login(database: Database, attempt: LogIn, world: World) -> None:
    token = attempt().token
    with database.write() as session:
        agent = session.get_one(Person, world.people["agent"])
        change_password(session, agent, PASSWORD, "Another-2026-pass", NOON)
    with database.read() as session:
        assert session_person(session, token, NOON, IDLE) is None
    assert attempt(password="Another-2026-pass").token


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("not-the-password", "Another-2026-pass", "current"),
        (small_bank.PASSWORD, "short", "password"),
        (small_bank.PASSWORD, small_bank.PASSWORD, "password"),
    ],
)
def test_a_bad_change_of_password_is_refused(
    database: Database, world: World, current: str, new: str, field: str
) -> None:
    with database.write() as session, pytest.raises(Invalid) as refusal:
        change_password(session, session.get_one(Person, world.people["agent"]), current, new, NOON)
    assert list(refusal.value.errors) == [field]


def test_preferences_are_kept_one_by_one(database: Database, world: World) -> None:
    with database.write() as session:
        set_preferences(session, world.people["agent"], {"theme": "dark", "single_keys": "off"})
    with database.read() as session:
        agent = session.get_one(Person, world.people["agent"])
    assert (agent.theme, agent.single_keys, agent.locale, agent.font_size) == ("dark", False, "zh", "medium")


@pytest.mark.parametrize("chosen", [{"theme": "pink"}, {"password_hash": "x"}, {"single_keys": "yes"}])
def test_an_unknown_preference_is_refused(database: Database, world: World, chosen: dict[str, str]) -> None:
    with database.write() as session, pytest.raises(Invalid):
        set_preferences(session, world.people["agent"], chosen)


def test_the_typed_name_of_an_unknown_person_is_not_written_down(database: Database, attempt: LogIn) -> None:
    attempt("My-Secret-Password", "typed-into-the-wrong-field")
    with database.read() as session:
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1)).one()
    assert event.action == "login.fail"
    assert "secret" not in f"{event.subject}{event.detail}{event.actor_name}".lower()


def test_everything_about_logins_stays_in_the_chain_of_the_audit_log(
    database: Database, attempt: LogIn
) -> None:
    attempt(password="wrong-password")
    token = attempt().token
    with database.write() as session:
        log_out(session, token, NOON)
    with database.read() as session:
        assert first_broken(session) is None
    assert actions(database)[-3:] == ["login.fail", "login", "logout"]
