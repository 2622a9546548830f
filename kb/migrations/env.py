"""Alembic environment: runs migrations in one transaction on SQLite and PostgreSQL alike."""

from alembic import context

from kb.database import Database
from kb.models import Table

database = Database(context.config.get_main_option("sqlalchemy.url") or "")
with database.engine.execution_options(kb_write=True).connect() as connection:
    if connection.dialect.name == "sqlite":
        # Rebuilding a table drops the old one; with foreign keys on, that would empty what refers to it.
        connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"rows refer to nothing after the migration: {broken[:5]}")
database.close()
