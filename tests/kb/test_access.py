"""Rights at a place of the tree: what roles give, what grants take over, in Python and in SQL alike."""

import itertools
import random
from collections.abc import Iterator

import pytest
from small_bank import NOON, PASSWORD, World
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import Actor, Permission, audience_scope, may, may_on, place_scope, register_keys
from kb.activity import record_search
from kb.database import Database
from kb.departments import ensure_department
from kb.errors import Invalid, NotFound
from kb.feeds import hot_continuations, hot_queries
from kb.grants import Grantee, add_grant, all_grants, grants_at, remove_grant
from kb.models import (
    Article,
    Audience,
    AudienceRule,
    AuditEvent,
    Department,
    Node,
    Person,
    PersonRole,
    Role,
)
from kb.people import create_person
from tests.pages import statements

WRITE, APPROVE, MODERATE = (
    Permission.ARTICLE_WRITE,
    Permission.ARTICLE_APPROVE,
    Permission.COMMENT_MODERATE,
)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened


def actor(session: Session, world: World, role: str) -> Actor:
    return Actor.of(session.get_one(Person, world.people[role]))


def node(session: Session, world: World, code: str) -> Node:
    return session.get_one(Node, world.nodes[code])


def test_a_publisher_writes_what_the_own_department_owns_and_nothing_else(
    session: Session, world: World
) -> None:
    publisher = actor(session, world, "publisher")
    place = node(session, world, "personal/debit")
    assert may_on(session, publisher, WRITE, place, world.departments["retail"])
    refused = may_on(session, publisher, WRITE, place, world.departments["cards"])
    assert not refused
    assert "本部门" in refused.reason


def test_a_publisher_writes_for_a_department_below_but_not_for_the_one_above(
    session: Session, world: World
) -> None:
    retail = session.get_one(Department, world.departments["retail"])
    team = ensure_department(session, "retail-1", "零售一组", retail)
    publisher = actor(session, world, "publisher")
    place = node(session, world, "fees")
    assert may_on(session, publisher, WRITE, place, team.id)
    bank = session.scalar(select(Department.id).where(Department.code == "bank"))
    assert bank is not None
    assert not may_on(session, publisher, WRITE, place, bank)


@pytest.mark.parametrize("role", ["agent", "reviewer", "manager", "admin"])
def test_nobody_but_publishers_writes_without_a_grant(session: Session, world: World, role: str) -> None:
    own = actor(session, world, role)
    assert not may_on(session, own, WRITE, node(session, world, "fees"), own.department_id)


def test_a_reviewer_approves_everywhere_until_a_grant_names_others(session: Session, world: World) -> None:
    reviewer, manager = actor(session, world, "reviewer"), actor(session, world, "manager")
    place, owner = node(session, world, "personal/debit/loss"), world.departments["retail"]
    assert may_on(session, reviewer, APPROVE, place, owner)
    assert not may_on(session, manager, APPROVE, place, owner)
    above = node(session, world, "personal")
    add_grant(session, None, above, APPROVE, Grantee(person_id=manager.person_id), NOON)
    assert may_on(session, manager, APPROVE, place, owner)
    refused = may_on(session, reviewer, APPROVE, place, owner)
    assert not refused
    assert "授权" in refused.reason
    assert may_on(session, reviewer, APPROVE, node(session, world, "card"), owner)


def test_a_grant_to_an_administrator_or_an_agent_gives_nothing(session: Session, world: World) -> None:
    admin, agent = actor(session, world, "admin"), actor(session, world, "agent")
    place = node(session, world, "fees")
    for department in ("ops", "service"):
        to = Grantee(department_id=world.departments[department])
        for permission in (WRITE, APPROVE, MODERATE):
            add_grant(session, None, place, permission, to, NOON)
    for permission in (WRITE, APPROVE, MODERATE):
        assert not may_on(session, admin, permission, place, admin.department_id)
        assert not may_on(session, agent, permission, place, agent.department_id)
    for to in (Grantee(role=Role.ADMIN), Grantee(person_id=admin.person_id), Grantee()):
        with pytest.raises(Invalid):
            add_grant(session, None, place, APPROVE, to, NOON)


