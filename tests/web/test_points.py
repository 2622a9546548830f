"""Points: who sees whose, by period, and files in which nothing is a formula."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from openpyxl import load_workbook
from pages import fetch, words
from small_bank import NOON, World
from talking import actor, newcomer, passed, task_of

from kb.clock import FixedClock
from kb.database import Database
from kb.models import DepartmentLead, Role
from kb.tasks import adopt
from web.spreadsheets import safe_cell

LogIn = Callable[..., FlaskClient]


@pytest.fixture
def earned(world: World, database: Database) -> None:
    """Points of an agent with a dangerous name, and of the agent of the small bank."""
    with database.write() as session:
        tricky = newcomer(session, "tricky", "=HYPERLINK(1)", "ops", Role.AGENT, "-1+1")
        for by in (tricky, actor(session, world, "agent")):
            said = passed(session, world, "口径有误", by=by, kind="error")
            adopt(session, actor(session, world, "publisher"), task_of(session, said).id, NOON)


@pytest.mark.usefixtures("earned")
def test_a_manager_sees_all_and_a_lead_their_department(  # type: ignore[no-untyped-def]
    client: FlaskClient, app, logged_in: LogIn, world: World, database: Database
) -> None:
    page = words(fetch(logged_in(client, "manager"), "/points"))
    assert "李晓雯" in page
    assert "=HYPERLINK(1)" in page
    with database.write() as session:
        session.add(
            DepartmentLead(department_id=world.departments["ops"], person_id=world.people["reviewer"])
        )
    reviewer = logged_in(app.test_client(), "reviewer")
    assert "团队积分" in words(fetch(reviewer, "/comments/mine"))
    page = words(fetch(reviewer, "/points"))
    assert "李晓雯" not in page
    assert "=HYPERLINK(1)" in page


@pytest.mark.parametrize("path", ["/points", "/points/export.csv", "/points/export.xlsx"])
def test_who_leads_nobody_sees_only_their_own(client: FlaskClient, logged_in: LogIn, path: str) -> None:
    fetch(logged_in(client, "reviewer"), path, 403)


@pytest.mark.usefixtures("earned")
def test_a_csv_file_disarms_formulas(client: FlaskClient, logged_in: LogIn) -> None:
    text = fetch(logged_in(client, "manager"), "/points/export.csv")
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert rows[0][:4] == ["姓名", "工号", "部门", "积分"]
    assert ["'=HYPERLINK(1)", "'-1+1", "运营管理部", "5", "1", "0", "0"] in rows


@pytest.mark.usefixtures("earned")
def test_an_excel_file_holds_strings_and_numbers(client: FlaskClient, logged_in: LogIn) -> None:
    answer = logged_in(client, "manager").get("/points/export.xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    cells = {row[0].value: row for row in sheet.iter_rows(min_row=2)}
    assert cells["=HYPERLINK(1)"][0].data_type == "s"
    assert cells["李晓雯"][3].value == 5


@pytest.mark.usefixtures("earned")
def test_a_period_ends_with_the_banks_calendar(
    client: FlaskClient, logged_in: LogIn, clock: FixedClock
) -> None:
    manager = logged_in(client, "manager")
    assert "李晓雯" not in words(fetch(manager, "/points?period=last_month"))
    clock.at = NOON + timedelta(days=10)
    manager = logged_in(client.application.test_client(), "manager")
    assert "李晓雯" not in words(fetch(manager, "/points?period=month"))
    assert "李晓雯" in words(fetch(manager, "/points?period=last_month"))


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "　=1", "＝1"])
def test_what_looks_like_a_formula_is_disarmed(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("cell", ["口径", "a=1", "", 5, -5, 1.5, None])
def test_what_is_no_formula_stays_as_it_is(cell: object) -> None:
    assert safe_cell(cell) == cell  # type: ignore[arg-type]
