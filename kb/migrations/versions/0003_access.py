"""access"""

from alembic import op
import sqlalchemy as sa
import kb.models.table

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('node_grants',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('node_id', sa.Integer(), nullable=False),
    sa.Column('permission', sa.String(length=32), nullable=False),
    sa.Column('department_id', sa.Integer(), nullable=True),
    sa.Column('role', sa.String(length=16), nullable=True),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("permission IN ('article:write','article:approve','comment:moderate')", name=op.f('ck_node_grants_permission')),
    sa.CheckConstraint('department_id IS NOT NULL OR role IS NOT NULL OR person_id IS NOT NULL', name=op.f('ck_node_grants_somebody')),
    sa.ForeignKeyConstraint(['department_id'], ['departments.id'], name=op.f('fk_node_grants_department_id_departments')),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_node_grants_node_id_nodes'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_node_grants_person_id_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_node_grants'))
    )
    with op.batch_alter_table('node_grants', schema=None) as batch_op:
        batch_op.create_index('ix_node_grants_place', ['node_id', 'permission'], unique=False)

    op.create_table('merged_nodes',
    sa.Column('old_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('node_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['node_id'], ['nodes.id'], name=op.f('fk_merged_nodes_node_id_nodes'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('old_id', name=op.f('pk_merged_nodes'))
    )
    with op.batch_alter_table('merged_nodes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_merged_nodes_node_id'), ['node_id'], unique=False)


def downgrade() -> None:
    op.drop_table('merged_nodes')
    op.drop_table('node_grants')
