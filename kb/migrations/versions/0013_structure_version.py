"""structure version"""

from alembic import op
import sqlalchemy as sa

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table('structure_version',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('value', sa.Integer(), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_structure_version_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_structure_version'))
    )
    op.bulk_insert(table, [{'id': 1, 'value': 1}])
    with op.batch_alter_table('views', schema=None) as batch_op:
        batch_op.create_index('ix_views_counted', ['article_id', 'counts'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('views', schema=None) as batch_op:
        batch_op.drop_index('ix_views_counted')

    op.drop_table('structure_version')
