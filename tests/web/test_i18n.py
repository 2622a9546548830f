"""Chinese and English pages, a complete and compiled catalogue, and how dates and numbers are written."""

import importlib.util
import io
import re
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from small_bank import NOON, World

from kb.clock import FixedClock
from kb.database import Database
from kb.models import Person
from web.app import create_app
from web.i18n import day, instant, relative, span, thousands
from web.settings import Settings
from web.wiring import Services

LoggedIn = Callable[..., FlaskClient]
CHINESE = re.compile(r"[^<>\n]*[\u3400-\u9fff\u3000-\u303f\uff00-\uffef][^<>\n]*")
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
# The mark of the logo, and the languages by their own names.
OWN_NAMES = ("知", "中文", "简体中文")


@pytest.fixture(scope="module")
def catalogue() -> ModuleType:
    """The maintainers' script that knows which sentences are in use."""
    path = Path(__file__).parents[2] / "scripts" / "update_translations.py"
    spec = importlib.util.spec_from_file_location("update_translations", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def latin(services: Services, database: Database, catch_up: Callable[[], int], world: World) -> FlaskClient:
    """A client of a bank whose every name and text is in Latin letters, so that Chinese can only be ours."""
    with database.write() as session:
        sql = session.connection().exec_driver_sql
        for table, columns in {
            "departments": ("name",),
            "nodes": ("title",),
            "people": ("name",),
            "audiences": ("name",),
            "attachments": ("name",),
            "wording_blocks": ("title", "text"),
            "revisions": (
                "title", "source", "html", "text", "summary", "internal_notes", "document_number", "tags",
                "change_summary",
            ),
        }.items():  # fmt: skip
            for column in columns:
                sql(f"UPDATE {table} SET {column} = 'card ' || id")  # noqa: S608 - names from this test
        sql("UPDATE revisions SET headings = '[]'")
        sql("UPDATE file_parts SET text = 'card', label = ''")
    shutil.rmtree(services.settings.index_directory)
    catch_up()
    settings = services.settings.at(site_name="Knowledge base", demo=False)
    parts = Services(settings, database, services.clock, services.zone, services.engine)
    return create_app(settings, parts).test_client()


def english(database: Database, world: World, role: str) -> None:
    """Make a person read English."""
    with database.write() as session:
        session.get_one(Person, world.people[role]).locale = "en"


def chinese_in(text: str) -> list[str]:
    """The pieces of a page that hold Chinese, apart from names of languages and the logo."""
    pieces = (piece.strip() for piece in CHINESE.findall(text))
    return [piece for piece in pieces if piece not in OWN_NAMES]


def texts(catalog: Catalog) -> dict[str, str]:
    """What a catalogue says for each sentence."""
    return {str(message.id): str(message.string) for message in catalog if message.id}


def test_every_sentence_in_use_has_an_english_translation(catalogue: ModuleType) -> None:
    assert catalogue.missing(catalogue.updated()) == []


def test_the_catalogue_holds_exactly_the_sentences_in_use(catalogue: ModuleType) -> None:
    assert catalogue.SOURCE.read_text(encoding="utf-8") == catalogue.as_source(catalogue.updated())


def test_the_compiled_catalogue_is_up_to_date(catalogue: ModuleType) -> None:
    source = catalogue.SOURCE.read_text(encoding="utf-8")
    with catalogue.COMPILED.open("rb") as file:
        committed = texts(read_mo(file))
    assert committed == texts(read_mo(io.BytesIO(catalogue.compiled(source))))
    assert len(committed) > 100


def test_translations_keep_every_placeholder(catalogue: ModuleType) -> None:
    with catalogue.SOURCE.open("rb") as file:
        messages = [message for message in read_po(file, locale="en") if message.id]
    changed = []
    for message in messages:
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = sorted(PLACEHOLDER.findall(originals[0]))
        changed += [text for text in strings if sorted(PLACEHOLDER.findall(text)) != wanted]
    assert messages
    assert changed == []


def test_translations_hold_no_chinese(catalogue: ModuleType) -> None:
    with catalogue.SOURCE.open("rb") as file:
        strings = [str(message.string) for message in read_po(file, locale="en") if message.id]
    assert [text for text in strings if CHINESE.search(text)] == []


def test_pages_are_chinese_unless_asked_otherwise(client: FlaskClient, logged_in: LoggedIn) -> None:
    text = logged_in(client).get("/").text
    assert '<html lang="zh-CN"' in text
    assert "最热知识" in text


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?latest=day&hot=month",
        "/search",
        "/search?q=card",
        "/search?q=zzzzqqqq&time=week&status=all",
        "/search?q=card&time=custom&from=2026-11-31&to=nonsense&sort=newest&scope=title",
        "/a/{loss}",
        "/a/{loss}/v/1",
        "/a/{loss}/preview",
        "/a/{expired}",
        "/a/{scheduled}",
        "/a/{ending}?q=card",
        "/files/1/preview",
        "/no-such-page",
        "/a/999999",
    ],
)
def test_an_english_page_has_no_chinese_of_ours(
    latin: FlaskClient, logged_in: LoggedIn, database: Database, world: World, path: str
) -> None:
    english(database, world, "publisher")
    answer = logged_in(latin, "publisher").get(path.format(**world.articles))
    assert answer.status_code in (200, 404)
    assert '<html lang="en"' in answer.text or "<html" not in answer.text
    assert chinese_in(answer.text) == []


