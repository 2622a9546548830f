"""Figures against counting by hand, surges, feeds' secrets, and what is deleted after its time."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from small_bank import NOON, World, seats
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.access import Actor, AudienceScope
from kb.activity import forget_before, record_opened, record_search, record_view
from kb.content_health import health
from kb.database import Database
from kb.feed_tokens import drop_token, has_token, reader_of, renew_token
from kb.feeds import hottest
from kb.insights import Period, by_day, by_weekday, figures, hours, queries, searched
from kb.models import Article, Person, Revision, Search, View
from kb.rising import rising

ZONE = ZoneInfo("Asia/Shanghai")
EVERYTHING = AudienceScope(None)
DAY = timedelta(days=1)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened


@pytest.fixture
def crowd(session: Session, world: World) -> list[Person]:
    """Twelve agents beside those of the small bank."""
    people = seats(world)
    session.add_all(people)
    session.flush()
    return people


def search(session: Session, person: Person, text: str, at: datetime, **columns: object) -> None:
    session.add(
        Search(person_id=person.id, text=text, folded=text, searched_at=at, **{"total": 3, **columns})
    )


def view(session: Session, world: World, person: Person, name: str, at: datetime) -> None:
    article = session.get_one(Article, world.articles[name])
    record_view(session, Actor.of(person), article, article.revisions[-1], at)


def test_the_figures_agree_with_counting_by_hand(session: Session, world: World, crowd: list[Person]) -> None:
    chance = random.Random(5)
    rows = []
    for _row in range(600):
        total = chance.choice([0, 0, 4])
        rank = chance.choice([None, 1, 3]) if total else None
        row = {
            "total": total,
            "opened_rank": rank,
            "opened_after_ms": chance.randint(1000, 9000) if rank else None,
            "is_reformulation": chance.random() < 0.2,
        }
        person = chance.choice(crowd)
        at = NOON - timedelta(minutes=chance.randint(0, 10 * 24 * 60))
        search(session, person, chance.choice("甲乙丙"), at, **row)
        rows.append((person, at, row))
    session.flush()
    for department in (None, world.departments["service"]):
        period = Period(NOON - 6 * DAY, NOON, department)
        inside = [
            (person, at, row)
            for person, at, row in rows
            if period.start <= at < period.end and department in (None, person.department_id)
        ]
        events = searched(session, period)
        found = figures(session, period, events)
        hits = [row for _person, _at, row in inside if row["total"]]
        opened = [row for row in hits if row["opened_rank"]]
        assert found.searches == len(inside)
        assert found.people == len({person.id for person, _at, _row in inside})
        assert found.empty == len(inside) - len(hits)
        assert found.no_click_rate == pytest.approx(1 - len(opened) / len(hits))
        assert found.first_rate == pytest.approx(sum(row["opened_rank"] == 1 for row in opened) / len(opened))
        seconds = [row["opened_after_ms"] / 1000 for row in opened]
        assert found.seconds_to_open == pytest.approx(sum(seconds) / len(seconds))
        assert found.asked_again == sum(row["is_reformulation"] for _person, _at, row in inside)
        days = by_day(hours(events), period, ZONE)
        assert sum(line[1] for line in days) == len(inside)
        assert len(days) == 7
        clock = by_weekday(hours(events), ZONE)
        expected = {(at.astimezone(ZONE).weekday(), at.astimezone(ZONE).hour) for _p, at, _r in inside}
        assert {(weekday, hour) for weekday, hour, _count in clock} == expected


def test_a_query_of_few_people_is_never_listed(session: Session, crowd: list[Person]) -> None:
    for person in crowd[:5]:
        search(session, person, "挂失流程", NOON - DAY)
    for person in crowd[:4] * 10:
        search(session, person, "某某的秘密", NOON - DAY, total=0)
    session.flush()
    found = queries(session, searched(session, Period(NOON - 7 * DAY, NOON)))
    assert [(line.text, line.people) for line in found.top] == [("挂失流程", 5)]
    assert list(found.empty) == []
    assert (found.hidden, found.hidden_empty) == (40, 40)


def test_figures_of_a_few_people_are_hidden_and_of_nobody_are_not(
    session: Session, crowd: list[Person]
) -> None:
    period = Period(NOON - DAY, NOON)
    assert not figures(session, period, searched(session, period)).is_hidden
    for person in crowd[:4]:
        search(session, person, "挂失", NOON - timedelta(hours=1))
    session.flush()
    assert figures(session, period, searched(session, period)).is_hidden
    search(session, crowd[4], "挂失", NOON - timedelta(hours=1))
    session.flush()
    assert not figures(session, period, searched(session, period)).is_hidden


def test_asking_again_in_other_words_is_noted_and_opening_has_its_time(
    session: Session, world: World, crowd: list[Person]
) -> None:
    me = Actor.of(crowd[0])
    record_search(session, me, "卡丢了", {}, 0, 5, NOON)
    number = record_search(session, me, "挂失流程", {}, 3, 5, NOON + timedelta(minutes=1))
    assert session.get_one(Search, number).is_reformulation
    at = NOON + timedelta(minutes=1, seconds=7)
    record_opened(session, me, number, world.articles["loss"], 1, at)
    record_opened(session, me, number, world.articles["today"], 2, at + timedelta(seconds=9))
    found = session.get_one(Search, number)
    assert (found.opened_rank, found.opened_after_ms) == (1, 7000)
    later = record_search(session, me, "年费", {}, 3, 5, NOON + timedelta(minutes=2))
    assert not session.get_one(Search, later).is_reformulation
    much_later = record_search(session, me, "积分", {}, 3, 5, NOON + timedelta(minutes=9))
    assert not session.get_one(Search, much_later).is_reformulation


def test_the_health_of_the_content_is_counted_by_department(session: Session, world: World) -> None:
    lines = {line.department: line for line in health(session, NOON)}
    retail = lines["个人金融部"]
    assert (retail.articles, retail.ending, retail.unread, retail.unowned) == (4, 1, 4, 0)
    assert lines["信用卡中心"].unowned == lines["信用卡中心"].articles == 1
    assert health(session, NOON, world.departments["retail"]) == [retail]
    assert {line.department: line.stale for line in health(session, NOON + 380 * DAY)}["个人金融部"] == 3


def test_a_rush_of_different_people_is_a_surge_and_one_person_is_not(
    session: Session, world: World, crowd: list[Person]
) -> None:
    for _reload in range(50):
        view(session, world, crowd[0], "annual-fee", NOON - timedelta(minutes=2))
    for person in crowd[:6]:
        view(session, world, person, "loss", NOON - timedelta(minutes=5))
        search(session, person, "手机银行登录不上", NOON - timedelta(minutes=4))
    session.flush()
    found = rising(session, EVERYTHING, NOON)
    assert [(surge.article_id, surge.people) for surge in found] == [
        (None, 6),
        (world.articles["loss"], 6),
    ] or [(surge.article_id, surge.people) for surge in found] == [(world.articles["loss"], 6), (None, 6)]
    assert rising(session, EVERYTHING, NOON + timedelta(minutes=40)) == []


def test_what_is_usual_at_this_time_of_day_is_no_surge(
    session: Session, world: World, crowd: list[Person]
) -> None:
    for days in range(15):
        for person in crowd[:6]:
            view(session, world, person, "loss", NOON - days * DAY - timedelta(minutes=5))
    session.flush()
    assert rising(session, EVERYTHING, NOON) == []


def test_a_surge_is_told_only_within_the_rights(session: Session, world: World, crowd: list[Person]) -> None:
    for person in crowd[:6]:
        view(session, world, person, "restricted", NOON - timedelta(minutes=5))
    session.flush()
    assert rising(session, AudienceScope(frozenset({""})), NOON) == []
    assert len(rising(session, EVERYTHING, NOON)) == 1


def test_one_person_reloading_a_thousand_times_counts_as_one(
    session: Session, world: World, crowd: list[Person]
) -> None:
    for person in crowd[:2]:
        view(session, world, person, "loss", NOON - timedelta(hours=1))
    view(session, world, crowd[3], "annual-fee", NOON - timedelta(hours=2))
    session.flush()
    for days in (1, 7, 30):
        before = [(item.article_id, item.people) for item in hottest(session, EVERYTHING, NOON, days=days)]
        assert before == [(world.articles["loss"], 2), (world.articles["annual-fee"], 1)]
    for _reload in range(1000):
        view(session, world, crowd[3], "annual-fee", NOON - timedelta(minutes=30))
    session.flush()
    for days in (1, 7, 30):
        after = [(item.article_id, item.people) for item in hottest(session, EVERYTHING, NOON, days=days)]
        assert after == before
    view(session, world, crowd[4], "annual-fee", NOON - timedelta(minutes=20))
    session.flush()
    assert hottest(session, EVERYTHING, NOON)[0].people == 2


def test_searches_and_views_go_after_their_time_and_texts_stay(
    session: Session, world: World, crowd: list[Person]
) -> None:
    for days in (1, 100, 500):
        search(session, crowd[0], "挂失", NOON - days * DAY)
        view(session, world, crowd[0], "loss", NOON - days * DAY)
    session.flush()
    revisions = session.scalar(select(func.count()).select_from(Revision))
    assert forget_before(session, NOON - 400 * DAY) == (1, 1)
    assert session.scalar(select(func.count()).select_from(Search)) == 2
    assert session.scalar(select(func.count()).select_from(View)) == 2
    assert session.scalar(select(func.count()).select_from(Revision)) == revisions


def test_a_secret_of_a_feed_reads_as_its_person_until_it_is_ended(
    session: Session, crowd: list[Person]
) -> None:
    me = Actor.of(crowd[0])
    first = renew_token(session, me, NOON)
    second = renew_token(session, me, NOON)
    assert reader_of(session, first) is None
    found = reader_of(session, second)
    assert found is not None
    assert found.person_id == me.person_id
    assert has_token(session, me)
    crowd[0].is_active = False
    session.flush()
    assert reader_of(session, second) is None
    crowd[0].is_active = True
    drop_token(session, me, NOON)
    assert reader_of(session, second) is None
    assert not has_token(session, me)
    for token in ("", "x", "x" * 1000):
        assert reader_of(session, token) is None
