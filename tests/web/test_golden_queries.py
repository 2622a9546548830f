"""What a draft moves among the golden queries is told before it is approved, within the rights, and changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pages import fetch, statements, words
from small_bank import NOON, World
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope
from kb.database import Database
from kb.drafts import open_draft, save_draft
from kb.gaps import begin_answer, file_gap
from kb.golden_moves import MOST_CHECKED, DraftMoves, moves_of_draft
from kb.golden_queries import check, ensure_golden, golden_queries
from kb.models import Article, Person, Revision
from kb.publishing import submit
from kb.revision_text import text_of
from web.wiring import Services

EVERYTHING = AudienceScope(None)
EMPTIED: dict[str, Any] = {
    "title": "停用卡片",
    "source": "先核验身份。",
    "summary": "",
    "internal_notes": "",
    "wording": (),
}


def rewritten(session: Session, world: World, name: str, **changes: Any) -> Revision:
    """Return a draft of an article with another text, handed in."""
    publisher = Actor.of(session.get_one(Person, world.people["publisher"]))
    article = session.get_one(Article, world.articles[name])
    draft = open_draft(session, publisher, article, NOON)
    text = replace(text_of(draft), change_summary="改写", **changes)
    save_draft(session, publisher, draft.id, draft.lock_version, text, NOON)
    return submit(session, publisher, draft.id, draft.lock_version, NOON)


def golden(session: Session, world: World, text: str, name: str, rank: int = 3) -> None:
    owner = session.get_one(Article, world.articles[name]).owner_department_id
    ensure_golden(session, text, owner, world.articles[name], None, NOON, max_rank=rank)


@pytest.fixture
def tried(services: Services, database: Database) -> Callable[[Session, Revision], DraftMoves]:
    def moves(session: Session, draft: Revision) -> DraftMoves:
        session.flush()
        return moves_of_draft(session, services.engine, EVERYTHING, draft, NOON)

    return moves


def test_a_text_that_no_longer_holds_the_words_breaks_its_golden_query(
    database: Database, world: World, tried: Callable[[Session, Revision], DraftMoves]
) -> None:
    with database.write() as session:
        golden(session, world, "口头挂失", "loss")
        [move] = tried(session, rewritten(session, world, "loss", **EMPTIED)).own
        assert (move.before, move.after, move.breaks) == (1, None, True)


def test_a_text_that_crowds_out_another_article_is_told(
    database: Database, world: World, tried: Callable[[Session, Revision], DraftMoves]
) -> None:
    with database.write() as session:
        golden(session, world, "信用卡年费", "annual-fee", rank=1)
        draft = rewritten(session, world, "loss", title="信用卡年费", source="信用卡年费。" * 5)
        found = tried(session, draft)
        assert [(move.query.text, move.before, move.after) for move in found.others] == [("信用卡年费", 1, 2)]
        assert found.breaks == 1


def test_a_question_that_the_draft_answers_is_tried_like_a_golden_query(
    database: Database, world: World, tried: Callable[[Session, Revision], DraftMoves]
) -> None:
    with database.write() as session:
        agent = Actor.of(session.get_one(Person, world.people["agent"]))
        publisher = Actor.of(session.get_one(Person, world.people["publisher"]))
        gap, _new = file_gap(session, agent, "饕餮貔貅", {}, (None, publisher.department_id), NOON)
        draft = rewritten(session, world, "loss", source="饕餮貔貅也按此办理。")
        begin_answer(session, publisher, gap.id, draft.article_id, NOON)
        [move] = tried(session, draft).own
        assert (move.query.text, move.before, move.after) == ("饕餮貔貅", None, 1)


def test_trying_a_draft_publishes_nothing(
    database: Database,
    world: World,
    services: Services,
    tried: Callable[[Session, Revision], DraftMoves],
) -> None:
    with database.write() as session:
        golden(session, world, "口头挂失", "loss")
        before = [item.rank for item in check(services.engine, golden_queries(session), NOON)]
        draft = rewritten(session, world, "loss", title="停用卡片", source="先核验身份。")
        tried(session, draft)
        assert [item.rank for item in check(services.engine, golden_queries(session), NOON)] == before
        assert draft.shown_from is None


def test_what_is_tried_is_bounded_and_the_rest_is_said(
    database: Database, world: World, tried: Callable[[Session, Revision], DraftMoves]
) -> None:
    with database.write() as session:
        for number in range(MOST_CHECKED + 5):
            golden(session, world, f"年费{number}", "annual-fee")
        golden(session, world, "口头挂失", "loss")
        draft = rewritten(session, world, "loss", source="先核验身份。")
        with statements(database) as asked:
            found = tried(session, draft)
        assert (found.checked, found.left_out) == (MOST_CHECKED, 6)
        assert [move.query.text for move in found.own] == ["口头挂失"]
        assert len(asked) <= 12


def test_a_reviewer_reads_what_would_move_and_others_do_not(
    app: Flask, logged_in: Callable[..., FlaskClient], database: Database, world: World
) -> None:
    with database.write() as session:
        golden(session, world, "口头挂失", "loss")
        golden(session, world, "反欺诈监测阈值", "restricted")
        number = rewritten(session, world, "loss", **EMPTIED).id
    path = f"/drafts/{number}/golden"
    reviewer = logged_in(app.test_client(), "reviewer")
    assert path in fetch(reviewer, f"/reviews/{number}")
    page = words(fetch(reviewer, path))
    assert "口头挂失" in page
    assert "条查询不再达到要求" in page
    assert "已试 1 条查询" in page
    fragment = reviewer.get(path, headers={"X-KB-Fragment": "golden"}).text
    assert "口头挂失" in fragment
    assert "<html" not in fragment
    fetch(logged_in(app.test_client(), "agent"), path, status=404)