def test_the_login_page_can_be_read_in_english(
    latin: FlaskClient, csrf_token: Callable[[FlaskClient], str]
) -> None:
    form = {"locale": "en", "next": "/login", "csrf_token": csrf_token(latin)}
    answer = latin.post("/locale", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert chinese_in(latin.get("/login").text) == []


def test_an_unknown_language_is_not_kept(
    client: FlaskClient, csrf_token: Callable[[FlaskClient], str]
) -> None:
    client.post("/locale", data={"locale": "xx", "csrf_token": csrf_token(client)})
    assert client.get_cookie("kb_locale") is None
    client.set_cookie("kb_locale", "xx")
    assert '<html lang="zh-CN"' in client.get("/login").text


def test_the_setting_of_the_person_wins_over_the_cookie(client: FlaskClient, logged_in: LoggedIn) -> None:
    client.set_cookie("kb_locale", "en")
    assert '<html lang="en"' in client.get("/login").text
    assert '<html lang="zh-CN"' in logged_in(client).get("/").text


def test_failures_raised_in_the_domain_are_translated(
    client: FlaskClient, logged_in: LoggedIn, database: Database, world: World
) -> None:
    english(database, world, "agent")
    answer = logged_in(client).get("/a/999999")
    assert answer.status_code == 404
    assert "This article was not found." in answer.text


def test_instants_are_written_by_the_clock_of_the_bank(app: Flask) -> None:
    with app.test_request_context():
        assert instant(NOON) == "2026-11-23 14:05"
        assert instant(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == "2026-11-24 00:00"
        assert instant(None) == ""


def test_days_are_days_of_the_bank(app: Flask) -> None:
    with app.test_request_context():
        assert day(datetime(2026, 11, 23, 15, 59, tzinfo=UTC)) == "2026-11-23"
        assert day(datetime(2026, 11, 23, 16, 0, tzinfo=UTC)) == "2026-11-24"
        assert day(date(2026, 3, 1)) == "2026-03-01"
        assert day(None) == ""


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=59), "刚刚"),
        (timedelta(minutes=1), "1 分钟前"),
        (timedelta(minutes=59, seconds=59), "59 分钟前"),
        (timedelta(hours=1), "1 小时前"),
        (timedelta(hours=23, minutes=59), "23 小时前"),
        (timedelta(hours=24), "2026-11-22"),
        (-timedelta(hours=1), "2026-11-23"),
    ],
)
def test_only_the_last_day_is_written_relatively(app: Flask, ago: timedelta, words: str) -> None:
    with app.test_request_context():
        assert relative(NOON - ago) == words


@pytest.mark.parametrize(("days", "words"), [(0, "今天"), (1, "还有 1 天"), (6, "还有 6 天")])
def test_the_time_left_is_counted_in_calendar_days(app: Flask, days: int, words: str) -> None:
    with app.test_request_context():
        assert span(NOON + timedelta(days=days, hours=5)) == words


def test_english_counts_one_and_many(app: Flask, clock: FixedClock) -> None:
    with app.test_request_context(headers={"Cookie": "kb_locale=en"}):
        assert relative(clock.now() - timedelta(minutes=1)) == "1 minute ago"
        assert relative(clock.now() - timedelta(minutes=2)) == "2 minutes ago"


def test_numbers_carry_separators() -> None:
    assert (thousands(3482), thousands(7), thousands(1234567)) == ("3,482", "7", "1,234,567")


def test_the_zone_of_the_bank_can_be_another(services: Services) -> None:
    settings = Settings(home=services.settings.home, bank_zone="Europe/London")
    parts = Services(settings, services.database, services.clock, settings.zone, services.engine)
    with create_app(settings, parts).test_request_context():
        assert instant(NOON) == "2026-11-23 06:05"
