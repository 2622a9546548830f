"""publishing: drafts, reviews, withdrawal per revision, tokens for programs"""

from alembic import op
import sqlalchemy as sa
import kb.models.table

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

STATES = ('state', "state IN ('draft','in_review','returned','approved','discarded')")
OLD_STATES = ('state', "state IN ('draft','in_review','returned','approved')")
SUBMITTER = (
    'submitter_is_not_approver',
    'submitted_by_id IS NULL OR approver_id IS NULL OR submitted_by_id <> approver_id',
)


def upgrade() -> None:
    op.create_table('api_tokens',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('scopes', sa.String(length=200), nullable=False),
    sa.Column('created_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('expires_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('last_used_at', kb.models.table.Instant(timezone=True), nullable=True),
    sa.Column('revoked_at', kb.models.table.Instant(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_api_tokens_person_id_people'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_tokens')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_api_tokens_token_hash'))
    )
    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_tokens_person_id'), ['person_id'], unique=False)

    op.create_table('idempotent_answers',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('token_id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('request_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('headers', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['token_id'], ['api_tokens.id'], name=op.f('fk_idempotent_answers_token_id_api_tokens'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_idempotent_answers')),
    sa.UniqueConstraint('token_id', 'key', name=op.f('uq_idempotent_answers_token_id'))
    )
    with op.batch_alter_table('idempotent_answers', schema=None) as batch_op:
        batch_op.create_index('ix_idempotent_answers_created_at', ['created_at'], unique=False)

    op.create_table('autosaves',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('based_version', sa.Integer(), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('saved_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_autosaves_person_id_people'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_autosaves_revision_id_revisions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_autosaves')),
    sa.UniqueConstraint('revision_id', 'person_id', name=op.f('uq_autosaves_revision_id'))
    )
    with op.batch_alter_table('autosaves', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_autosaves_person_id'), ['person_id'], unique=False)

    op.create_table('reviews',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=400), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.CheckConstraint("action IN ('submitted','recalled','returned','approved','withdrawn','broken_glass')", name=op.f('ck_reviews_action')),
    sa.ForeignKeyConstraint(['actor_id'], ['people.id'], name=op.f('fk_reviews_actor_id_people')),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_reviews_revision_id_revisions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reviews'))
    )
    with op.batch_alter_table('reviews', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reviews_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_reviews_revision_id'), ['revision_id'], unique=False)

    op.create_table('revision_contributors',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('first_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_revision_contributors_person_id_people')),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_revision_contributors_revision_id_revisions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revision_contributors')),
    sa.UniqueConstraint('revision_id', 'person_id', name=op.f('uq_revision_contributors_revision_id'))
    )
    with op.batch_alter_table('revision_contributors', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_revision_contributors_person_id'), ['person_id'], unique=False)

    with op.batch_alter_table('articles', schema=None) as batch_op:
        batch_op.add_column(sa.Column('withdrawn_reason', sa.String(length=400), server_default='', nullable=False))
        batch_op.add_column(sa.Column('responsible_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('review_interval_days', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('review_due_at', kb.models.table.Instant(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f('ix_articles_review_due_at'), ['review_due_at'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_articles_responsible_id_people'), 'people', ['responsible_id'], ['id'])

    with op.batch_alter_table('revisions', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('ck_revisions_state'), type_='check')
        batch_op.add_column(sa.Column('text_hash', sa.String(length=64), server_default='', nullable=False))
        batch_op.add_column(sa.Column('lock_version', sa.Integer(), server_default='1', nullable=False))
        batch_op.add_column(sa.Column('based_on_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('restored_from_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('new_node_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('new_owner_department_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('new_audience_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('changes_audience', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('new_access_key', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('replaces_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('saved_at', kb.models.table.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('saved_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('submitted_at', kb.models.table.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('submitted_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('decided_at', kb.models.table.Instant(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('broken_glass_by_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('withdrawn_at', kb.models.table.Instant(timezone=True), nullable=True))
        batch_op.create_index('ix_revisions_state', ['state', 'submitted_at'], unique=False)
        batch_op.create_index('uq_revisions_one_open', ['article_id'], unique=True, sqlite_where=sa.text("state IN ('draft','in_review','returned')"), postgresql_where=sa.text("state IN ('draft','in_review','returned')"))
        batch_op.create_foreign_key(batch_op.f('fk_revisions_broken_glass_by_id_people'), 'people', ['broken_glass_by_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_revisions_restored_from_id_revisions'), 'revisions', ['restored_from_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_revisions_new_audience_id_audiences'), 'audiences', ['new_audience_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_revisions_submitted_by_id_people'), 'people', ['submitted_by_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_revisions_saved_by_id_people'), 'people', ['saved_by_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_revisions_new_owner_department_id_departments'), 'departments', ['new_owner_department_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_revisions_based_on_id_revisions'), 'revisions', ['based_on_id'], ['id'])
        batch_op.create_foreign_key(batch_op.f('fk_revisions_new_node_id_nodes'), 'nodes', ['new_node_id'], ['id'])
        for name, rule in (STATES, SUBMITTER):
            batch_op.create_check_constraint(op.f(f'ck_revisions_{name}'), rule)

    # Until now the hash of the text was the whole hash, and an article was withdrawn as a whole.
    op.execute('UPDATE revisions SET text_hash = content_hash')
    op.execute(
        "UPDATE revisions SET withdrawn_at = (SELECT withdrawn_at FROM articles"
        " WHERE articles.id = revisions.article_id) WHERE state = 'approved'"
    )


def downgrade() -> None:
    op.execute("UPDATE revisions SET state = 'draft' WHERE state = 'discarded'")
    with op.batch_alter_table('revisions', schema=None) as batch_op:
        for name, _rule in (STATES, SUBMITTER):
            batch_op.drop_constraint(op.f(f'ck_revisions_{name}'), type_='check')
        batch_op.create_check_constraint(op.f('ck_revisions_state'), OLD_STATES[1])
        batch_op.drop_constraint(batch_op.f('fk_revisions_new_node_id_nodes'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_revisions_based_on_id_revisions'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_revisions_new_owner_department_id_departments'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_revisions_saved_by_id_people'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_revisions_submitted_by_id_people'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_revisions_new_audience_id_audiences'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_revisions_restored_from_id_revisions'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('fk_revisions_broken_glass_by_id_people'), type_='foreignkey')
        batch_op.drop_index('uq_revisions_one_open', sqlite_where=sa.text("state IN ('draft','in_review','returned')"), postgresql_where=sa.text("state IN ('draft','in_review','returned')"))
        batch_op.drop_index('ix_revisions_state')
        batch_op.drop_column('withdrawn_at')
        batch_op.drop_column('broken_glass_by_id')
        batch_op.drop_column('decided_at')
        batch_op.drop_column('submitted_by_id')
        batch_op.drop_column('submitted_at')
        batch_op.drop_column('saved_by_id')
        batch_op.drop_column('saved_at')
        batch_op.drop_column('replaces_id')
        batch_op.drop_column('new_access_key')
        batch_op.drop_column('changes_audience')
        batch_op.drop_column('new_audience_id')
        batch_op.drop_column('new_owner_department_id')
        batch_op.drop_column('new_node_id')
        batch_op.drop_column('restored_from_id')
        batch_op.drop_column('based_on_id')
        batch_op.drop_column('lock_version')
        batch_op.drop_column('text_hash')

    with op.batch_alter_table('articles', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_articles_responsible_id_people'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_articles_review_due_at'))
        batch_op.drop_column('review_due_at')
        batch_op.drop_column('review_interval_days')
        batch_op.drop_column('responsible_id')
        batch_op.drop_column('withdrawn_reason')

    with op.batch_alter_table('revision_contributors', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_revision_contributors_person_id'))

    op.drop_table('revision_contributors')
    with op.batch_alter_table('reviews', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reviews_revision_id'))
        batch_op.drop_index(batch_op.f('ix_reviews_actor_id'))

    op.drop_table('reviews')
    with op.batch_alter_table('autosaves', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_autosaves_person_id'))

    op.drop_table('autosaves')
    with op.batch_alter_table('idempotent_answers', schema=None) as batch_op:
        batch_op.drop_index('ix_idempotent_answers_created_at')

    op.drop_table('idempotent_answers')
    with op.batch_alter_table('api_tokens', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_api_tokens_person_id'))

    op.drop_table('api_tokens')