def test_department_and_role_in_one_grant_must_both_fit(session: Session, world: World) -> None:
    place = node(session, world, "fees")
    to = Grantee(department_id=world.departments["retail"], role=Role.REVIEWER)
    add_grant(session, None, place, APPROVE, to, NOON)
    assert not may_on(session, actor(session, world, "reviewer"), APPROVE, place, world.departments["ops"])
    inside = create_person(
        session,
        "inside",
        "冯敏",
        PASSWORD,
        session.get_one(Department, world.departments["retail"]),
        [Role.REVIEWER],
        NOON,
    )
    assert may_on(session, Actor.of(inside), APPROVE, place, world.departments["ops"])


def test_taking_the_last_grant_back_gives_the_place_back_to_the_roles(session: Session, world: World) -> None:
    reviewer = actor(session, world, "reviewer")
    place = node(session, world, "fees")
    grant = add_grant(session, None, place, APPROVE, Grantee(role=Role.MANAGER), NOON)
    assert not may_on(session, reviewer, APPROVE, place, reviewer.department_id)
    remove_grant(session, None, grant.id, NOON)
    assert may_on(session, reviewer, APPROVE, place, reviewer.department_id)
    with pytest.raises(NotFound):
        remove_grant(session, None, grant.id, NOON)


def test_giving_the_same_grant_twice_leaves_one_and_every_change_is_audited(
    session: Session, world: World
) -> None:
    admin = actor(session, world, "admin")
    place = node(session, world, "fees")
    first = add_grant(session, admin, place, APPROVE, Grantee(role=Role.MANAGER), NOON)
    assert add_grant(session, admin, place, APPROVE, Grantee(role=Role.MANAGER), NOON).id == first.id
    remove_grant(session, admin, first.id, NOON)
    events = session.scalars(
        select(AuditEvent.action).where(AuditEvent.subject == f"node:{place.id}").order_by(AuditEvent.id)
    ).all()
    assert events == ["grant.add", "grant.remove"]


def test_grants_are_listed_with_those_from_above(session: Session, world: World) -> None:
    add_grant(session, None, node(session, world, "personal"), APPROVE, Grantee(role=Role.MANAGER), NOON)
    to = Grantee(person_id=world.people["publisher"])
    add_grant(session, None, node(session, world, "personal/debit"), WRITE, to, NOON)
    lines = grants_at(session, node(session, world, "personal/debit"))
    assert [(line.node.code, line.is_own, line.person) for line in lines] == [
        ("personal", False, ""),
        ("personal/debit", True, "赵立群"),
    ]
    assert len(all_grants(session)) == 2
    assert grants_at(session, node(session, world, "fees")) == []


def test_the_scope_of_lists_agrees_with_each_single_decision(
    session: Session, database: Database, world: World
) -> None:
    people = [session.get_one(Person, number) for number in world.people.values()]
    actors = [Actor.of(person) for person in people]
    nodes, departments = list(world.nodes.values()), list(world.departments.values())
    chance = random.Random(20261124)
    tried = 0
    for _round in range(25):
        with session.begin_nested() as undo:
            for _grant in range(chance.randint(0, 6)):
                to = Grantee(
                    chance.choice([None, *departments]),
                    chance.choice([None, Role.PUBLISHER, Role.REVIEWER, Role.MANAGER]),
                )
                permission = chance.choice([WRITE, APPROVE, MODERATE])
                place = session.get_one(Node, chance.choice(nodes))
                try:
                    add_grant(session, None, place, permission, to, NOON)
                except Invalid:
                    continue
            articles = session.scalars(select(Article)).unique().all()
            for own, permission in itertools.product(actors, (WRITE, APPROVE, MODERATE)):
                scope = place_scope(session, own, permission)
                listed = set(session.scalars(select(Article.id).where(scope.clause())))
                singly = {
                    article.id
                    for article in articles
                    if may_on(session, own, permission, article.node, article.owner_department_id)
                }
                assert listed == singly
                tried += bool(listed)
            undo.rollback()
    assert tried > 100


