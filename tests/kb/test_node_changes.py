"""Changing the tree: keys of articles follow from it, previews tell the truth, the index follows at once."""

import random
import time
from collections.abc import Callable, Iterator

import pytest
from small_bank import NOON, World
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope, Permission, access_key, audience_scope
from kb.articles import visible_article
from kb.audiences import Rule, save_audience
from kb.database import Database
from kb.errors import Conflict, Invalid, NotFound
from kb.grants import Grantee, add_grant
from kb.models import AccessKey, Article, Audience, AuditEvent, Node, Person, Role
from kb.node_changes import (
    create_node,
    merge_node,
    move_node,
    node_of,
    rename_node,
    set_node_audience,
    shift_node,
)
from kb.nodes import nodes_by_id, visible_tree
from kb.ports import EngineQuery
from kb.reach import audience_of_node_impact, merge_impact, move_impact
from tests.pages import statements
from web.wiring import Services


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened


def node(session: Session, world: World, code: str) -> Node:
    return session.get_one(Node, world.nodes[code])


def scope_of(session: Session, world: World, role: str) -> AudienceScope:
    return audience_scope(session, Actor.of(session.get_one(Person, world.people[role])))


def expected_keys(session: Session) -> dict[int, str]:
    """The key of every article by walking up from its node."""
    nodes = {item.id: item for item in session.scalars(select(Node))}
    keys = {}
    for article in session.scalars(select(Article)).unique():
        carried = [article.audience_id]
        step: Node | None = nodes[article.node_id]
        while step is not None:
            carried.append(step.audience_id)
            step = nodes[step.parent_id] if step.parent_id else None
        keys[article.id] = access_key(carried)
    return keys


def stored_keys(session: Session) -> dict[int, str]:
    return {number: key for number, key in session.execute(select(Article.id, Article.access_key))}


def readable(session: Session) -> dict[int, set[int]]:
    """Which articles each person may read, straight from the scopes."""
    return {
        person.id: set(
            session.scalars(select(Article.id).where(audience_scope(session, Actor.of(person)).clause()))
        )
        for person in session.scalars(select(Person)).unique()
    }


def test_keeping_a_node_for_an_audience_hides_its_articles_and_itself_from_others(
    session: Session, world: World
) -> None:
    audience = save_audience(
        session, None, None, "零售", [Rule(department_id=world.departments["retail"])], NOON
    )
    assert set_node_audience(session, None, node(session, world, "personal"), audience.id, NOON) > 0
    agent, publisher = scope_of(session, world, "agent"), scope_of(session, world, "publisher")
    with pytest.raises(NotFound):
        visible_article(session, world.articles["loss"], agent)
    assert visible_article(session, world.articles["loss"], publisher)
    seen = set(nodes_by_id(visible_tree(session, agent)))
    assert world.nodes["personal"] not in seen
    assert world.nodes["personal/debit/loss"] not in seen
    assert set(nodes_by_id(visible_tree(session, publisher))) == set(world.nodes.values())


def test_members_see_an_empty_node_that_is_kept_for_them(session: Session, world: World) -> None:
    audience = save_audience(session, None, None, "坐席", [Rule(role=Role.AGENT)], NOON)
    empty = create_node(session, None, "坐席专区", None, NOON)
    set_node_audience(session, None, empty, audience.id, NOON)
    assert empty.id in nodes_by_id(visible_tree(session, scope_of(session, world, "agent")))
    assert empty.id not in nodes_by_id(visible_tree(session, scope_of(session, world, "reviewer")))


def test_only_articles_with_another_key_are_numbered_and_each_number_is_new(
    session: Session, world: World
) -> None:
    before = {number: seq for number, seq in session.execute(select(Article.id, Article.change_seq))}
    keys = stored_keys(session)
    highest = max(before.values())
    audience = save_audience(session, None, None, "坐席", [Rule(role=Role.AGENT)], NOON)
    set_node_audience(session, None, node(session, world, "personal/debit"), audience.id, NOON)
    after = {number: seq for number, seq in session.execute(select(Article.id, Article.change_seq))}
    moved = {number for number, key in stored_keys(session).items() if key != keys[number]}
    assert moved == {world.articles[name] for name in ("loss", "ending", "restricted")}
    assert {number for number in after if after[number] != before[number]} == moved
    numbers = [after[number] for number in moved]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) > highest


