"""No card, identity or mobile number that people type is kept, told, logged or exported, wherever they type it."""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from small_bank import NOON, World
from sqlalchemy import String, select
from sqlalchemy.orm import Session

from kb.access import AudienceScope
from kb.activity import record_search
from kb.briefcase import Thing, keep
from kb.briefcase_folders import create_folder
from kb.comment_reactions import report
from kb.copies import record_copy
from kb.database import Database
from kb.drafts import open_draft, save_draft
from kb.feedback import give
from kb.gaps import decline as decline_gap
from kb.gaps import file_gap
from kb.golden_queries import add_golden, remove_golden
from kb.lexicon import add_entry, checked_entry
from kb.models import Article, Table
from kb.moderation import Verdict, decide
from kb.publishing import return_to_author, submit
from kb.review_dates import still_right
from kb.revision_text import text_of
from kb.tasks import decline as decline_task
from kb.webhooks import register
from kb.withdrawal import withdraw
from tests.personal_numbers import digits_of, identities, mobiles, written_cards
from tests.talking import ZONE, actor, comment, passed, task_of

EVERYTHING = AudienceScope(None)
HOLDING = {
    "searches.text",
    "searches.folded",
    "searches.conditions",
    "comments.text",
    "comments.state_reason",
    "comment_reports.reason",
    "feedback.note",
    "gaps.text",
    "gaps.conditions",
    "gaps.reason",
    "golden_queries.text",
    "golden_queries.folded",
    "briefcase_folders.name",
    "briefcase_items.note",
    "lexicon_entries.text",
    "task_events.reason",
    "review_checks.note",
    "reviews.reason",
    "articles.withdrawn_reason",
    "notifications.detail",
    "audit_events.reason",
    "audit_events.detail",
}
NUMBERS = st.one_of(written_cards(), identities(), mobiles())


def said_everywhere(session: Session, world: World, typed: str) -> None:
    """Type a text into everything that keeps what people say."""
    agent, reviewer, publisher, manager = (
        actor(session, world, role) for role in ("agent", "reviewer", "publisher", "manager")
    )
    loss = session.get_one(Article, world.articles["loss"])
    register(session, None, "值班群", "http://127.0.0.1:9000/in", [], ["127.0.0.1:9000"], NOON)
    # So many that the figures tell the query.
    for role in world.people:
        record_search(session, actor(session, world, role), typed, {"node": typed}, 0, 1, NOON)
    refused = comment(session, world, f"{typed}，请核对", article="annual-fee", number=1)
    decide(session, reviewer, [refused.id], Verdict.REJECT, NOON, ZONE, reason=typed)
    said = passed(session, world, typed)
    report(session, publisher, said.id, typed, NOON)
    decline_task(session, publisher, task_of(session, said).id, typed, NOON)
    give(session, agent, loss.id, 2, False, NOON, "unclear", typed)
    gap, _is_new = file_gap(
        session, agent, typed, {"node": typed}, (loss.node_id, loss.owner_department_id), NOON
    )
    decline_gap(session, manager, gap.id, typed, NOON)
    golden = add_golden(session, manager, EVERYTHING, typed, loss.id, 3, NOON)
    remove_golden(session, manager, golden.id, NOON)
    add_golden(session, manager, EVERYTHING, f"{typed} 挂失", loss.id, 3, NOON)
    folder = create_folder(session, agent, typed, None, NOON)
    keep(session, agent, Thing(loss.id, None), folder.id, NOON, typed)
    add_entry(session, manager, checked_entry(session, "pin", typed, loss.id), NOON)
    shown = next(item for item in loss.revisions if item.number == 2)
    record_copy(
        session,
        agent,
        shown,
        None,
        NOON,
        token="t" * 32,
        call_id=re.sub("[^0-9A-Za-z]", "", typed.split("、")[0]),
    )
    still_right(session, publisher, EVERYTHING, loss.id, shown.content_hash, NOON, typed)
    draft = open_draft(session, publisher, loss, NOON)
    text = replace(text_of(draft), change_summary="核对")
    save_draft(session, publisher, draft.id, draft.lock_version, text, NOON)
    handed_in = submit(session, publisher, draft.id, draft.lock_version, NOON)
    return_to_author(session, reviewer, handed_in.id, handed_in.content_hash, NOON, typed)
    withdraw(session, manager, world.articles["annual-fee"], typed, NOON)


def texts(session: Session) -> list[tuple[str, str]]:
    """Return every text that stands in the database, with the name of its column."""
    found = []
    for table in Table.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, String)]
        if columns:
            for row in session.execute(select(*columns)):
                found += [(str(column), value) for column, value in zip(columns, row, strict=True) if value]
    return found


@given(NUMBERS, st.sampled_from(["", "客户", "卡号：", "tel "]), st.sampled_from(["", "来电", "。", " 挂失"]))
@example("6222 0212 3456 7890 128", "", "")
@example("620000 13000000003", "", "")
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    # Every example fills a bank: what fails is named by its column, and need not be the smallest.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
def test_no_number_is_kept_in_any_column(
    database: Database, world: World, number: str, before: str, after: str
) -> None:
    with database.write() as session, session.begin_nested() as trial:
        said_everywhere(session, world, f"{before}{number}{after}")
        session.flush()
        session.expire_all()
        kept = texts(session)
        trial.rollback()
    assert [column for column, value in kept if digits_of(number) in digits_of(value)] == []
    assert {column for column, value in kept if "****" in value} >= HOLDING


EXPORTS = {
    "manager": (
        *(f"/insights/{name}.csv" for name in ("trend", "queries", "empty", "gaps", "turnround")),
        "/points/export.csv",
        "/feedback",
        "/tasks?tab=closed",
        "/gaps?state=declined",
        "/golden",
        "/lexicon?kind=pin",
        "/copies",
    ),
    "admin": ("/audit.csv",),
    "agent": ("/comments/mine", "/gaps/mine", "/briefcase", "/notifications", "/"),
}


def test_no_number_reaches_a_file_a_page_or_a_log(
    app: Flask,
    logged_in: Callable[..., FlaskClient],
    csrf_token: Callable[[FlaskClient], str],
    database: Database,
    world: World,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    numbers = ["6222021234567890128", "11010519491231002X", "13800138000"]
    browsers = {role: logged_in(app.test_client(), role) for role in EXPORTS}
    answers = []
    with caplog.at_level(logging.DEBUG):
        with database.write() as session:
            said_everywhere(session, world, "、".join(numbers))
        for number in numbers:
            for path in ("/search?q={}", "/suggest?q={}", "/nowhere/{}", "/gaps?state={}"):
                browsers["manager"].get(path.format(number))
            form = {"q": number, "csrf_token": csrf_token(browsers["agent"])}
            assert browsers["agent"].post("/gaps", data=form).status_code == 303
        for role, paths in EXPORTS.items():
            for path in paths:
                answer = browsers[role].get(path)
                assert answer.status_code == 200, path
                answers.append((path, answer.text))
        book = tmp_path / "briefcase.xlsx"
        book.write_bytes(browsers["agent"].get("/briefcase/export.xlsx").data)
    cells = [str(cell) for row in load_workbook(book).active.values for cell in row]
    answers += [("/briefcase/export.xlsx", "|".join(cells))]
    # What the database driver logs for developers is no log of a running system.
    answers += [
        (f"log of {record.name}", record.getMessage())
        for record in caplog.records
        if not record.name.startswith("sqlalchemy")
    ]
    assert sum("****" in text for _place, text in answers) >= 8
    assert [place for place, text in answers if any(number in text for number in numbers)] == []