def test_a_decision_and_a_list_take_a_fixed_number_of_queries(database: Database, world: World) -> None:
    counts = []
    for extra in (0, 40):
        with database.write() as session:
            place = node(session, world, "personal/debit")
            for number in range(extra):
                below = Node(code=f"x{number}", title=f"分类{number}", parent_id=place.id, position=number)
                session.add(below)
                session.flush()
                below.path = f"{place.path}{below.id}/"
                add_grant(session, None, below, APPROVE, Grantee(role=Role.MANAGER), NOON)
        with database.read() as session:
            own = actor(session, world, "manager")
            place = node(session, world, "personal/debit")
            with statements(database) as asked:
                may_on(session, own, APPROVE, place, own.department_id)
                scope = place_scope(session, own, APPROVE)
                session.scalar(select(func.count()).select_from(Article).where(scope.clause()))
            counts.append(len(asked))
    assert counts == [4, 4]


def test_an_administrator_holds_no_right_over_texts(session: Session, world: World) -> None:
    admin = actor(session, world, "admin")
    for permission in (WRITE, APPROVE, MODERATE, Permission.INSIGHT_READ):
        assert not may(admin, permission)
    assert may(admin, Permission.GRANT_MANAGE)
    assert not may(actor(session, world, "manager"), Permission.GRANT_MANAGE)


def test_words_that_only_better_informed_people_typed_are_not_passed_on(
    session: Session, world: World
) -> None:
    retail = session.get_one(Department, world.departments["retail"])
    colleague = create_person(session, "second", "冯敏", PASSWORD, retail, [Role.AGENT], NOON)
    insiders = [actor(session, world, "publisher"), Actor.of(colleague), actor(session, world, "manager")]
    for insider in insiders:
        record_search(session, insider, "反欺诈监测阈值", {}, 1, 5, NOON)
    for role in ("agent", "reviewer"):
        record_search(session, actor(session, world, role), "补卡收费", {}, 3, 5, NOON)
    seen = {}
    for own in (actor(session, world, "agent"), insiders[0], insiders[2]):
        scope = audience_scope(session, own)
        more = hot_continuations(session, scope, "反欺诈", NOON)
        seen[own.name] = (hot_queries(session, scope, NOON), more)
    assert seen["李晓雯"] == (["补卡收费"], [])
    assert sorted(seen["赵立群"][0]) == sorted(seen["钱国梁"][0]) == ["反欺诈监测阈值", "补卡收费"]
    assert seen["赵立群"][1] == seen["钱国梁"][1] == ["反欺诈监测阈值"]


def test_peers_are_exactly_those_who_read_nothing_more(session: Session, world: World) -> None:
    chance = random.Random(3)
    bank = session.scalars(select(Department).where(Department.code == "bank")).one()
    departments = [*session.scalars(select(Department)), ensure_department(session, "deep", "零售一组", bank)]
    people = []
    for number in range(30):
        roles = [
            PersonRole(role=role) for role in set(chance.choices(list(Role)[:4], k=chance.randint(1, 2)))
        ]
        person = Person(
            username=f"p{number}",
            name=f"员工{number}",
            department=chance.choice(departments),
            password_hash="-",
            created_at=NOON,
            role_rows=roles,
        )
        session.add(person)
        people.append(person)
    for number in range(4):
        rules = [
            AudienceRule(
                department_id=chance.choice([None, *[item.id for item in departments]]),
                role=chance.choice([None, *list(Role)[:3]]),
            )
            for _rule in range(2)
        ]
        session.add(Audience(name=f"范围{number}", rules=rules))
    session.flush()
    ids = list(session.scalars(select(Audience.id)))
    register_keys(session, [*map(str, ids), f"{ids[0]}+{ids[1]}"])
    scopes = {person.id: audience_scope(session, Actor.of(person)) for person in people}
    for own in people:
        scope = scopes[own.id]
        listed = set(session.scalars(select(Person.id).where(scope.peers(Person.id)))) & scopes.keys()
        if scope.keys is None:
            assert listed == scopes.keys()
            continue
        lacking = scope.outside
        expected = {
            number
            for number, other in scopes.items()
            if (other.keys is not None and lacking <= other.outside) or not lacking
        }
        assert listed == expected