def test_moving_a_node_takes_its_subtree_and_the_audience_above_along(session: Session, world: World) -> None:
    audience = save_audience(session, None, None, "坐席", [Rule(role=Role.AGENT)], NOON)
    set_node_audience(session, None, node(session, world, "card"), audience.id, NOON)
    debit, card = node(session, world, "personal/debit"), node(session, world, "card")
    assert move_node(session, None, debit, card, NOON) == 3
    loss = node(session, world, "personal/debit/loss")
    assert loss.path == f"/{card.id}/{debit.id}/{loss.id}/"
    assert stored_keys(session) == expected_keys(session)
    move_node(session, None, debit, None, NOON)
    assert debit.path == f"/{debit.id}/"
    assert stored_keys(session)[world.articles["loss"]] == ""


def test_a_node_is_not_moved_into_itself_too_deep_or_beside_its_namesake(
    session: Session, world: World
) -> None:
    personal, loss = node(session, world, "personal"), node(session, world, "personal/debit/loss")
    for parent in (personal, loss):
        with pytest.raises(Invalid):
            move_node(session, None, personal, parent, NOON)
    deep = loss
    for level in range(5):
        deep = create_node(session, None, f"第{level}层", deep, NOON)
    with pytest.raises(Invalid):
        create_node(session, None, "太深", deep, NOON)
    with pytest.raises(Invalid):
        move_node(session, None, node(session, world, "card"), deep, NOON)
    create_node(session, None, "借记卡", node(session, world, "card"), NOON)
    with pytest.raises(Invalid):
        move_node(session, None, node(session, world, "personal/debit"), node(session, world, "card"), NOON)


def test_merging_moves_articles_and_children_and_old_links_still_lead_somewhere(
    session: Session, world: World
) -> None:
    old, target = node(session, world, "personal/debit"), node(session, world, "card")
    old_id = old.id
    add_grant(session, None, old, Permission.ARTICLE_APPROVE, Grantee(role=Role.MANAGER), NOON)
    impact = merge_impact(session, old, target)
    assert (impact.articles, impact.changed) == (3, 0)
    assert merge_node(session, None, old, target, NOON) == 2
    assert session.get(Node, old_id) is None
    assert node_of(session, old_id).id == target.id
    assert (
        node(session, world, "personal/debit/loss").path
        == f"/{target.id}/{world.nodes['personal/debit/loss']}/"
    )
    at_target = session.scalars(select(Article.id).where(Article.node_id == target.id)).all()
    assert set(at_target) == {world.articles["ending"], world.articles["restricted"]}
    merge_node(session, None, target, node(session, world, "fees"), NOON)
    assert node_of(session, old_id).id == world.nodes["fees"]
    with pytest.raises(NotFound):
        node_of(session, 9999)


def test_merging_refuses_its_own_subtree_and_children_of_one_name(session: Session, world: World) -> None:
    personal = node(session, world, "personal")
    with pytest.raises(Invalid):
        merge_node(session, None, personal, node(session, world, "personal/debit"), NOON)
    create_node(session, None, "存款", node(session, world, "card"), NOON)
    with pytest.raises(Conflict):
        merge_node(session, None, personal, node(session, world, "card"), NOON)


def test_titles_are_checked_and_siblings_change_places(session: Session, world: World) -> None:
    for title in ("", "  ", "信用卡", "a/b", "长" * 121):
        with pytest.raises(Invalid):
            rename_node(session, None, node(session, world, "personal"), title, NOON)
    rename_node(session, None, node(session, world, "personal"), " 零售业务 ", NOON)
    shift_node(session, None, node(session, world, "fees"), -2, NOON)
    roots = session.scalars(select(Node.title).where(Node.parent_id.is_(None)).order_by(Node.position)).all()
    assert roots == ["收费标准", "零售业务", "信用卡"]


