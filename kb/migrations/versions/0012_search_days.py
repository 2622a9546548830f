"""search days"""

from alembic import op
import sqlalchemy as sa
import kb.models.table

revision = '0012'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('search_days',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('starts_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('ends_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('events', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('ends_at > starts_at', name=op.f('ck_search_days_not_empty')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_days')),
    sa.UniqueConstraint('starts_at', name=op.f('uq_search_days_starts_at'))
    )


def downgrade() -> None:
    op.drop_table('search_days')
