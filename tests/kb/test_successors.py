"""Chains of replacement: followed to the end, never in circles, never past what a reader may know."""

from datetime import timedelta

from small_bank import NOON, World
from sqlalchemy.orm import Session

from kb.access import AudienceScope
from kb.database import Database
from kb.models import Article
from kb.revisions import settle
from kb.successors import current_of

EVERYTHING = AudienceScope(None)
EVERYBODY = AudienceScope(frozenset({""}))


def retire(session: Session, article_id: int, successor_id: int | None) -> None:
    article = session.get_one(Article, article_id)
    article.withdrawn_at = NOON - timedelta(days=1)
    article.successor_id = successor_id
    settle(article)


def found(database: Database, world: World, name: str, scope: AudienceScope) -> str:
    with database.read() as session:
        return {number: after.title for number, after in _current(session, world, name, scope)}.get(
            world.articles[name], ""
        )


def _current(session: Session, world: World, name: str, scope: AudienceScope):
    return current_of(session, [world.articles[name]], scope, NOON).items()


def test_a_chain_is_followed_to_the_article_in_force(database: Database, world: World) -> None:
    with database.write() as session:
        retire(session, world.articles["today"], world.articles["ending"])
        retire(session, world.articles["ending"], world.articles["loss"])
    assert found(database, world, "today", EVERYBODY) == "借记卡挂失与补卡业务办理口径"
    assert found(database, world, "ending", EVERYBODY) == "借记卡挂失与补卡业务办理口径"
    assert found(database, world, "loss", EVERYBODY) == ""


def test_a_circle_of_replacements_ends_nowhere(database: Database, world: World) -> None:
    with database.write() as session:
        retire(session, world.articles["today"], world.articles["ending"])
        retire(session, world.articles["ending"], world.articles["today"])
    assert found(database, world, "today", EVERYTHING) == ""


def test_a_chain_does_not_name_what_the_reader_may_not_know(database: Database, world: World) -> None:
    with database.write() as session:
        retire(session, world.articles["today"], world.articles["restricted"])
        retire(session, world.articles["ending"], world.articles["today"])
    assert found(database, world, "today", EVERYBODY) == ""
    assert found(database, world, "ending", EVERYBODY) == ""
    assert found(database, world, "ending", EVERYTHING) != ""


def test_an_article_retired_in_the_future_still_stands_for_itself(database: Database, world: World) -> None:
    with database.write() as session:
        retire(session, world.articles["today"], world.articles["loss"])
        session.get_one(Article, world.articles["today"]).withdrawn_at = NOON + timedelta(days=1)
    assert found(database, world, "today", EVERYBODY) == ""
