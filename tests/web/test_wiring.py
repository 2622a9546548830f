"""The composition root: the parts it builds work together on a home that starts empty."""

from pathlib import Path

import pytest
import small_bank
from flask import Flask

from kb.access import Actor
from kb.clock import SystemClock
from kb.models import Person
from kb.search import SearchRequest, search
from web.settings import Settings
from web.transactions import reading, writing
from web.transactions import services as of_this_app
from web.wiring import Services, build_follower, build_services


def test_parts_built_for_a_home_find_what_its_follower_indexed(tmp_path: Path) -> None:
    world = small_bank.build(tmp_path)
    settings = Settings(home=tmp_path)
    parts = build_services(settings)
    assert isinstance(parts.clock, SystemClock)
    assert build_follower(settings, parts).catch_up() > 0
    with parts.database.read() as session:
        agent = Actor.of(session.get_one(Person, world.people["agent"]))
        found = search(session, agent, parts.engine, SearchRequest("补卡"), small_bank.NOON, parts.zone)
    assert not found.degraded
    assert world.articles["loss"] in [row.article.id for row in found.rows]
    parts.database.close()


def test_a_search_without_an_index_falls_back_to_titles(tmp_path: Path) -> None:
    world = small_bank.build(tmp_path)
    parts = build_services(Settings(home=tmp_path))
    with parts.database.read() as session:
        agent = Actor.of(session.get_one(Person, world.people["agent"]))
        found = search(session, agent, parts.engine, SearchRequest("年费"), small_bank.NOON, parts.zone)
    assert found.degraded
    assert [row.article.id for row in found.rows] == [world.articles["annual-fee"]]
    parts.database.close()


def test_views_work_with_the_parts_of_their_own_app(app: Flask, services: Services) -> None:
    with app.app_context():
        assert of_this_app() is services


def test_what_a_view_only_reads_is_never_kept(app: Flask, world: small_bank.World) -> None:
    with app.app_context():
        with reading() as session:
            session.get_one(Person, world.people["agent"]).name = "改名"
        with reading() as session:
            assert session.get_one(Person, world.people["agent"]).name == "李晓雯"


def test_a_failing_view_leaves_nothing_behind(app: Flask, world: small_bank.World) -> None:
    with app.app_context():
        with pytest.raises(RuntimeError), writing() as session:
            session.get_one(Person, world.people["agent"]).name = "改名"
            session.flush()
            raise RuntimeError("half way")
        with reading() as session:
            assert session.get_one(Person, world.people["agent"]).name == "李晓雯"
