"""The migrations make exactly the tables of the models, forwards and back, and lose no row."""

import re
from pathlib import Path

import pytest
import small_bank
from sqlalchemy import create_engine, func, select, text

from kb.database import Database, sqlite_url
from kb.migrate import downgrade, upgrade
from kb.models import Article, Attachment, Person, PersonRole, Revision, Table, WordingBlock


def checks_and_indexes(url: str) -> dict[str, list[str]]:
    """Return, by table, its named constraints with their rules, and its indexes."""
    engine = create_engine(url)
    found: dict[str, list[str]] = {}
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        for table, sql in rows:
            flat = re.sub(r"\s+", " ", sql).replace('"', "")
            if flat.startswith("CREATE TABLE"):
                rules = re.findall(r"CONSTRAINT (ck_\w+ CHECK \(.*?\))(?=, | ?\)$|, CONSTRAINT)", flat)
                found.setdefault(table, []).extend(sorted(set(re.findall(r"CONSTRAINT (\w+)", flat))))
                found[table] += [rule.replace(" ", "") for rule in sorted(rules)]
            else:
                found.setdefault(table, []).append(flat)
    engine.dispose()
    return {table: sorted(rules) for table, rules in found.items() if table != "alembic_version"}


def columns(url: str) -> dict[str, list[tuple[str, str, int, int]]]:
    """Return, by table, the name, type, not-null and key place of every column, in order of names."""
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = [
            row[0] for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type='table'"))
        ]
        found = {
            table: sorted(
                (row[1], row[2], row[3], row[5])
                for row in connection.execute(text(f"PRAGMA table_info({table})"))
            )
            for table in tables
            if table != "alembic_version"
        }
    engine.dispose()
    return found


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A database made by the migrations, and one made from the models."""
    folder = tmp_path_factory.mktemp("schemas")
    migrated, declared = sqlite_url(folder / "migrated.sqlite3"), sqlite_url(folder / "declared.sqlite3")
    upgrade(migrated)
    engine = create_engine(declared)
    Table.metadata.create_all(engine)
    engine.dispose()
    return migrated, declared


def test_the_migrations_make_the_columns_of_the_models(urls: tuple[str, str]) -> None:
    assert columns(urls[0]) == columns(urls[1])


def test_the_migrations_keep_every_constraint_and_index_of_the_models(urls: tuple[str, str]) -> None:
    assert checks_and_indexes(urls[0]) == checks_and_indexes(urls[1])


def test_going_back_and_forth_again_loses_no_row(tmp_path: Path) -> None:
    small_bank.build(tmp_path)
    url = sqlite_url(tmp_path / "kb.sqlite3")
    before = row_counts(url)
    downgrade(url, "0001")
    upgrade(url)
    assert row_counts(url) == before


def row_counts(url: str) -> dict[str, int]:
    """Return how many rows the tables hold that were there from the first schema on."""
    database = Database(url)
    with database.read() as session:
        counts = {
            table.__tablename__: session.execute(
                select(func.count()).select_from(table.__table__)
            ).scalar_one()
            for table in (Article, Revision, WordingBlock, Attachment, Person, PersonRole)
        }
    database.close()
    assert all(counts.values())
    return counts
