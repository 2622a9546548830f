"""Audiences: their rules are checked, they are never dropped while in use, membership holds at once."""

from collections.abc import Iterator

import pytest
from small_bank import NOON, World
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.access import Actor, audience_scope
from kb.audiences import (
    Rule,
    all_audiences,
    delete_audience,
    rekey,
    save_audience,
    set_article_audience,
)
from kb.database import Database
from kb.errors import Conflict, Invalid, NotFound
from kb.models import AccessKey, Article, Audience, AuditEvent, Person, Role
from kb.reach import audience_impact


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened


def may_read(session: Session, world: World, role: str, name: str) -> bool:
    scope = audience_scope(session, Actor.of(session.get_one(Person, world.people[role])))
    return scope.admits(session.get_one(Article, world.articles[name]).access_key)


def test_changing_who_belongs_holds_without_touching_an_article(session: Session, world: World) -> None:
    audience = session.scalars(select(Audience)).one()
    before = session.get_one(Article, world.articles["restricted"]).change_seq
    assert not may_read(session, world, "agent", "restricted")
    rules = [Rule(department_id=world.departments["service"]), Rule(role=Role.REVIEWER)]
    impact = audience_impact(session, audience, rules)
    assert (impact.articles, impact.losing, impact.gaining) == (1, 1, 2)
    save_audience(session, None, audience, audience.name, rules, NOON)
    assert may_read(session, world, "agent", "restricted")
    assert may_read(session, world, "reviewer", "restricted")
    assert not may_read(session, world, "publisher", "restricted")
    assert session.get_one(Article, world.articles["restricted"]).change_seq == before


def test_an_audience_needs_a_free_name_and_somebody_in_it(session: Session, world: World) -> None:
    retail = Rule(department_id=world.departments["retail"])
    for name, rules in (
        ("", [retail]),
        ("仅限个人金融部", [retail]),
        ("没有人", []),
        ("没有人", [Rule()]),
        ("假部门", [Rule(department_id=999)]),
    ):
        with pytest.raises(Invalid):
            save_audience(session, None, None, name, rules, NOON)


def test_an_audience_in_use_is_not_deleted(session: Session, world: World) -> None:
    audience = session.scalars(select(Audience)).one()
    with pytest.raises(Conflict):
        delete_audience(session, None, audience, NOON)
    assert [(line.nodes, line.articles) for line in all_audiences(session)] == [(0, 1)]
    set_article_audience(session, None, session.get_one(Article, world.articles["restricted"]), None, NOON)
    assert may_read(session, world, "agent", "restricted")
    delete_audience(session, None, audience, NOON)
    assert session.scalars(select(Audience)).all() == []
    assert session.scalars(select(AccessKey)).all() == []


def test_keeping_an_article_for_an_audience_is_audited_and_refuses_a_wrong_one(
    session: Session, world: World
) -> None:
    article = session.get_one(Article, world.articles["loss"])
    set_article_audience(session, None, article, session.scalars(select(Audience.id)).one(), NOON)
    assert not may_read(session, world, "agent", "loss")
    with pytest.raises(NotFound):
        set_article_audience(session, None, article, 999, NOON)
    assert session.scalar(select(AuditEvent.subject).where(AuditEvent.action == "article.audience"))


def test_giving_keys_again_changes_nothing(session: Session, world: World) -> None:
    assert rekey(session, world.nodes.values()) == 0
