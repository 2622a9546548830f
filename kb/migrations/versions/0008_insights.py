"""insights"""

from alembic import op
import sqlalchemy as sa
import kb.models.table

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('searches', schema=None) as batch_op:
        batch_op.add_column(sa.Column('opened_after_ms', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('is_reformulation', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index('ix_searches_figures', ['searched_at', 'person_id', 'total', 'opened_rank', 'opened_after_ms', 'is_reformulation', 'folded'], unique=False)

    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.add_column(sa.Column('feed_hash', sa.String(length=64), nullable=True))
        batch_op.create_unique_constraint(batch_op.f('uq_people_feed_hash'), ['feed_hash'])


def downgrade() -> None:
    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_people_feed_hash'), type_='unique')
        batch_op.drop_column('feed_hash')

    with op.batch_alter_table('searches', schema=None) as batch_op:
        batch_op.drop_index('ix_searches_figures')
        batch_op.drop_column('is_reformulation')
        batch_op.drop_column('opened_after_ms')
