"""Alembic environment: runs migrations in one transaction on SQLite and PostgreSQL alike."""

from alembic import context

from kb.database import Database
from kb.models import Table

database = Database(context.config.get_main_option("sqlalchemy.url") or "")
with database.engine.execution_options(kb_write=True).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
database.close()
