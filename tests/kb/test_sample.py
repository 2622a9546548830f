"""The sample knowledge: complete, dated from the day it is loaded, and loaded once."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sharing import built_once
from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from kb.access import Actor, AudienceScope, audience_scope
from kb.acknowledgements import pending
from kb.audit import first_broken
from kb.clock import FixedClock
from kb.database import Database, sqlite_url
from kb.feeds import hot_queries, hottest, latest
from kb.models import (
    Announcement,
    Article,
    Attachment,
    Comment,
    Copy,
    Feedback,
    Node,
    Notification,
    Person,
    Point,
    Revision,
    RevisionState,
    Search,
    Table,
    Task,
    View,
)
from kb.passwords import matches
from kb.review_queue import counts
from kb.revisions import Status, revision_at, status_at
from kb.rosters import State, roster
from kb.sample import SampleReport, demo_accounts, is_loaded, load_sample, sample_folder
from kb.sample_files import dated, read_articles

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2031, 3, 12, 6, 30, tzinfo=UTC)
TODAY = date(2031, 3, 12)
TOP = ["个人业务", "信用卡", "电子银行", "对公业务", "国际结算", "收费标准", "监管与合规", "应急话术"]


@pytest.fixture(scope="module")
def bank(run_folder):
    """The sample loaded at a fixed moment, and what the load reported; nothing here changes it."""

    def build(folder: Path) -> SampleReport:
        database = Database(sqlite_url(folder / "kb.sqlite3"))
        with database.engine.begin() as connection:
            Table.metadata.create_all(connection)
        report = load_sample(database, FixedClock(NOW), ZONE)
        database.close()
        return report

    folder, report = built_once(run_folder, "sample-of-2031", build)
    database = Database(sqlite_url(folder / "kb.sqlite3"))
    yield database, report
    database.close()


@pytest.fixture
def report(bank) -> SampleReport:
    return bank[1]


@pytest.fixture
def session(bank):
    with bank[0].read() as opened:
        yield opened


def articles(session: Session) -> list[Article]:
    return list(session.scalars(select(Article).options(selectinload(Article.revisions))))


def test_there_are_at_least_120_articles(session, report):
    assert session.scalar(select(func.count()).select_from(Article)) == report.articles >= 120


def test_the_eight_categories_stand_in_their_order(session):
    roots = session.scalars(select(Node.title).where(Node.parent_id.is_(None)).order_by(Node.position)).all()
    assert roots == TOP


def test_every_leaf_category_holds_articles(session):
    parents = set(session.scalars(select(Node.parent_id)))
    used = Counter(article.node_id for article in articles(session))
    assert [node.code for node in session.scalars(select(Node)) if node.id not in parents | used.keys()] == []


def test_at_least_15_articles_have_several_revisions(session):
    assert sum(len(article.revisions) > 1 for article in articles(session)) >= 15


def test_later_revisions_were_approved_later_and_say_what_changed(session):
    for article in articles(session):
        approvals = [revision.approved_at for revision in article.revisions if revision.approved_at]
        assert approvals == sorted(set(approvals)), article.external_id
        assert all(revision.change_summary for revision in article.revisions[1:]), article.external_id


def test_some_articles_are_scheduled_some_expired_and_most_in_force(session):
    states = Counter()
    for article in articles(session):
        speaking = revision_at(article.revisions, NOW)
        assert speaking is not None, article.external_id
        states[status_at(speaking, article, NOW)] += 1
    assert states[Status.SCHEDULED] >= 1
    assert states[Status.EXPIRED] >= 3
    assert states[Status.CURRENT] >= 100


def test_some_changes_of_articles_in_force_are_yet_to_come(session):
    coming = [
        article
        for article in articles(session)
        if len(article.revisions) > 1
        and any(revision.shown_from and revision.shown_from > NOW for revision in article.revisions)
    ]
    assert coming


def test_nothing_was_approved_in_the_future_or_by_its_author(session):
    for revision in session.scalars(select(Revision).where(Revision.state == RevisionState.APPROVED)):
        assert revision.approved_at is not None
        assert revision.created_at < revision.approved_at < NOW
        assert revision.author_id != revision.approver_id


def test_every_shipped_file_is_attached_somewhere(session):
    shipped = {path.name for path in (sample_folder() / "attachments").iterdir()}
    hashes = set(session.scalars(select(Attachment.sha256)))
    assert len(hashes) == len(shipped) >= 15


def test_attached_files_have_chinese_names_and_true_suffixes(session):
    names = set(session.scalars(select(Attachment.name)))
    assert all(re.search(r"[\u4e00-\u9fff]", name) for name in names)
    suffixes = {name.rsplit(".", 1)[1] for name in names}
    assert {"docx", "xlsx", "xls", "pptx", "pdf", "doc", "txt", "csv", "html"} <= suffixes


def test_most_articles_have_wording_and_every_one_a_summary(session):
    shown = session.scalars(select(Revision).options(selectinload(Revision.wording))).all()
    assert all(revision.summary for revision in shown)
    assert sum(bool(revision.wording) for revision in shown) > len(shown) * 0.7


def test_no_placeholder_is_left_in_any_text(session):
    for revision in session.scalars(select(Revision)):
        whole = " ".join(
            [
                revision.title,
                revision.source,
                revision.summary,
                revision.internal_notes,
                revision.document_number,
            ]
        )
        assert "{{" not in whole, revision.title


def test_some_articles_are_for_one_department_only(session):
    restricted = [article for article in articles(session) if article.access_key]
    assert 1 <= len(restricted) <= 15


def test_there_is_one_demo_account_for_each_role(session):
    roles = {
        person.username: [row.role for row in person.role_rows] for person in session.scalars(select(Person))
    }
    names = {account.username for account in demo_accounts()}
    assert {name: roles[name] for name in names} == {
        role: [role] for role in ("agent", "publisher", "reviewer", "manager", "admin")
    }
    password = demo_accounts()[0].password
    colleague = session.scalars(select(Person).where(Person.username == "seat01")).one()
    assert not matches(colleague.password_hash, password)


def test_the_home_page_is_alive(session):
    everything = AudienceScope(None)
    assert len(latest(session, everything, NOW)) == 10
    assert len(hottest(session, everything, NOW, days=7)) == 10
    assert len(hot_queries(session, AudienceScope(None), NOW)) == 8


def test_views_show_only_what_was_in_force_and_only_in_the_last_month(session):
    rows = session.execute(
        select(View.viewed_at, Revision.shown_from, Revision.shown_to).join(
            Revision, Revision.id == View.revision_id
        )
    ).all()
    assert len(rows) > 2000
    for viewed_at, shown_from, shown_to in rows:
        assert NOW - timedelta(days=31) < viewed_at < NOW
        assert shown_from <= viewed_at
        assert shown_to is None or viewed_at < shown_to


def test_views_of_the_author_do_not_count(session):
    author = session.scalar(select(Person.id).where(Person.username == "publisher"))
    counting = session.scalar(
        select(func.count()).select_from(View).where(View.person_id == author, View.counts)
    )
    assert counting == 0


def test_some_searches_found_nothing_and_most_led_to_an_article(session):
    searches = session.scalars(select(Search)).all()
    assert any(search.total == 0 for search in searches)
    assert sum(search.opened_article_id is not None for search in searches) > len(searches) / 2
    assert all(search.total > 0 for search in searches if search.opened_article_id is not None)


def test_restricted_articles_appear_in_nobodys_history(session):
    restricted = {article.id for article in articles(session) if article.access_key}
    assert restricted.isdisjoint(session.scalars(select(View.article_id).distinct()))


def test_the_load_is_in_the_audit_log(session):
    assert first_broken(session) is None


def test_a_second_load_changes_nothing(bank, session):
    before = session.scalar(select(func.count()).select_from(View))
    assert load_sample(bank[0], FixedClock(NOW), ZONE).is_new is False
    assert is_loaded(session)
    assert session.scalar(select(func.count()).select_from(View)) == before


def test_a_load_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    database = Database(sqlite_url(tmp_path / "kb.sqlite3"))
    with database.engine.begin() as connection:
        Table.metadata.create_all(connection)

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_sample(database, FixedClock(NOW), ZONE, stop)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 0
    database.close()


def test_placeholders_count_from_the_load_day():
    assert dated("自{{date:-12}}起，〔{{year:300}}〕1号", TODAY) == "自2031年2月28日起，〔2032〕1号"


def test_file_names_are_unique_over_all_categories():
    slugs = Counter(article.slug for article in read_articles(sample_folder() / "articles", TODAY))
    assert [slug for slug, count in slugs.items() if count > 1] == []


def test_no_article_gives_a_date_that_will_age():
    recent = re.compile(r"20(?:2[4-9]|3\d)年|20(?:2[4-9]|3\d)-\d\d-\d\d")
    aging = [
        f"{path.name}: {match[0]}"
        for path in sorted(Path(sample_folder() / "articles").rglob("*.md"))
        if (match := recent.search(path.read_text(encoding="utf-8")))
    ]
    assert aging == []


def test_the_sample_shows_a_living_conversation(session, report):
    comments = session.scalars(select(Comment)).all()
    assert report.comments >= 20
    assert len(comments) >= report.comments
    assert {comment.state for comment in comments} == {"visible", "pending", "rejected"}
    assert all(comment.quote_offset is not None for comment in comments if comment.quote)
    assert all(comment.created_at <= NOW for comment in comments)
    states = Counter(session.scalars(select(Task.state)))
    assert set(states) == {"open", "adopted", "answered", "declined", "solved"}
    assert session.scalar(select(func.sum(Point.amount))) > 50
    assert session.scalar(select(func.count()).select_from(Feedback)) > 200
    assert "13912345678" not in "".join(comment.text for comment in comments)
    assert first_broken(session) is None


def test_required_reading_is_confirmed_by_some_and_asked_of_the_agent(session):
    agent = Actor.of(session.scalars(select(Person).where(Person.username == "agent")).one())
    manager = Actor.of(session.scalars(select(Person).where(Person.username == "manager")).one())
    asked = pending(session, agent, audience_scope(session, agent), NOW)
    assert len(asked) == 2
    assert [item.confirmed is not None for item in asked].count(True) == 1
    for announcement in session.scalars(select(Announcement).where(Announcement.is_required)):
        found = roster(session, manager, announcement, NOW)
        assert 0 < found.count(State.CONFIRMED) < len(found.lines)


def test_review_dates_copies_and_notifications_are_alive(session):
    everything = AudienceScope(None)
    rows = counts(session, everything, NOW)
    assert sum(row.overdue for row in rows) >= 3
    assert sum(row.soon for row in rows) >= 3
    assert sum(row.unplanned for row in rows) >= 5
    assert session.scalar(select(func.count()).select_from(Copy)) > 150
    kinds = set(session.scalars(select(Notification.kind)))
    assert {"acknowledgement_wanted", "review_overdue"} <= kinds


def test_there_is_a_draft_in_every_state_and_a_withdrawn_article_with_its_successor(session):
    states = Counter(session.scalars(select(Revision.state)))
    assert all(states[state] for state in ("draft", "in_review", "returned"))
    chosen = [revision for revision in session.scalars(select(Revision)) if revision.based_on_id]
    assert any(revision.shown_from and revision.shown_from > NOW for revision in chosen)
    (withdrawn,) = session.scalars(select(Article).where(Article.withdrawn_at.is_not(None)))
    assert status_at(withdrawn.revisions[0], withdrawn, NOW) is Status.WITHDRAWN
    successor = session.get_one(Article, withdrawn.successor_id)
    assert successor.external_id == "personal-debit-loss"
