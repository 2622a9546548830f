"""Alembic scripts that ship inside the package."""