def test_every_change_of_the_tree_is_audited_with_its_actor(session: Session, world: World) -> None:
    manager = Actor.of(session.get_one(Person, world.people["manager"]))
    made = create_node(session, manager, "新分类", None, NOON)
    rename_node(session, manager, made, "新的分类", NOON)
    move_node(session, manager, made, node(session, world, "fees"), NOON)
    set_node_audience(session, manager, made, session.scalars(select(Audience.id)).first(), NOON)
    merge_node(session, manager, made, node(session, world, "fees"), NOON)
    events = session.execute(
        select(AuditEvent.action, AuditEvent.actor_id).where(AuditEvent.subject == f"node:{made.id}")
    ).all()
    assert [action for action, _actor in events] == [
        "node.create", "node.rename", "node.move", "node.audience", "node.merge",
    ]  # fmt: skip
    assert {actor for _action, actor in events} == {manager.person_id}


def test_previews_say_what_then_happens_whatever_the_change(session: Session, world: World) -> None:
    chance = random.Random(11)
    audiences = [None, *session.scalars(select(Audience.id))]
    for number in range(3):
        rule = Rule(chance.choice([None, *world.departments.values()]), chance.choice([None, Role.AGENT]))
        rules = [rule, Rule(role=Role.REVIEWER)]
        audiences.append(save_audience(session, None, None, f"范围{number}", rules, NOON).id)
    done = 0
    for _step in range(60):
        place = session.get_one(Node, chance.choice(list(world.nodes.values())))
        before, keys = readable(session), stored_keys(session)
        try:
            if chance.random() < 0.5:
                audience_id = chance.choice(audiences)
                impact = audience_of_node_impact(session, place, audience_id)
                changed = set_node_audience(session, None, place, audience_id, NOON)
            else:
                parent_id = chance.choice([None, *world.nodes.values()])
                parent = session.get(Node, parent_id) if parent_id else None
                if parent is not None and f"/{place.id}/" in parent.path:
                    continue
                impact = move_impact(session, place, parent_id)
                changed = move_node(session, None, place, parent, NOON)
        except Invalid:
            continue
        done += 1
        after, now = readable(session), stored_keys(session)
        assert now == expected_keys(session)
        assert impact.changed == changed == sum(now[number] != keys[number] for number in now)
        assert impact.losing == sum(bool(before[person] - after[person]) for person in after)
        assert impact.gaining == sum(bool(after[person] - before[person]) for person in after)
        known = set(session.scalars(select(AccessKey.key)))
        assert set(now.values()) - {""} <= known
    assert done > 30


def test_moving_costs_the_same_number_of_statements_for_many_articles(
    database: Database, world: World
) -> None:
    counts = []
    for extra in (0, 300):
        with database.write() as session:
            place = node(session, world, "personal/deposit")
            for number in range(extra):
                session.add(
                    Article(
                        node_id=place.id,
                        owner_department_id=world.departments["retail"],
                        external_id=f"many{number}",
                        created_at=NOON,
                    )
                )
            own = session.scalars(select(func.max(Audience.id))).one()
        for audience in (own, None):
            with database.write() as session, statements(database) as asked:
                set_node_audience(session, None, node(session, world, "personal/deposit"), audience, NOON)
            counts.append(len(asked))
    assert len(set(counts)) <= 2
    assert max(counts) < 25


def test_the_real_index_follows_a_change_of_audience_and_a_move(
    database: Database, world: World, services: Services, catch_up: Callable[[], int]
) -> None:
    def found(role: str) -> set[int]:
        with database.read() as session:
            keys = scope_of(session, world, role).keys
        result = services.engine.search(EngineQuery("挂失", NOON, keys))
        return {hit.article_id for hit in result.hits}

    loss = world.articles["loss"]
    assert loss in found("agent")
    with database.write() as session:
        rules = [Rule(department_id=world.departments["retail"])]
        audience = save_audience(session, None, None, "零售", rules, NOON)
        changed = set_node_audience(session, None, node(session, world, "personal"), audience.id, NOON)
    assert catch_up() == changed
    deadline = time.monotonic() + 30
    while loss in found("agent"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert loss in found("publisher")
    with database.write() as session:
        move_node(session, None, node(session, world, "personal/debit"), None, NOON)
    catch_up()
    # An engine looks for a newer index a few times a second.
    deadline = time.monotonic() + 30
    while loss not in found("agent"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
