"""The tables of notices go up and down again, and are what the models say."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from kb.database import Database, sqlite_url
from kb.migrate import downgrade, upgrade
from kb.models import Table

NOTICES = {
    "acknowledgements",
    "announcement_texts",
    "announcements",
    "copies",
    "department_leads",
    "material_marks",
    "notifications",
    "review_checks",
    "webhook_attempts",
    "webhook_deliveries",
    "webhooks",
}


def test_the_tables_come_go_and_come_again_as_the_models_say(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "kb.sqlite3")
    upgrade(url)
    downgrade(url, "0003")
    database = Database(url)
    assert not NOTICES & set(inspect(database.engine).get_table_names())
    upgrade(url)
    assert set(inspect(database.engine).get_table_names()) >= NOTICES
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            change
            for change in compare_metadata(context, Table.metadata)
            if isinstance(change, tuple) and any(getattr(part, "name", "") in NOTICES for part in change)
        ]
    database.close()
    assert differences == []
