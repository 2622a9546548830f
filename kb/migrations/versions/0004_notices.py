"""notices: notifications, webhooks, announcements and acknowledgements, review dates, copies"""

from alembic import op
import sqlalchemy as sa
import kb.models.table

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('webhooks',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.Column('events', sa.String(length=1000), nullable=False),
    sa.Column('secret', sa.String(length=80), nullable=False),
    sa.Column('previous_secret', sa.String(length=80), nullable=False),
    sa.Column('previous_until', kb.models.table.Instant(timezone=True), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('disabled_reason', sa.String(length=400), nullable=False),
    sa.Column('failing_since', kb.models.table.Instant(timezone=True), nullable=True),
    sa.Column('created_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhooks'))
    )
    op.create_table('webhook_deliveries',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('webhook_id', sa.Integer(), nullable=False),
    sa.Column('message_id', sa.String(length=40), nullable=False),
    sa.Column('event', sa.String(length=60), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('created_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('next_attempt_at', kb.models.table.Instant(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('waiting','delivered','failed')", name=op.f('ck_webhook_deliveries_state')),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhooks.id'], name=op.f('fk_webhook_deliveries_webhook_id_webhooks'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_deliveries'))
    )
    with op.batch_alter_table('webhook_deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_deliveries_due', ['state', 'next_attempt_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_webhook_deliveries_webhook_id'), ['webhook_id'], unique=False)

    op.create_table('department_leads',
    sa.Column('department_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['department_id'], ['departments.id'], name=op.f('fk_department_leads_department_id_departments'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_department_leads_person_id_people'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('department_id', 'person_id', name=op.f('pk_department_leads'))
    )
    op.create_table('webhook_attempts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.Integer(), nullable=False),
    sa.Column('at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('took_ms', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['webhook_deliveries.id'], name=op.f('fk_webhook_attempts_delivery_id_webhook_deliveries'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_attempts'))
    )
    with op.batch_alter_table('webhook_attempts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_attempts_delivery_id'), ['delivery_id'], unique=False)

    op.create_table('announcements',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=True),
    sa.Column('audience_id', sa.Integer(), nullable=True),
    sa.Column('department_id', sa.Integer(), nullable=True),
    sa.Column('role', sa.String(length=16), nullable=True),
    sa.Column('is_required', sa.Boolean(), nullable=False),
    sa.Column('is_pinned', sa.Boolean(), nullable=False),
    sa.Column('owner_department_id', sa.Integer(), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('published_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('due_at', kb.models.table.Instant(timezone=True), nullable=True),
    sa.Column('withdrawn_at', kb.models.table.Instant(timezone=True), nullable=True),
    sa.CheckConstraint("role IS NULL OR role IN ('agent','publisher','reviewer','manager','admin')", name=op.f('ck_announcements_role')),
    sa.CheckConstraint('NOT is_required OR due_at IS NOT NULL', name=op.f('ck_announcements_required_has_due')),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_announcements_article_id_articles'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['audience_id'], ['audiences.id'], name=op.f('fk_announcements_audience_id_audiences')),
    sa.ForeignKeyConstraint(['author_id'], ['people.id'], name=op.f('fk_announcements_author_id_people')),
    sa.ForeignKeyConstraint(['department_id'], ['departments.id'], name=op.f('fk_announcements_department_id_departments')),
    sa.ForeignKeyConstraint(['owner_department_id'], ['departments.id'], name=op.f('fk_announcements_owner_department_id_departments')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_announcements'))
    )
    with op.batch_alter_table('announcements', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_announcements_article_id'), ['article_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_announcements_published_at'), ['published_at'], unique=False)

    op.create_table('notifications',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('subject', sa.String(length=400), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.Column('created_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('read_at', kb.models.table.Instant(timezone=True), nullable=True),
    sa.Column('once_key', sa.String(length=120), nullable=True),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_notifications_article_id_articles'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_notifications_person_id_people'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notifications'))
    )
    with op.batch_alter_table('notifications', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notifications_article_id'), ['article_id'], unique=False)
        batch_op.create_index('ix_notifications_person', ['person_id', 'read_at', 'id'], unique=False)
        batch_op.create_index('uq_notifications_once', ['person_id', 'once_key'], unique=True)

    op.create_table('announcement_texts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('announcement_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('is_material', sa.Boolean(), nullable=False),
    sa.Column('change_summary', sa.String(length=400), nullable=False),
    sa.Column('author_id', sa.Integer(), nullable=False),
    sa.Column('created_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['announcement_id'], ['announcements.id'], name=op.f('fk_announcement_texts_announcement_id_announcements'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['author_id'], ['people.id'], name=op.f('fk_announcement_texts_author_id_people')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_announcement_texts')),
    sa.UniqueConstraint('announcement_id', 'number', name=op.f('uq_announcement_texts_announcement_id'))
    )
    op.create_table('copies',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('block', sa.Integer(), nullable=True),
    sa.Column('text_hash', sa.String(length=64), nullable=False),
    sa.Column('token', sa.String(length=64), nullable=False),
    sa.Column('call_id', sa.String(length=64), nullable=False),
    sa.Column('copied_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_copies_article_id_articles'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_copies_person_id_people'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_copies_revision_id_revisions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_copies')),
    sa.UniqueConstraint('token', name=op.f('uq_copies_token'))
    )
    with op.batch_alter_table('copies', schema=None) as batch_op:
        batch_op.create_index('ix_copies_article', ['article_id', 'copied_at'], unique=False)
        batch_op.create_index('ix_copies_call', ['call_id', 'copied_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_copies_copied_at'), ['copied_at'], unique=False)
        batch_op.create_index('ix_copies_person', ['person_id', 'copied_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_copies_revision_id'), ['revision_id'], unique=False)

    op.create_table('material_marks',
    sa.Column('revision_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('is_material', sa.Boolean(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=True),
    sa.Column('marked_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_material_marks_person_id_people')),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_material_marks_revision_id_revisions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('revision_id', name=op.f('pk_material_marks'))
    )
    op.create_table('review_checks',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('article_id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('note', sa.String(length=400), nullable=False),
    sa.Column('checked_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.Column('next_due_at', kb.models.table.Instant(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['article_id'], ['articles.id'], name=op.f('fk_review_checks_article_id_articles'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_review_checks_person_id_people')),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_review_checks_revision_id_revisions'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review_checks'))
    )
    with op.batch_alter_table('review_checks', schema=None) as batch_op:
        batch_op.create_index('ix_review_checks_article', ['article_id', 'checked_at'], unique=False)

    op.create_table('acknowledgements',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('announcement_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('revision_id', sa.Integer(), nullable=True),
    sa.Column('text_id', sa.Integer(), nullable=True),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('acknowledged_at', kb.models.table.Instant(timezone=True), nullable=False),
    sa.CheckConstraint('(revision_id IS NULL) <> (text_id IS NULL)', name=op.f('ck_acknowledgements_one_version')),
    sa.ForeignKeyConstraint(['announcement_id'], ['announcements.id'], name=op.f('fk_acknowledgements_announcement_id_announcements'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['people.id'], name=op.f('fk_acknowledgements_person_id_people'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['revision_id'], ['revisions.id'], name=op.f('fk_acknowledgements_revision_id_revisions'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['text_id'], ['announcement_texts.id'], name=op.f('fk_acknowledgements_text_id_announcement_texts'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_acknowledgements'))
    )
    with op.batch_alter_table('acknowledgements', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_acknowledgements_person_id'), ['person_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_acknowledgements_revision_id'), ['revision_id'], unique=False)
        batch_op.create_index('uq_acknowledgements_revision', ['announcement_id', 'person_id', 'revision_id'], unique=True)
        batch_op.create_index('uq_acknowledgements_text', ['announcement_id', 'person_id', 'text_id'], unique=True)


def downgrade() -> None:
    with op.batch_alter_table('acknowledgements', schema=None) as batch_op:
        batch_op.drop_index('uq_acknowledgements_text')
        batch_op.drop_index('uq_acknowledgements_revision')
        batch_op.drop_index(batch_op.f('ix_acknowledgements_revision_id'))
        batch_op.drop_index(batch_op.f('ix_acknowledgements_person_id'))

    op.drop_table('acknowledgements')
    with op.batch_alter_table('review_checks', schema=None) as batch_op:
        batch_op.drop_index('ix_review_checks_article')

    op.drop_table('review_checks')
    op.drop_table('material_marks')
    with op.batch_alter_table('copies', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_copies_revision_id'))
        batch_op.drop_index('ix_copies_person')
        batch_op.drop_index(batch_op.f('ix_copies_copied_at'))
        batch_op.drop_index('ix_copies_call')
        batch_op.drop_index('ix_copies_article')

    op.drop_table('copies')
    op.drop_table('announcement_texts')
    with op.batch_alter_table('notifications', schema=None) as batch_op:
        batch_op.drop_index('uq_notifications_once')
        batch_op.drop_index('ix_notifications_person')
        batch_op.drop_index(batch_op.f('ix_notifications_article_id'))

    op.drop_table('notifications')
    with op.batch_alter_table('announcements', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_announcements_published_at'))
        batch_op.drop_index(batch_op.f('ix_announcements_article_id'))

    op.drop_table('announcements')
    with op.batch_alter_table('webhook_attempts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_webhook_attempts_delivery_id'))

    op.drop_table('webhook_attempts')
    op.drop_table('department_leads')
    with op.batch_alter_table('webhook_deliveries', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_webhook_deliveries_webhook_id'))
        batch_op.drop_index('ix_webhook_deliveries_due')

    op.drop_table('webhook_deliveries')
    op.drop_table('webhooks')
